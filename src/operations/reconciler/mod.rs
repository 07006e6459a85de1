//! The reconciler (R13): the invariants of the books, asked all the time, and the emergency stop when money differs.
//!
//! A round asks every invariant about the dates that are not closed with the last closed one, and about a slice of the older dates, so
//! that all of them are gone over within a day. What differs is asked again in a fresh snapshot, and only what differs in both counts.
//! Money that differs sets the emergency stop; anything else is an error in the log. One process makes a round; whichever comes first.
//!
//! What a round costs is bounded: it sums up the transfers, statements and payouts of its dates, looks at the tasks that were touched in
//! them, a part of them when they are too many, asks the statements' index once for each account, and reads nothing else of what is
//! closed; and it rests three times as long as it took.

mod round;
mod slice;
mod store;
mod tripwire;
mod unsettled;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::ROLE;
use super::queries::Finding;
use super::service::set_and_drain;
use crate::platform::agreement::Difference;
use crate::platform::config::Config;
use crate::platform::damage;
use crate::platform::db::{Db, Lane, Origin, READER};
use crate::platform::error::{AppError, AppResult};
use crate::platform::stop::{self, NewStop, Stop};
use crate::platform::wake::Wake;
use crate::platform::workers::{Progress, Workers};
pub(super) use round::SEALS;
use round::{NOTHING_WAITS, Span};
use store::{Claim, Outcome};

/// A round takes at most one part in so many of the time.
const SHARE: u32 = 4;

/// Who a stop of the reconciler is by.
const RECONCILER: &str = "reconciler";

/// Starts the worker that makes the rounds; it looks oftener than they are due, since another process may have died at one.
///
/// # Errors
/// That the thread cannot be made.
pub fn start_reconciler(workers: &mut Workers, db: &Db, config: &Config) -> AppResult<()> {
    let every = config.reconcile_every;
    let poll = (every / 4).clamp(Duration::from_millis(250), Duration::from_secs(5));
    let own_db = db.clone();
    // A round that ended with the database could not be given back then: nobody else would begin one for minutes.
    let mut owed = false;
    let step = move || {
        if owed {
            change(&own_db, |conn| store::give_back(conn, every))?;
        }
        let round = reconcile(&own_db, every);
        owed = round.is_err();
        stop_for_damage(&own_db)?;
        round.map(|_| Progress::Idle)
    };
    workers
        .spawn("operations.reconciler", &Wake::default(), poll, step)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// Makes a round if one is due; false if none is, or another process is at it.
///
/// # Errors
/// Those of the database.
pub fn reconcile(db: &Db, every: Duration) -> AppResult<bool> {
    let claimed = change(db, store::claim)?;
    let Some(claim) = claimed else {
        return Ok(false);
    };
    let outcome = make(db, every, &claim);
    if outcome.is_err() {
        change(db, |conn| store::give_back(conn, every))?;
    }
    let outcome = outcome?;
    change(db, |conn| store::record(conn, &outcome, db.clock().now()))?;
    shout(db, &claim.known, &outcome)?;
    Ok(true)
}

/// Looks at everything that this round is about.
fn make(db: &Db, every: Duration, claim: &Claim) -> AppResult<Outcome> {
    let began = Instant::now();
    let now = db.clock().now();
    let stopped = db.read_blocking(ROLE, stop::current)?.is_some();
    let plan = db.snapshot_blocking(READER, |conn| {
        slice::plan(conn, claim, claim.pace.max(every), now)
    })?;
    let mut suspects = Vec::new();
    for span in &plan.spans {
        let found =
            db.snapshot_blocking(READER, |conn| round::ask_all(conn, *span, stopped, now))?;
        suspects.extend(found);
    }
    let known = claim
        .unsettled
        .iter()
        .filter(|one| !(stopped && one.only_waits()));
    let (turn, rest) = unsettled::turns(known.cloned().collect(), &plan.spans);
    for one in turn {
        let Some(invariant) = one.invariant() else {
            continue;
        };
        let span = one.span();
        let again =
            db.snapshot_blocking(READER, |conn| round::ask_again(conn, span, invariant, now))?;
        if !again.holds() {
            suspects.push((span, again));
        }
    }
    let found = confirm(db, every, suspects)?;
    let took = began.elapsed();
    let pace = every.max(took * SHARE);
    let asked = unsettled::after(Vec::new(), &found);
    let money = unsettled::differences(&asked)
        .into_iter()
        .find(|check| check.money);
    let all = unsettled::after(rest, &found);
    Ok(Outcome {
        took,
        pace,
        rest: pace.saturating_sub(took),
        differs: unsettled::differences(&all),
        unsettled: all,
        money,
        counters: plan.counters,
        slice: plan.slice,
        unasked: stopped
            .then(|| i16::from(NOTHING_WAITS))
            .into_iter()
            .collect(),
    })
}

/// What still differs in a fresh snapshot: a state that was under way cannot be both times.
fn confirm(
    db: &Db,
    every: Duration,
    suspects: Vec<(Span, Finding)>,
) -> AppResult<Vec<(Span, Finding)>> {
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    std::thread::park_timeout(every.min(Duration::from_secs(1)));
    let now = db.clock().now();
    let mut findings = Vec::new();
    for (span, suspect) in suspects {
        let again = db.snapshot_blocking(READER, |conn| {
            round::ask_again(conn, span, suspect.invariant, now)
        })?;
        findings.extend(round::in_both(&suspect, again).map(|finding| (span, finding)));
    }
    Ok(findings)
}

/// Tells of what is new, and sets the emergency stop when money differs.
fn shout(db: &Db, known: &[Difference], outcome: &Outcome) -> AppResult<()> {
    for check in &outcome.differs {
        if known.iter().all(|before| before.number != check.number) {
            tracing::error!(
                check = check.number,
                money = check.money,
                findings = %json!(check.lines),
                "the books differ"
            );
        }
    }
    for before in known {
        if outcome
            .differs
            .iter()
            .all(|check| check.number != before.number)
        {
            tracing::info!(check = before.number, "what differed agrees again");
        }
    }
    let Some(check) = &outcome.money else {
        return Ok(());
    };
    if db.read_blocking(ROLE, stop::current)?.is_some() {
        return Ok(());
    }
    let reason = format!("the books differ, check {}", check.number);
    let new = NewStop {
        reason: &reason,
        check_number: Some(check.number),
        findings: &check.lines,
        by: RECONCILER,
    };
    set_and_drain(db, Origin::system(), &new).map(drop)
}

/// How a stop for damaged files begins to say why.
const DAMAGED: &str = "files of the database are damaged";

/// Sets the emergency stop when a statement of this process has met damaged files (T-DB-9): what is read from them is not to be built upon.
fn stop_for_damage(db: &Db) -> AppResult<()> {
    let Some(found) = damage::found() else {
        return Ok(());
    };
    let at = db.clock().now() - found.at.elapsed();
    let last = db.read_blocking(ROLE, |conn| stop::list(conn, 1))?;
    match answer_to(at, last.first()) {
        Answer::Wait => return Ok(()),
        Answer::Known => {}
        Answer::Stop => {
            let reason: String = format!("{DAMAGED}: {}", found.words)
                .chars()
                .take(500)
                .collect();
            let new = NewStop {
                reason: &reason,
                check_number: None,
                findings: &[],
                by: RECONCILER,
            };
            set_and_drain(db, Origin::system(), &new)?;
        }
    }
    damage::settle();
    Ok(())
}

/// What damage asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The emergency stop.
    Stop,
    /// Nothing until a stop for another reason is released.
    Wait,
    /// Nothing: it is stopped for damage, or was released after this was found. Whatever is still damaged is found again.
    Known,
}

