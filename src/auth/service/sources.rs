//! How often one source may try, whoever it says it is (A39): a bucket for each address, and for each /64 of IPv6, since one
//! customer is given so many.

use std::net::{IpAddr, Ipv6Addr};

use chrono::Duration;

use crate::auth::{ROLE, store};
use crate::platform::config::TryLimit;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult, Message};

/// The act whose tries are counted: to show a password.
const LOG_IN: &str = "log_in";

/// Takes a try of the source of a request, before a name is looked at or a password hashed: so a source cannot lock anybody out
/// faster than it may guess (A40). The system itself and a limit that is off always pass.
///
/// # Errors
/// 429 when there is no try left; those of the database.
pub(in crate::auth) async fn take_try(
    db: &Db,
    origin: &Origin,
    limit: Option<TryLimit>,
) -> AppResult<()> {
    let (Some(limit), Some(source)) = (limit, source_of(origin)) else {
        return Ok(());
    };
    let refill = refill_of(limit);
    let state = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| {
            let now = tx.now;
            store::take_try(tx.conn(), LOG_IN, &source, limit.burst, refill, now)
        })
        .await?;
    if state.admitted {
        return Ok(());
    }
    let rest = refill * i32::try_from(limit.burst - 1).unwrap_or(i32::MAX);
    let wait = state.spent_until - rest - db.clock().now();
    let seconds = u32::try_from((wait.num_milliseconds() + 999) / 1_000)
        .unwrap_or(1)
        .max(1);
    Err(AppError::TooManyRequests {
        message: Message::new("error-log-in-throttled").with("seconds", seconds),
        retry_after: seconds,
    })
}

/// Puts the try back: it was no guess.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn give_back_try(
    db: &Db,
    origin: &Origin,
    limit: Option<TryLimit>,
) -> AppResult<()> {
    let (Some(limit), Some(source)) = (limit, source_of(origin)) else {
        return Ok(());
    };
    let refill = refill_of(limit);
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        store::give_back_try(tx.conn(), LOG_IN, &source, refill)
    })
    .await
}

fn refill_of(limit: TryLimit) -> Duration {
    Duration::from_std(limit.refill).unwrap_or(Duration::seconds(6))
}

fn source_of(origin: &Origin) -> Option<String> {
    origin.address.as_deref().map(bucket_of)
}

/// The source that an address is counted with.
pub(super) fn bucket_of(address: &str) -> String {
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
