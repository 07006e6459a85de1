//! Passkeys (WebAuthn): something one has, opened by something one knows or is. So a passkey is both factors at once.
//!
//! The authenticator signs for one relying party and one origin. Both come from the configured address alone, never from what a
//! request says of itself.

mod making;
mod showing;

use chrono::Duration;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::register::UserHandle16;
use webauthn_rp::request::{AsciiDomain, RpId};
use webauthn_rp::response::SentChallenge;

use uuid::Uuid;

use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};

pub(in crate::auth) use making::{begin_passkey, finish_passkey, remove_passkey};
pub(in crate::auth) use showing::{begin_passkey_log_in, log_in_with_passkey};

/// How long an authenticator may take to answer.
const LIFE: Duration = Duration::minutes(5);

/// For whom authenticators sign.
struct Party {
    id: RpId,
    origin: String,
}

impl Party {
    /// The party of the configured address; conflict when that has no name but a number, for which browsers have no passkeys.
    fn of(config: &Config) -> AppResult<Self> {
        let name = match config.base_url.host() {
            Some(url::Host::Domain(name)) => AsciiDomain::try_from(name.to_owned()).ok(),
            _ => None,
        };
        let name = name.ok_or_else(|| AppError::conflict("error-passkeys-need-name"))?;
        Ok(Self {
            id: RpId::Domain(name),
            origin: config.base_url.origin().ascii_serialization(),
        })
    }
}

/// Whether people can have passkeys here: the configured address has a name.
pub(in crate::auth) fn passkeys_work(config: &Config) -> bool {
    Party::of(config).is_ok()
}

/// Somebody as authenticators know them.
fn handle_of(user: Uuid) -> AppResult<UserHandle16> {
    UserHandle16::decode(*user.as_bytes()).map_err(|error| AppError::Internal(Box::new(error)))
}

/// A challenge as the key of its row.
fn key_of(challenge: &SentChallenge) -> [u8; 16] {
    challenge.0.to_be_bytes()
}

/// What is stored of something that the library keeps.
fn stored<T: Encode>(what: &T) -> AppResult<T::Output<'_>> {
    what.encode()
        .map_err(|_| AppError::internal("a passkey cannot be written"))
}
