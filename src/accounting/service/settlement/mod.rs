//! The settlement of a business date: pay what is above zero, carry debts over, close the date (M25 to M30).

mod run;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::LEDGER;
use super::seals::seal_days;
use crate::accounting::model::{NewTransfer, settle};
use crate::accounting::store::{self, BusinessDay, Line, OpenLedger, Posted, StatementRow};
use crate::auth::{Actor, Operation};
use crate::bus;
use crate::events::{self, BusinessDayClosed, PaymentLogRecordCreated, TransferKind};
use crate::platform::clock::{BusinessZone, next_day};
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::{EventId, UserId};
use crate::platform::jobs::{self, RunState};
use crate::platform::money::Money;

pub use run::{Run, RunStatus, Wait};

/// The job that settles, in the run table; its run key is the business date.
pub(in crate::accounting) const JOB: &str = "accounting.settle";

/// Whether the nightly run settles a date now: its end is past and so is the hour of the payouts after it (M28).
pub(in crate::accounting) fn is_due(config: &Config, date: NaiveDate, now: DateTime<Utc>) -> bool {
    let zone = config.zone;
    now >= zone
        .end_of(date)
        .max(zone.instant_of(next_day(date), config.payout_at))
}

/// Settles a date that is over, or every date that is over in order, as somebody asked (M17, M25); repeating it pays nothing
/// twice (M29). Gives the last run.
///
/// # Errors
/// Forbidden; conflict for a date that is not over, or whose turn it is not.
pub(in crate::accounting) fn pay_to_workers(
    tx: &mut Tx<'_>,
    config: &Config,
    actor: &Actor,
    date: Option<NaiveDate>,
) -> AppResult<Run> {
    actor.allow(Operation::RunPayouts)?;
    if let Some(date) = date {
        return close_day(tx, config, date);
    }
    store::lock_days(tx.conn())?;
    let mut last = store::last_closed_day(tx.conn())?.map(|day| done(&day));
    while let Some(date) =
        store::first_open_day(tx.conn())?.filter(|date| tx.now >= config.zone.end_of(*date))
    {
        let run = close_day(tx, config, date)?;
        let stop = run.status != RunStatus::Done;
        last = Some(run);
        if stop {
            break;
        }
    }
    last.ok_or_else(|| AppError::conflict("error-nothing-to-settle"))
}

/// Settles one date. A date that is settled already answers with its totals; one that waits for events says so.
///
/// # Errors
/// Conflict for a date that is not over, that never began, or that has an open one before it.
pub(in crate::accounting) fn close_day(
    tx: &mut Tx<'_>,
    config: &Config,
    date: NaiveDate,
) -> AppResult<Run> {
    store::lock_days(tx.conn())?;
    let day = match store::find_day(tx.conn(), date)? {
        Some(day) if day.closed => return Ok(done(&day)),
        Some(day) => day,
        None if tx.now < config.zone.end_of(date) => {
            return Err(conflict("error-day-not-over", date));
        }
        None => return Err(conflict("error-day-not-open", date)),
    };
    if store::first_open_day(tx.conn())? != Some(date) {
        return Err(conflict("error-day-before-open", date));
    }
    if tx.now < day.ends_at {
        return Err(conflict("error-day-not-over", date));
    }
    let cutoff = match cutoff_of(tx, &day)? {
        Ok(cutoff) => cutoff,
        Err(for_what) => return wait(tx, date, for_what),
    };
    let lines = store::list_lines(tx.conn(), date)?;
    let rows: Vec<StatementRow> = lines.into_iter().map(statement_of).collect();
    let paid = pay(tx, config.zone, date, &rows)?;
    store::insert_statements(tx.conn(), date, &rows)?;
    store::insert_payouts(tx.conn(), date, &paid)?;
    announce(tx, config, date, &paid)?;
    let totals = totals_of(date, &rows, paid.len());
    finish(tx, config, &totals, cutoff)?;
    Ok(Run {
        business_date: date,
        status: RunStatus::Done,
        people: totals.people,
        total: totals.paid_minor,
    })
}

/// The barrier: every event that was recorded before the end of the date is in the ledger. Gives the last of them, or what is
/// waited for.
fn cutoff_of(tx: &mut Tx<'_>, day: &BusinessDay) -> AppResult<Result<i64, Wait>> {
    let Some(cutoff) = bus::caught_up_with(tx.conn(), LEDGER, day.ends_at)? else {
        return Ok(Err(Wait::Ledger));
    };
    if bus::has_unresolved_before(tx.conn(), LEDGER, cutoff)? {
        return Ok(Err(Wait::Repair));
    }
    Ok(Ok(cutoff))
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
    Ok(Run {
        business_date: date,
        status: RunStatus::Waiting(wait),
        people: 0,
        total: Money::ZERO,
    })
}

