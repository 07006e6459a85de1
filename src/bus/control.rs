//! Stopping and starting subscribers: pause with named holders, breaker, rewind, retire.
//!
//! Each takes the cursor's row lock first, so it waits for the step in hand, and no step begins before it has committed.

use std::fmt;

use chrono::Duration;
use serde_json::json;

use super::{ROLE, store};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// Items that may fail for the first time within [`BREAKER_WINDOW`] before the breaker pauses their subscriber.
const BREAKER_LIMIT: i64 = 20;

const BREAKER_WINDOW: Duration = Duration::seconds(60);

/// On whose behalf a subscriber is paused. It runs again when the last holder has let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person, by name.
    Operator(String),
    /// A deployment under way.
    Deploy,
    /// Too many failures in a short time.
    Breaker,
    /// A projection that is being built again.
    Rebuild,
}

impl Holder {
    /// The holder of a name as [`fmt::Display`] writes it; any other name is a person's.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "deploy" => Self::Deploy,
            "breaker" => Self::Breaker,
            "rebuild" => Self::Rebuild,
            person => Self::Operator(
                person
                    .strip_prefix("operator:")
                    .unwrap_or(person)
                    .to_owned(),
            ),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Deploy => f.write_str("deploy"),
            Self::Breaker => f.write_str("breaker"),
            Self::Rebuild => f.write_str("rebuild"),
        }
    }
}

/// Pauses a subscriber for a holder: when this returns, nothing of it runs and nothing will start until every holder has let go.
/// Events wait; publishing goes on. A holder that holds already changes nothing.
///
/// # Errors
/// 404 for an unknown name, 422 without a reason, 503 when the step in hand takes too long.
pub fn pause(db: &Db, name: &str, holder: &Holder, reason: &str, origin: Origin) -> AppResult<()> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(AppError::field("reason", "field-required"));
    }
    db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        store::hold_cursor(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        hold(tx, name, holder, reason)
    })
}

/// Writes down a holder. The cursor is locked.
pub(super) fn hold(tx: &mut Tx<'_>, name: &str, holder: &Holder, reason: &str) -> AppResult<()> {
    let (now, actor, holder) = (tx.now, tx.origin.actor, holder.to_string());
    if !store::insert_pause(tx.conn(), name, &holder, reason, actor, now)? {
        return Ok(());
    }
    store::update_paused(tx.conn(), name)?;
    tx.audit(
        "bus.paused",
        None,
        &json!({ "subscriber": name, "holder": holder, "reason": reason }),
    )
}

/// Lets one holder of a subscriber go; when it was the last one, the subscriber goes on where it stopped.
///
/// # Errors
/// 404 for an unknown name, or when that holder does not hold it.
pub fn resume(db: &Db, name: &str, holder: &Holder, origin: Origin) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        store::hold_cursor(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        release(tx, name, holder)
    })?;
    db.wake().notify();
    Ok(())
}

/// Lets a holder go. The cursor is locked.
pub(super) fn release(tx: &mut Tx<'_>, name: &str, holder: &Holder) -> AppResult<()> {
    let holder = holder.to_string();
    if !store::delete_pause(tx.conn(), name, &holder)? {
        return Err(AppError::NotFound);
    }
    store::update_paused(tx.conn(), name)?;
    tx.audit(
        "bus.resumed",
        None,
        &json!({ "subscriber": name, "holder": holder }),
    )
}

/// Pauses a subscriber of which too many items have failed of late: one broken release must not park everything there is.
pub(super) fn trip_breaker(tx: &mut Tx<'_>, name: &str) -> AppResult<()> {
    let since = tx.now - BREAKER_WINDOW;
    let failed = store::count_failed_since(tx.conn(), name, since)?;
    if failed <= BREAKER_LIMIT {
        return Ok(());
    }
    tracing::error!(
        subscriber = name,
        failed,
        "too many events failed within a minute: the subscriber is paused"
    );
    let reason = format!("{failed} events failed within a minute");
    hold(tx, name, &Holder::Breaker, &reason)
}

/// Sets a paused subscriber back to a number of the log, so that it hears everything behind it again. What was skipped stays
/// skipped.
///
/// # Errors
/// 404 for an unknown name; a conflict while it runs, or when it is not safe against repetition; 422 for a number ahead of it.
pub fn rewind(db: &Db, name: &str, seq: i64, origin: Origin) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        let cursor = store::hold_cursor(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        if !cursor.paused {
            return Err(AppError::conflict("bus-not-paused"));
        }
        if !cursor.repeatable {
            return Err(AppError::conflict("bus-not-repeatable"));
        }
        if !(0..=cursor.position).contains(&seq) {
            return Err(AppError::field("seq", "bus-seq-ahead"));
        }
        store::update_position(tx.conn(), name, seq)?;
        tx.audit(
            "bus.rewound",
            None,
            &json!({ "subscriber": name, "from": cursor.position, "to": seq }),
        )
    })
}

/// Ends a paused subscriber for good: nobody waits for it any more.
///
/// # Errors
/// 404 for an unknown name; a conflict while it runs.
pub fn retire(db: &Db, name: &str, origin: Origin) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        let cursor = store::hold_cursor(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        if !cursor.paused {
            return Err(AppError::conflict("bus-not-paused"));
        }
        let now = tx.now;
        store::update_retired(tx.conn(), name, now)?;
        tx.audit(
            "bus.retired",
            None,
            &json!({ "subscriber": name, "position": cursor.position }),
        )
    })
}
