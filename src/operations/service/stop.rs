//! The emergency stop as people set and release it (R14).

use crate::auth::{self, Actor, Operation, PasswordGate};
use crate::operations::ROLE;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::stop::{self, NewStop, Stop};

/// Letters of a reason: at least so many, and at most.
pub(in crate::operations) const REASON: std::ops::RangeInclusive<usize> = 10..=500;

/// Who a stop is by that was set on the command line.
const COMMAND_LINE: &str = "command line";

/// Sets the emergency stop in the name of a person, whose password is checked when it is given. When this comes back, no money is
/// written any more in any process.
///
/// # Errors
/// Forbidden; 422 for a reason that is too short or too long, or a wrong password; conflict when it is set already; 503 when somebody
/// still writes money after a minute, though it is set then.
pub(in crate::operations) async fn stop(
    db: &Db,
    gate: &PasswordGate,
    actor: &Actor,
    origin: Origin,
    reason: &str,
    password: Option<String>,
) -> AppResult<()> {
    actor.allow(Operation::Operate)?;
    let reason = checked(reason)?.to_owned();
    if let Some(password) = password {
        auth::confirm_password(db, gate, &origin, actor.id, password).await?;
    }
    let (db, by) = (db.clone(), actor.name.clone());
    tokio::task::spawn_blocking(move || set(&db, origin, &by, &reason))
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}

/// Sets the emergency stop on behalf of whoever has the command line of the host.
///
/// # Errors
/// As for a person.
pub fn stop_from_host(db: &Db, reason: &str) -> AppResult<()> {
    set(db, Origin::system(), COMMAND_LINE, reason)
}

fn set(db: &Db, origin: Origin, by: &str, reason: &str) -> AppResult<()> {
    let reason = checked(reason)?;
    let new = NewStop {
        reason,
        check_number: None,
        findings: &[],
        by,
    };
    if !set_and_drain(db, origin, &new)? {
        return Err(AppError::conflict("error-stop-already-set"));
    }
    Ok(())
}

/// Sets the stop and waits until nobody writes money any more; false when it was set already.
///
/// # Errors
/// Those of the database; 503 when somebody still writes after a minute.
pub(in crate::operations) fn set_and_drain(
    db: &Db,
    origin: Origin,
    new: &NewStop<'_>,
) -> AppResult<bool> {
    let is_new =
        db.transaction_even_stopped_blocking(Lane::Worker, ROLE, origin, |tx| stop::set(tx, new))?;
    if is_new {
        tracing::error!(
            reason = new.reason,
            by = new.by,
            check = new.check_number,
            "the emergency stop is set: nothing changes until an administrator releases it"
        );
    }
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        stop::drain(tx.conn())
    })
    .map_err(|error| {
        tracing::error!(error = %error, "the emergency stop is set, but somebody still writes");
        AppError::Unavailable {
            message: "error-stop-still-writing".into(),
            retry_after: 5,
        }
    })?;
    Ok(is_new)
}

/// Releases the emergency stop: an administrator alone, who gives the password again and a reason (M22, A67).
///
/// # Errors
/// Forbidden; 422 for a wrong password or a reason that does not do; 429 after failures; conflict when no stop is set.
pub async fn release(
    db: &Db,
    gate: &PasswordGate,
    actor: &Actor,
    origin: Origin,
    reason: &str,
    password: String,
) -> AppResult<Stop> {
    actor.allow(Operation::Operate)?;
    let reason = checked(reason)?.to_owned();
    auth::confirm_password(db, gate, &origin, actor.id, password).await?;
    let by = actor.name.clone();
    let released = db
        .transaction_even_stopped(ROLE, origin, move |tx| {
            let released = stop::release(tx, &by, &reason)?
                .ok_or_else(|| AppError::conflict("error-stop-not-set"))?;
            tracing::warn!(by, reason, "the emergency stop is released");
            Ok(released)
        })
        .await?;
    Ok(released)
}

/// A reason without the space around it.
fn checked(reason: &str) -> AppResult<&str> {
    let reason = reason.trim();
    if REASON.contains(&reason.chars().count()) {
        return Ok(reason);
    }
    Err(AppError::field("reason", "field-stop-reason"))
}
