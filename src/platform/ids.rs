//! Typed identifiers: UUIDs of version 7, so that ids sort by the time they were made, and two kinds cannot be mixed up.

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::Uuid;

/// A UUIDv7 made from values, so that time and randomness stay inputs.
pub fn uuid_v7(now: DateTime<Utc>, rng: &mut impl Rng) -> Uuid {
    let mut random = [0_u8; 10];
    rng.fill_bytes(&mut random);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A random id that means nothing: the one-time key of a form, made at the edge.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "made at the edge, where a page is drawn"
)]
pub fn fresh_key() -> Uuid {
    Uuid::new_v4()
}

/// Defines a UUID type of its own for each kind of thing.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id! {
    /// A person's id: a *user* in auth, an *employee* everywhere else (D17).
    UserId
}
id! {
    /// A task's id.
    TaskId
}
id! {
    /// The id of one press of the shuffle.
    ShuffleId
}
id! {
    /// The id of an event.
    EventId
}
