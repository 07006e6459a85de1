//! What accounting does by the clock: open the first day, settle the dates that are over, book what was overlooked.

use chrono::NaiveDate;

use super::ROLE;
use super::service::{self, Happened, LEDGER, Run, Terms, Units, Work};
use super::store::{self, Seal, Unbooked};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::jobs::{self, RunState};

/// The condition in SQL under which [`mail_step`](super::mail_step) has work, if there is a mail server; `$1` is the time.
pub const MAIL_WAITS: &str = store::MAIL_WAITS;

/// Opens today's business date when there is none at all: the day the company starts.
///
/// # Errors
/// Those of the database.
pub fn open_first_day(db: &Db, config: &Config) -> AppResult<()> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        store::lock_days(tx.conn())?;
        if store::first_open_day(tx.conn())?.is_none() {
            let today = config.zone.date_of(tx.now);
            store::insert_day(tx.conn(), today, config.zone)?;
        }
        Ok(())
    })
}

/// Closes every date that is due, the oldest first (M28, M30), and settles what of earlier ones was held and is free again. Stops at
/// a date that waits.
///
/// # Errors
/// Those of the database; the run table then says so.
pub fn settle_due(db: &Db, config: &Config) -> AppResult<Vec<Run>> {
    service::close_dates(
        &Units::of_the_job(db),
        |date, now| service::is_due(config, date, now),
        |date| settle_date(db, config, date),
    )
}

/// Closes one date that is over, or gives the totals of one that is closed (M25, M29).
///
/// # Errors
/// Conflict for a date whose turn it is not; those of the database, and then the run table says so.
pub fn settle_date(db: &Db, config: &Config, date: NaiveDate) -> AppResult<Run> {
    let outcome = service::close_date(&Units::of_the_job(db), config, date);
    if let Err(error) = &outcome
        && !matches!(error, AppError::Conflict(_))
    {
        note_failure(db, date, &error.to_string());
    }
    outcome
}

fn note_failure(db: &Db, date: NaiveDate, reason: &str) {
    let key = date.to_string();
    let recorded = system(db, |tx| {
        let now = tx.now;
        let (job, state) = (service::JOB, RunState::Failed);
        jobs::record(tx.conn(), job, &key, state, Some(reason), now)
    });
    if let Err(error) = recorded {
        tracing::error!(error = %error, "a failed settlement could not be written down");
    }
}

/// Writes the mails about recently closed days that are not there yet (decision 22): the statements of those who were paid nothing,
/// if that is switched on, and the digests of sealed days.
///
/// # Errors
/// Those of the database.
pub fn write_mails(db: &Db, config: &Config) -> AppResult<usize> {
    system(db, |tx| service::write_mails(tx, config))
}

/// The payment file of a settled date, pain.001.001.09: made at the first time, the same bytes ever after.
///
/// # Errors
/// 404 for a date that is not settled; conflict when it cannot be made, with the reason.
pub fn export_bank_file(db: &Db, config: &Config, date: NaiveDate) -> AppResult<Vec<u8>> {
    system(db, |tx| service::make_bank_file(tx, config, date))
}

/// Seals the closed dates that have no seal yet, each in a transaction of its own: those that were closed before there were seals. A
/// date that closes is sealed with its close.
///
/// # Errors
/// Those of the database.
pub fn seal_due(db: &Db) -> AppResult<Vec<Seal>> {
    let mut seals = Vec::new();
    while let Some(seal) = system(db, service::seal_next_day)? {
        seals.push(seal);
    }
    Ok(seals)
}

/// Looks for tasks without a price and for assignments and completions without a transfer, older than the configured time, and
/// books them as if their events had just come (M04, M07). What the subscriber has yet to do, or has parked, is left to it.
///
/// # Errors
/// Those of the database.
pub fn sweep(db: &Db, config: &Config) -> AppResult<()> {
    let terms = Terms::new(config);
    let before = db.clock().now() - config.sweep_after;
    system(db, |tx| {
        if store::is_paused(tx.conn(), LEDGER)? {
            return Ok(());
        }
        let since = store::last_closed_day(tx.conn())?.map(|day| day.starts_at);
        let created = happened(store::list_unpriced_tasks(tx.conn(), LEDGER, before)?);
        let assigned = happened(store::list_unbooked_assignments(
            tx.conn(),
            LEDGER,
            since,
            before,
        )?);
        let completed = happened(store::list_unbooked_completions(
            tx.conn(),
            LEDGER,
            since,
            before,
        )?);
        let booked = service::book(
            tx,
            &terms,
            &Work {
                created,
                assigned,
                completed,
            },
        )?;
        if !booked.is_empty() {
            tracing::warn!(
                transfers = booked.len(),
                "the sweep booked what no event had brought"
            );
        }
        Ok(())
    })
}

fn happened(found: Vec<Unbooked>) -> Vec<Happened> {
    let turn = |row: Unbooked| Happened {
        task: TaskId(row.task_id),
        employee: UserId(row.employee_id),
        assignment_seq: (row.assignment_seq > 0).then_some(row.assignment_seq),
        reason_event_id: row.event_id,
        recorded_at: row.occurred_at,
        cause: None,
    };
    found.into_iter().map(turn).collect()
}

fn system<T>(db: &Db, work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>) -> AppResult<T> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), work)
}
