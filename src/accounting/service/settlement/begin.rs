//! The beginning of a close: what counts for the date, and who is held.

use chrono::NaiveDate;
use serde_json::json;

use super::run::{Run, Wait};
use super::{BusinessDay, JOB, LEDGER, conflict, held};
use crate::accounting::store::{self, WaitsFor};
use crate::bus;
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::jobs::{self, RunState};

/// Begins the close of a date: fixes its last event, holds whose events wait for repair, and opens the next date. One that has begun
/// is left as it is. Gives the answer if there is nothing to go on with: the date is closed, or it waits.
///
/// # Errors
/// Conflict for a date that is not over, that never began, or whose turn it is not.
pub(super) fn begin(tx: &mut Tx<'_>, config: &Config, date: NaiveDate) -> AppResult<Option<Run>> {
    let seen = day_that_is_over(tx, config, date)?;
    if seen.closed {
        return Ok(Some(Run::closed(&seen)));
    }
    if !seen.open {
        return Ok(None);
    }
    store::lock_days(tx.conn())?;
    let day = day_that_is_over(tx, config, date)?;
    if !day.open {
        return Ok(day.closed.then(|| Run::closed(&day)));
    }
    if !store::is_turn_of(tx.conn(), date)? {
        return Err(conflict("error-day-before-open", date));
    }
    let (cutoff, waiting) = match barrier(tx, &day)? {
        Ok(passed) => passed,
        Err(for_what) => return wait(tx, date, for_what).map(Some),
    };
    let (now, actor) = (tx.now, tx.origin.actor);
    store::begin_closing(tx.conn(), date, cutoff, actor, now)?;
    store::hold_accounts(tx.conn(), date, &waiting, now)?;
    store::insert_day(tx.conn(), next_day(date), config.zone)?;
    let held = store::count_held(tx.conn(), date)?;
    let detail = json!({ "business_date": date, "cutoff_seq": cutoff, "held": held });
    tx.audit("accounting.day_closing", None, &detail)?;
    tracing::info!(business.date = %date, held, "the close of a business date has begun");
    Ok(None)
}

fn day_that_is_over(tx: &mut Tx<'_>, config: &Config, date: NaiveDate) -> AppResult<BusinessDay> {
    let now = tx.now;
    match store::find_day(tx.conn(), date)? {
        Some(day) if day.closed || now >= day.ends_at => Ok(day),
        None if now >= config.zone.end_of(date) => Err(conflict("error-day-not-open", date)),
        _ => Err(conflict("error-day-not-over", date)),
    }
}

/// The barrier: every event that was recorded before the end of the date is in the ledger, or it is known whose account it concerns.
/// Gives the last of them and those accounts, or what is waited for. Whoever began before the end and has not told of it yet counts for
/// the next date.
fn barrier(tx: &mut Tx<'_>, day: &BusinessDay) -> AppResult<Result<(i64, WaitsFor), Wait>> {
    bus::bound_log(tx.conn(), day.ends_at)?;
    let Some(cutoff) = bus::caught_up_with(tx.conn(), LEDGER, day.ends_at)? else {
        return Ok(Err(Wait::Ledger));
    };
    Ok(held::who_waits(tx, cutoff)?
        .map(|waiting| (cutoff, waiting))
        .ok_or(Wait::Repair))
}

fn wait(tx: &mut Tx<'_>, date: NaiveDate, wait: Wait) -> AppResult<Run> {
    let now = tx.now;
    tracing::warn!(business.date = %date, reason = wait.words(), "a settlement waits");
    jobs::record(
        tx.conn(),
        JOB,
        &date.to_string(),
        RunState::Waiting,
        Some(wait.words()),
        now,
    )?;
    Ok(Run::waiting(date, wait))
}
