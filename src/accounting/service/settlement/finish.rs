//! The end of a close.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::JOB;
use super::run::{Run, RunStatus};
use crate::accounting::service::seals::seal_days;
use crate::accounting::store::{self, Totals};
use crate::events::{self, BusinessDayClosed};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::jobs::{self, RunState};

/// Closes a date if every account is settled and no earlier date is left; otherwise says who is left, and what the others were paid.
///
/// # Errors
/// Those of the database.
pub(super) fn close_if_nobody_is_left(tx: &mut Tx<'_>, date: NaiveDate) -> AppResult<Run> {
    let day = store::lock_begun_day(tx.conn(), date)?
        .ok_or_else(|| AppError::internal(format!("the close of {date} has not begun")))?;
    if day.closed {
        return Ok(Run::closed(&day));
    }
    let totals = store::sum_statements(tx.conn(), date)?;
    let held = store::count_held(tx.conn(), date)?;
    let is_first = store::next_unclosed_day(tx.conn(), None)? == Some(date);
    let status = match (day.next_after(), held) {
        (None, 0) if is_first => return close_for_good(tx, date, &totals),
        (None, 1..) => RunStatus::Held(held),
        _ => RunStatus::Running,
    };
    let run = Run {
        business_date: date,
        status,
        people: totals.people,
        total: totals.paid_minor,
    };
    let now = tx.now;
    let (key, words) = (date.to_string(), run.status.to_string());
    jobs::record(tx.conn(), JOB, &key, RunState::Waiting, Some(&words), now)?;
    Ok(run)
}

/// The one place where a date becomes closed. Whatever belongs to a closed date as a whole is written here.
fn close_for_good(tx: &mut Tx<'_>, date: NaiveDate, totals: &Totals) -> AppResult<Run> {
    let now = tx.now;
    let closed = BusinessDayClosed {
        business_date: date,
        fees_minor: totals.fees_minor,
        rewards_minor: totals.rewards_minor,
        paid_minor: totals.paid_minor,
        people: totals.people,
        negative_balances: totals.negative_balances,
    };
    store::close_business_day(tx.conn(), &closed, now)?;
    seal_days(tx)?;
    jobs::record(tx.conn(), JOB, &date.to_string(), RunState::Done, None, now)?;
    let subject = Uuid::new_v5(&Uuid::NAMESPACE_OID, date.to_string().as_bytes());
    events::publish(tx, subject, &closed)?;
    let detail =
        json!({ "business_date": date, "people": closed.people, "paid_minor": closed.paid_minor });
    tx.audit("accounting.day_closed", None, &detail)?;
    tracing::info!(business.date = %date, people = closed.people, "a business date was settled");
    Ok(Run {
        business_date: date,
        status: RunStatus::Done,
        people: closed.people,
        total: closed.paid_minor,
    })
}
