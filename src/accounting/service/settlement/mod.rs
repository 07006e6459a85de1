//! The close of a business date: pay what is above zero, carry debts over, and hold back whose events wait for repair (M25 to M30).
//!
//! A date goes through three states. While it is *open*, everything is booked on it. Once it is over and the ledger has heard of all
//! that was recorded before its end, its close begins: its last event is fixed, the next date opens, and whose parked events count for
//! it is *held*. While it is *closing*, accounts are settled some at a time, each with its statement, payout, mail and event in one
//! transaction; a crash loses the chunk in hand, which is done anew, and of two processes each works on the chunk that the other has
//! left. A held account is settled when nothing up to the date's cut-off waits for repair any more. With the last account the date is
//! *closed*, for good.

mod accounts;
mod begin;
mod finish;
mod held;
mod run;

use chrono::{DateTime, NaiveDate, Utc};

use super::LEDGER;
use crate::accounting::ROLE;
use crate::accounting::store::{self, BusinessDay};
use crate::auth::{Actor, Operation};
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::faults;
use crate::platform::workers::Progress;

pub use run::{Run, RunStatus, Wait};

/// The job that settles, in the run table; its run key is the business date.
pub(in crate::accounting) const JOB: &str = "accounting.settle";

/// Chunks of accounts that one request settles; the job does the rest.
const CHUNKS_A_REQUEST: usize = 10;

/// The units of work in which a date is closed, all of one origin.
pub(in crate::accounting) struct Units<'d> {
    db: &'d Db,
    lane: Lane,
    origin: Origin,
    chunks: usize,
}

impl<'d> Units<'d> {
    /// For the job and for commands: as many as it takes.
    pub fn of_the_job(db: &'d Db) -> Self {
        Self {
            db,
            lane: Lane::Worker,
            origin: Origin::system(),
            chunks: usize::MAX,
        }
    }

    /// For somebody who waits for the answer.
    pub fn of_a_request(db: &'d Db, origin: Origin) -> Self {
        Self {
            db,
            lane: Lane::Web,
            origin,
            chunks: CHUNKS_A_REQUEST,
        }
    }

    fn one<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>) -> AppResult<T> {
        self.db
            .transaction_blocking(self.lane, ROLE, self.origin.clone(), work)
    }
}

/// Whether the nightly run settles a date now: its end is past and so is the hour of the payouts after it (M28).
pub(in crate::accounting) fn is_due(config: &Config, date: NaiveDate, now: DateTime<Utc>) -> bool {
    let zone = config.zone;
    now >= zone
        .end_of(date)
        .max(zone.instant_of(next_day(date), config.payout_at))
}

/// Closes a date that is over, or every date that is over in order, as somebody asked (M17, M25); repeating it pays nothing
/// twice (M29). Gives the last run.
///
/// # Errors
/// Forbidden; conflict for a date that is not over, or whose turn it is not.
pub(in crate::accounting) fn pay_to_workers(
    units: &Units<'_>,
    config: &Config,
    actor: &Actor,
    date: Option<NaiveDate>,
) -> AppResult<Run> {
    actor.allow(Operation::RunPayouts)?;
    if let Some(date) = date {
        return close_date(units, config, date);
    }
    let is_over = |date, now| now >= config.zone.end_of(date);
    let close = |date| close_date(units, config, date);
    match close_dates(units, is_over, close)?.pop() {
        Some(run) => Ok(run),
        None => units
            .one(|tx| store::last_closed_day(tx.conn()))?
            .map(|day| Run::closed(&day))
            .ok_or_else(|| AppError::conflict("error-nothing-to-settle")),
    }
}

/// Closes dates in order, as long as it is time for the next one. One that waits keeps the later ones waiting; one of which only
/// held accounts are left does not.
pub(in crate::accounting) fn close_dates(
    units: &Units<'_>,
    is_time_for: impl Fn(NaiveDate, DateTime<Utc>) -> bool,
    close: impl Fn(NaiveDate) -> AppResult<Run>,
) -> AppResult<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let after = runs.last().map(|run| run.business_date);
        let next = units.one(|tx| {
            let date = store::next_unclosed_day(tx.conn(), after)?;
            Ok(date.filter(|date| is_time_for(*date, tx.now)))
        })?;
        let Some(date) = next else {
            return Ok(runs);
        };
        let run = close(date)?;
        let next_may_begin = run.status.lets_the_next_begin();
        runs.push(run);
        if !next_may_begin {
            return Ok(runs);
        }
    }
}

/// Closes a date: begins it, settles everybody who is not held, then those who were held and wait for nothing any more, and closes it
/// if nobody is left. A closed one answers with its totals; one that waits, or holds somebody, says so.
///
/// # Errors
/// Conflict for a date that is not over, that never began, or that has one before it whose close has not come so far.
pub(in crate::accounting) fn close_date(
    units: &Units<'_>,
    config: &Config,
    date: NaiveDate,
) -> AppResult<Run> {
    if let Some(answer) = units.one(|tx| begin::begin(tx, config, date))? {
        return Ok(answer);
    }
    faults::point("settlement.after_begin");
    for _ in 0..units.chunks {
        if units.one(|tx| accounts::settle_next(tx, config, date))? == Progress::Idle {
            break;
        }
        faults::point("settlement.after_chunk");
    }
    while units.one(|tx| held::settle_free(tx, config, date))? == Progress::More {
        faults::point("settlement.after_release");
    }
    faults::point("settlement.before_close");
    units.one(|tx| finish::close_if_nobody_is_left(tx, date))
}

fn conflict(id: &'static str, date: NaiveDate) -> AppError {
    AppError::conflict(Message::new(id).with("date", date))
}