/// The answer to damage that was found at an instant, after the last stop.
fn answer_to(found_at: DateTime<Utc>, last: Option<&Stop>) -> Answer {
    let Some(last) = last else {
        return Answer::Stop;
    };
    match (last.reason.starts_with(DAMAGED), last.released_at) {
        (false, None) => Answer::Wait,
        (true, None) => Answer::Known,
        (true, Some(released)) if released >= found_at => Answer::Known,
        (_, Some(_)) => Answer::Stop,
    }
}

fn change<T>(
    db: &Db,
    work: impl FnOnce(&mut diesel::PgConnection) -> AppResult<T>,
) -> AppResult<T> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| work(tx.conn()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn stop(reason: &str, released_at: Option<DateTime<Utc>>) -> Stop {
        Stop {
            id: Uuid::nil(),
            reason: reason.to_owned(),
            check_number: None,
            findings: Vec::new(),
            since: DateTime::UNIX_EPOCH,
            set_by: None,
            set_by_name: RECONCILER.to_owned(),
            released_at,
            released_by: None,
            released_by_name: None,
            release_reason: None,
        }
    }

    #[test]
    fn t_db_9_damage_stops_unless_it_was_found_before_a_stop_for_damage_was_released() {
        let at = |seconds| DateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let after = |reason, released: Option<u64>| {
            answer_to(at(10), Some(&stop(reason, released.map(at))))
        };
        let damaged = "files of the database are damaged: invalid page in block 0";
        assert_eq!(answer_to(at(10), None), Answer::Stop);
        assert_eq!(after(damaged, Some(9)), Answer::Stop);
        assert_eq!(after(damaged, Some(11)), Answer::Known);
        assert_eq!(after(damaged, None), Answer::Known);
        assert_eq!(after("A person looks into something", None), Answer::Wait);
        assert_eq!(
            after("A person looks into something", Some(11)),
            Answer::Stop
        );
    }
}