fn statement_of(line: Line) -> StatementRow {
    let settled = settle(
        line.opening_minor,
        line.fees_minor,
        line.rewards_minor,
        line.adjustments_minor,
    );
    StatementRow {
        line,
        payout: settled.payout,
        closing: settled.closing,
    }
}

/// Books the payouts, dated on the date itself, each with a reason that follows from date and person.
fn pay(
    tx: &mut Tx<'_>,
    zone: BusinessZone,
    date: NaiveDate,
    rows: &[StatementRow],
) -> AppResult<Vec<Posted>> {
    let ledger = OpenLedger::lock(tx, zone)?;
    let transfers: Vec<NewTransfer> = rows
        .iter()
        .filter(|row| row.payout.is_positive())
        .map(|row| NewTransfer {
            kind: TransferKind::Payout,
            employee: UserId(row.line.account_id),
            task: None,
            assignment_seq: None,
            reason_event_id: payment_id(date, row.line.account_id),
            amount: -row.payout,
            recorded_on: date,
            business_date: date,
            cause: None,
        })
        .collect();
    let wanted = transfers.len();
    let paid = ledger.post(tx, transfers)?;
    if paid.len() != wanted {
        return Err(AppError::internal(format!(
            "{wanted} payouts of {date} were due, {} could be booked",
            paid.len()
        )));
    }
    Ok(paid)
}

/// The id of the event that tells of a payment, and the reason of its transfer: the same however often it is tried.
fn payment_id(date: NaiveDate, employee: Uuid) -> Uuid {
    Uuid::new_v5(&employee, format!("payout {date}").as_bytes())
}

/// Writes the mails and tells of the payments (M31, M36). The mails leave later, by a worker of their own.
fn announce(tx: &mut Tx<'_>, config: &Config, date: NaiveDate, paid: &[Posted]) -> AppResult<()> {
    let ids: Vec<Uuid> = paid.iter().map(|_| tx.new_id()).collect();
    let now = tx.now;
    store::insert_mails(tx.conn(), date, &ids, mail_domain(config), now)?;
    for row in paid {
        let event = PaymentLogRecordCreated {
            transfer: row.id,
            business_date: date,
            amount_minor: -row.amount,
        };
        events::publish_as(
            tx,
            EventId(payment_id(date, row.employee.0)),
            row.employee,
            None,
            &event,
        )?;
    }
    Ok(())
}

fn mail_domain(config: &Config) -> &str {
    let address = config
        .mail_from
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    address.trim_end_matches('>')
}

fn totals_of(date: NaiveDate, rows: &[StatementRow], paid: usize) -> BusinessDayClosed {
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    BusinessDayClosed {
        business_date: date,
        fees_minor: -rows.iter().map(|row| row.line.fees_minor).sum::<Money>(),
        rewards_minor: rows.iter().map(|row| row.line.rewards_minor).sum(),
        paid_minor: rows.iter().map(|row| row.payout).sum(),
        people: count(paid),
        negative_balances: count(rows.iter().filter(|row| row.closing.is_negative()).count()),
    }
}

/// Closes the date, opens the next one, and writes down that it was done.
fn finish(
    tx: &mut Tx<'_>,
    config: &Config,
    totals: &BusinessDayClosed,
    cutoff: i64,
) -> AppResult<()> {
    let (date, now, actor) = (totals.business_date, tx.now, tx.origin.actor);
    store::close_business_day(tx.conn(), totals, cutoff, actor, now)?;
    seal_days(tx)?;
    store::insert_day(tx.conn(), next_day(date), config.zone)?;
    jobs::record(tx.conn(), JOB, &date.to_string(), RunState::Done, None, now)?;
    let subject = Uuid::new_v5(&Uuid::NAMESPACE_OID, date.to_string().as_bytes());
    events::publish(tx, subject, totals)?;
    let detail =
        json!({ "business_date": date, "people": totals.people, "paid_minor": totals.paid_minor });
    tx.audit("accounting.day_closed", None, &detail)?;
    tracing::info!(business.date = %date, people = totals.people, "a business date was settled");
    Ok(())
}

fn done(day: &BusinessDay) -> Run {
    Run {
        business_date: day.business_date,
        status: RunStatus::Done,
        people: day.people.unwrap_or_default(),
        total: day.paid_minor.unwrap_or_default(),
    }
}

fn conflict(id: &'static str, date: NaiveDate) -> AppError {
    AppError::conflict(Message::new(id).with("date", date))
}
