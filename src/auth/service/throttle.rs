//! How often a source or an account may ask for what costs us a mail or a hash, whoever it says it is (A39). A source is an address, or
//! a /64 of IPv6, since one customer is given so many.

use std::net::{IpAddr, Ipv6Addr};

use chrono::Duration;

use crate::auth::{ROLE, store};
use crate::platform::config::TryLimit;
use crate::platform::db::{Db, Origin, Tx};
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

    /// Passwords and shapes shown by a source.
    fn guesses_of_source(limit: TryLimit) -> Self {
        let burst = i32::try_from(limit.burst).unwrap_or(i32::MAX);
        let pause = Duration::from_std(limit.refill).unwrap_or(Duration::seconds(6));
        Self::new("log_in", burst, pause)
    }

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
        Ok(next.map(|next| seconds_until(next - now)))
    }
}

/// Counts a guess of the source of a request, before a name is looked at or a password hashed: so a source cannot lock anybody out
/// faster than it may guess (A40). The system itself and a limit that is off always pass.
///
/// # Errors
/// 429 when there is no try left; those of the database.
pub(in crate::auth) async fn count_guess(
    db: &Db,
    origin: &Origin,
    limit: Option<TryLimit>,
) -> AppResult<()> {
    let Some((throttle, source)) = guess_of(origin, limit) else {
        return Ok(());
    };
    let early = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| throttle.count(tx, &source))
        .await?;
    early.map_or(Ok(()), |seconds| Err(too_early(seconds)))
}

/// Takes the count back: it was no guess.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn forget_guess(
    db: &Db,
    origin: &Origin,
    limit: Option<TryLimit>,
) -> AppResult<()> {
    let Some((throttle, source)) = guess_of(origin, limit) else {
        return Ok(());
    };
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        store::release_request(tx.conn(), throttle.kind, &source, throttle.pause)
    })
    .await
}

fn guess_of(origin: &Origin, limit: Option<TryLimit>) -> Option<(Throttle, String)> {
    let source = bucket_of(origin.address.as_deref()?);
    Some((Throttle::guesses_of_source(limit?), source))
}

/// Whole seconds, and at least one.
fn seconds_until(wait: Duration) -> u32 {
    let seconds = (wait.num_milliseconds() + 999) / 1_000;
    u32::try_from(seconds).unwrap_or(1).max(1)
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

/// The source that an address is counted with.
fn bucket_of(address: &str) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V6(address)) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a39_addresses_of_one_customer_are_one_source() {
        for (address, source) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("nonsense", "unknown"),
        ] {
            assert_eq!(bucket_of(address), source);
        }
    }
}
