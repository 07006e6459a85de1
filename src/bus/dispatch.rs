//! The loop of a subscriber: one step is one transaction that holds the cursor's row from the first read to the commit.

use std::collections::HashSet;

use uuid::Uuid;

use super::ROLE;
use super::parked::{self, Failure};
use super::store::{self, StoredEvent};
use super::subscriber::{Item, Subscriber};
use crate::events::{Cause, facts_of};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::EventId;
use crate::platform::workers::Progress;

/// Items handled in one step at most; a batch event is never cut.
const MAX_ITEMS: usize = 5_000;

/// Savepoints in one step at most, while the page can still be made smaller: more of them slow the whole server down.
const MAX_SAVEPOINTS: u32 = 32;

/// How many events a step reads: less after a page with many failures, then more again.
#[derive(Clone, Copy, Debug)]
pub struct PageSize(i64);

impl PageSize {
    const FULL: i64 = 1_000;

    fn shrink(&mut self) {
        self.0 = (self.0 / 8).max(1);
    }

    fn grow(&mut self) {
        self.0 = (self.0 * 2).min(Self::FULL);
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(Self::FULL)
    }
}

/// Does one step of a subscriber: due retries, then the next page.
///
/// # Errors
/// Transient ones of the database; the failure of an item is parked, not returned.
pub fn step(db: &Db, subscriber: &dyn Subscriber) -> AppResult<Progress> {
    step_with(db, subscriber, &mut PageSize::default())
}

pub(super) fn step_with(
    db: &Db,
    subscriber: &dyn Subscriber,
    page: &mut PageSize,
) -> AppResult<Progress> {
    let size = page.0;
    let outcome = db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let Some(position) = store::lock_cursor(tx.conn(), subscriber.name())? else {
            return Ok(Progress::Idle);
        };
        let retried = parked::retry_due(tx, subscriber)?;
        let read = take_page(tx, subscriber, position, size)?;
        let applied = read.items.len();
        deliver_page(tx, subscriber, read.items, size > 1)?;
        if read.upto > position {
            store::advance(tx.conn(), subscriber.name(), read.upto, applied)?;
        }
        Ok(if read.more || retried {
            Progress::More
        } else {
            Progress::Idle
        })
    });
    match outcome {
        Err(AppError::Conflict(message)) if message.id == TOO_MANY_FAILURES => {
            page.shrink();
            Ok(Progress::More)
        }
        Ok(progress) => {
            page.grow();
            Ok(progress)
        }
        Err(error) => Err(error),
    }
}

const TOO_MANY_FAILURES: &str = "bus-too-many-failures";

/// A page of the log as a subscriber gets it.
struct Page {
    items: Vec<Item>,
    upto: i64,
    more: bool,
}

fn take_page(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    position: i64,
    size: i64,
) -> AppResult<Page> {
    let head = store::head(tx.conn())?;
    let events = store::list_events(tx.conn(), position, head, subscriber.types(), size)?;
    let mut page = Page {
        items: Vec::new(),
        upto: head,
        more: false,
    };
    let full = i64::try_from(events.len()).unwrap_or(i64::MAX) == size;
    let last = events.last().map(|event| event.seq);
    for event in events {
        if page.items.len() >= MAX_ITEMS {
            return Ok(Page {
                upto: event.seq - 1,
                more: true,
                ..page
            });
        }
        match items_of(&event) {
            Ok(items) => page.items.extend(items),
            Err(failure) => parked::park_undecodable(tx, subscriber.name(), &event, &failure)?,
        }
    }
    if full && let Some(last) = last {
        page = Page {
            upto: last,
            more: true,
            ..page
        };
    }
    Ok(page)
}

/// The facts of a stored event as items.
pub(super) fn items_of(event: &StoredEvent) -> Result<Vec<Item>, Failure> {
    let facts = facts_of(
        &event.event_type,
        event.type_version,
        event.subject_id,
        &event.payload,
    )
    .map_err(|error| Failure::permanent("undecodable", error.to_string()))?;
    let cause = Cause {
        event_id: EventId(event.event_id),
        correlation_id: event.correlation_id,
        actor_id: event.actor_id,
    };
    let batch = event.item_count > 1 || facts.len() > 1;
    Ok(facts
        .into_iter()
        .zip(0..)
        .map(|((subject, fact), item_no)| Item {
            item_id: if batch {
                Uuid::new_v5(&event.event_id, subject.as_bytes())
            } else {
                event.event_id
            },
            seq: event.seq,
            item_no,
            subject,
            recorded_at: event.recorded_at,
            cause: cause.clone(),
            fact,
        })
        .collect())
}

/// Hands a page to the subscriber; items behind a parked one of their key are parked too.
fn deliver_page(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    items: Vec<Item>,
    bounded: bool,
) -> AppResult<()> {
    if items.is_empty() {
        return Ok(());
    }
    let keys: Vec<Uuid> = items.iter().map(|item| subscriber.key(item)).collect();
    let mut held: HashSet<Uuid> = store::held_keys(tx.conn(), subscriber.name(), &keys)?;
    let mut savepoints = if bounded { MAX_SAVEPOINTS } else { u32::MAX };
    deliver(tx, subscriber, &items, &mut held, &mut savepoints)
}

fn deliver(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    items: &[Item],
    held: &mut HashSet<Uuid>,
    savepoints: &mut u32,
) -> AppResult<()> {
    let (blocked, free): (Vec<Item>, Vec<Item>) = items
        .iter()
        .cloned()
        .partition(|item| held.contains(&subscriber.key(item)));
    for item in &blocked {
        parked::park_blocked(tx, subscriber, item)?;
    }
    if free.is_empty() {
        return Ok(());
    }
    *savepoints = savepoints
        .checked_sub(1)
        .ok_or_else(|| AppError::conflict(TOO_MANY_FAILURES))?;
    match apply(tx, subscriber, &free) {
        Ok(()) => Ok(()),
        Err(error) if error.is_transient() => Err(error),
        Err(error) if free.len() == 1 => {
            held.insert(subscriber.key(&free[0]));
            parked::park_failed(tx, subscriber, &free[0], &Failure::from(&error))
        }
        Err(_) => {
            let (left, right) = free.split_at(free.len() / 2);
            deliver(tx, subscriber, left, held, savepoints)?;
            deliver(tx, subscriber, right, held, savepoints)
        }
    }
}

/// Applies items in a savepoint, under the subscriber's role.
pub(super) fn apply(tx: &mut Tx<'_>, subscriber: &dyn Subscriber, items: &[Item]) -> AppResult<()> {
    tx.savepoint(|tx| tx.with_role(subscriber.role(), |tx| subscriber.handle(tx, items)))
}
