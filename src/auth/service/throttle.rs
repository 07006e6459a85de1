//! How often a source or an account may ask for what costs us a mail or a hash.

use chrono::Duration;

use super::sources::bucket_of;
use crate::auth::store;
use crate::platform::db::{Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};

/// Something that may be asked for so often.
#[derive(Clone, Copy, Debug)]
pub(in crate::auth) struct Throttle {
    kind: &'static str,
    burst: i32,
    pause: Duration,
}

impl Throttle {
    /// Links to a new password by source: 3 at once, then 3 an hour.
    pub const RESETS_OF_SOURCE: Self = Self::new("reset_source", 3, Duration::minutes(20));
    /// Links to a new password of one account: 1 an hour, without a word to whoever asks.
    pub const RESETS_OF_ACCOUNT: Self = Self::new("reset_account", 1, Duration::hours(1));
    /// Passwords set by a link, by source: each costs a hash.
    pub const LINKS_OF_SOURCE: Self = Self::new("link_source", 10, Duration::seconds(6));

    /// Registrations by source: 3 at once, then 3 an hour.
    pub const REGISTRATIONS_OF_SOURCE: Self =
        Self::new("registration_source", 3, Duration::minutes(20));
    /// Mails about registrations to one address: 1 an hour, without a word to whoever asks.
    pub const REGISTRATIONS_OF_ADDRESS: Self =
        Self::new("registration_address", 1, Duration::hours(1));
    /// Codes of the first administrator, by source.
    pub const SETUPS_OF_SOURCE: Self = Self::new("setup_source", 10, Duration::seconds(6));

    const fn new(kind: &'static str, burst: i32, pause: Duration) -> Self {
        Self { kind, burst, pause }
    }

    /// Counts a request; tells how many seconds it comes too early, if it does.
    ///
    /// # Errors
    /// Those of the database.
    pub fn count(self, tx: &mut Tx<'_>, subject: &str) -> AppResult<Option<u32>> {
        let now = tx.now;
        let limits = (self.burst, self.pause);
        let next = store::reserve_request(tx.conn(), self.kind, subject, limits, now)?;
        Ok(next.map(|next| u32::try_from((next - now).num_seconds() + 1).unwrap_or(1)))
    }
}

/// 429 for a request that comes too early.
pub(in crate::auth) fn too_early(seconds: u32) -> AppError {
    AppError::TooManyRequests {
        message: Message::new("error-log-in-throttled").with("seconds", seconds),
        retry_after: seconds,
    }
}

/// The source that a request is counted with, as guesses are.
pub(in crate::auth) fn source_of(origin: &Origin) -> String {
    bucket_of(origin.address.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a39_a_household_is_one_source() {
        let source = |address: &str| {
            source_of(&Origin {
                address: Some(address.to_owned()),
                ..Origin::system()
            })
        };
        assert_eq!(source("203.0.113.7"), "203.0.113.7");
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
    }
}
