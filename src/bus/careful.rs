//! Careful mode: the first step after a start, and every step after one that ended without a word.
//!
//! An event may take the whole program with it: no error, no panic, nothing left to count. So before a careful step tries
//! anything, it writes down what, in a transaction of its own, and it tries one thing only. Three such notes in a row without
//! an end mean three crashes at that place. It is then parked, so that the rest flows on, and tried again after a minute: somebody
//! may have killed the program for another reason. Three more crashes, and it is dead.
//!
//! After a careful step the pages grow from two events to full ones, so that each further crash halves the way to its cause.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ROLE;
use super::delivery::Delivery;
use super::dispatch::{FACTS_AT_MOST, Pace, Stepped, close, pass};
use super::parked::{self, Failure};
use super::store::{self, Cursor, DueItem};
use super::subscriber::Subscriber;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::AppResult;
use crate::platform::workers::Progress;

/// Crashes at one place before it is parked.
const MAX_CRASHES: i32 = 3;

static ALONE: Mutex<()> = Mutex::new(());

/// Waits until no other subscriber of this process is at a careful step.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does one careful step of a subscriber, whose cursor is locked.
pub(super) fn step(
    db: &Db,
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    cursor: &Cursor,
    pace: &mut Pace,
) -> AppResult<Stepped> {
    let (name, now) = (subscriber.name(), tx.now);
    let due = store::list_due(tx.conn(), name, now, 1)?.pop();
    let target = match &due {
        Some(due) => Some(due.seq),
        None => next_event(tx, subscriber, cursor)?,
    };
    let Some(seq) = target else {
        store::clear_attempts(tx.conn(), name)?;
        return pass(tx, subscriber, cursor, pace, 0, 1);
    };
    let mut crashes = 0;
    if pace.noted != Some(seq) {
        crashes = note(db, name, seq)? - 1;
        pace.noted = Some(seq);
    }
    let mut stepped = if crashes >= MAX_CRASHES {
        give_up(tx, subscriber, due.as_ref(), seq, pace)?
    } else {
        let (retries, events) = if due.is_some() { (1, 0) } else { (0, 1) };
        pass(tx, subscriber, cursor, pace, retries, events)?
    };
    store::clear_attempts(tx.conn(), name)?;
    stepped.progress = Progress::More;
    Ok(stepped)
}

fn next_event(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    cursor: &Cursor,
) -> AppResult<Option<i64>> {
    let head = store::head(tx.conn())?;
    let next = store::list_events(
        tx.conn(),
        cursor.position,
        head,
        subscriber.types(),
        1,
        FACTS_AT_MOST,
    )?;
    Ok(next.first().map(|event| event.seq))
}

/// Writes the note on the other lane's connection: the workers' may all be waiting for theirs.
fn note(db: &Db, name: &str, seq: i64) -> AppResult<i32> {
    db.transaction_blocking(Lane::Web, ROLE, Origin::system(), |tx| {
        let now = tx.now;
        store::record_attempt(tx.conn(), name, seq, now)
    })
}

/// Parks what crashes the program, untried.
fn give_up(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    due: Option<&DueItem>,
    seq: i64,
    pace: &Pace,
) -> AppResult<Stepped> {
    tracing::error!(
        subscriber = subscriber.name(),
        event.seq = seq,
        "the program ended at this event again and again: it is parked"
    );
    let mut delivery = Delivery::new(subscriber, pace.retries, false);
    if let Some(due) = due {
        let failure = Failure::last_crash();
        parked::fail_again(tx, subscriber.name(), due, &failure, pace.retries)?;
        return close(tx, delivery, None, Progress::More);
    }
    let event = store::get_event(tx.conn(), seq)?;
    match event.items() {
        Ok(items) => delivery.refuse(tx, &items, &Failure::crash())?,
        Err(error) => parked::park_undecodable(tx, &mut delivery, &event, &error)?,
    }
    close(tx, delivery, Some(seq), Progress::More)
}
