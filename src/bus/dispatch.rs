//! The loop of a subscriber: one step is one transaction that holds the cursor's row from the first read to the commit.

use std::time::Instant;

use uuid::Uuid;

use super::delivery::{Delivery, TOO_MANY_FAILURES};
use super::parked::{self, Retries};
use super::store::{self, Cursor, StoredEvent};
use super::subscriber::{Item, Subscriber};
use super::{ROLE, careful, control};
use crate::events::{Cause, DecodeError, facts_of};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::faults;
use crate::platform::ids::EventId;
use crate::platform::metrics;
use crate::platform::workers::Progress;

/// Events read in one step, unless it is set otherwise; fewer when they carry many facts.
pub(super) const FULL_PAGE: i64 = 1_000;

/// Facts in one step at most, but for its last event, which is never cut.
pub(super) const FACTS_AT_MOST: i64 = 5_000;

/// The same while people append to the log: what a step says of its facts holds the log's lock until its commit.
const FACTS_BESIDE_PEOPLE: i64 = 250;

/// Retries worked off in one step at most.
const DUE_LIMIT: i64 = 20;

/// The step is undone and taken again with care.
const TAKE_CARE: &str = "bus-take-care";

/// How a worker goes about its subscriber from one step to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How many events a step reads: less after a page with many failures, then more again.
    size: i64,
    /// How many it reads at most.
    full: i64,
    /// How many facts it takes.
    facts: i64,
    pub retries: Retries,
    /// Whether the next step is a careful one.
    pub careful: bool,
    /// What this process has already noted as an attempt.
    pub noted: Option<i64>,
}

impl Pace {
    pub(super) fn new(retries: Retries, careful: bool, full: i64) -> Self {
        Self {
            size: if careful { 1 } else { full },
            full,
            facts: FACTS_AT_MOST,
            retries,
            careful,
            noted: None,
        }
    }
}

/// Does one step of a subscriber: due retries, then the next page.
///
/// # Errors
/// Transient ones of the database; the failure of an item is parked, not returned.
pub fn step(db: &Db, subscriber: &dyn Subscriber) -> AppResult<Progress> {
    let mut pace = Pace::new(Retries::default(), false, FULL_PAGE);
    loop {
        let size = pace.size;
        let progress = step_with(db, subscriber, &mut pace)?;
        if pace.size >= size {
            return Ok(progress);
        }
    }
}

/// How a step ended: whether there is more to do, and where the cursor goes.
pub(super) struct Stepped {
    pub progress: Progress,
    moved: Option<(i64, usize)>,
}

pub(super) fn step_with(
    db: &Db,
    subscriber: &dyn Subscriber,
    pace: &mut Pace,
) -> AppResult<Progress> {
    let name = subscriber.name();
    let (size, began) = (pace.size, Instant::now());
    pace.facts = if db.people_append() {
        FACTS_BESIDE_PEOPLE
    } else {
        FACTS_AT_MOST
    };
    // One careful step at a time in a process: a crash then leaves the note of who was at it, and of nobody else.
    let _alone = pace.careful.then(careful::alone);
    let outcome = db.transaction_by_keys_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let Some(cursor) = store::lock_cursor(tx.conn(), name)? else {
            return Ok(None);
        };
        faults::point("subscriber.after_lock");
        if cursor.shaken && !pace.careful {
            (pace.careful, pace.size) = (true, 1);
            return Err(AppError::conflict(TAKE_CARE));
        }
        let stepped = if pace.careful {
            careful::step(db, tx, subscriber, &cursor, pace)?
        } else {
            pass(tx, subscriber, &cursor, pace, DUE_LIMIT, size)?
        };
        faults::point("subscriber.after_effects");
        if let Some((upto, applied)) = stepped.moved
            && !faults::plants("second_transaction")
        {
            let now = tx.now;
            store::advance(tx.conn(), name, upto, applied, now)?;
        }
        faults::point("subscriber.after_cursor");
        Ok(Some(stepped))
    });
    match outcome {
        Err(AppError::Conflict(message)) if message.id == TOO_MANY_FAILURES => {
            pace.size = (size / 8).max(1);
            Ok(Progress::More)
        }
        Err(AppError::Conflict(message)) if message.id == TAKE_CARE => Ok(Progress::More),
        Ok(None) => Ok(Progress::Idle),
        Ok(Some(stepped)) => {
            faults::point("subscriber.after_commit");
            metrics::batch(
                name,
                began.elapsed(),
                stepped.moved.map_or(0, |moved| moved.1),
            );
            if faults::plants("second_transaction")
                && let Some((upto, applied)) = stepped.moved
            {
                db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
                    let now = tx.now;
                    store::advance(tx.conn(), name, upto, applied, now)
                })?;
            }
            pace.size = (size * 2).min(pace.full);
            (pace.careful, pace.noted) = (false, None);
            Ok(stepped.progress)
        }
        Err(error) => Err(error),
    }
}

/// Works off so many retries and so many events of a subscriber, whose cursor is locked.
pub(super) fn pass(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    cursor: &Cursor,
    pace: &Pace,
    retries: i64,
    events: i64,
) -> AppResult<Stepped> {
    let mut delivery = Delivery::new(subscriber, pace.retries, events > 1);
    delivery.rewound_until = cursor.rewound_until;
    let retried = parked::retry_due(tx, &mut delivery, retries)?;
    if events == 0 {
        return close(tx, delivery, None, Progress::More);
    }
    let page = take_page(tx, &mut delivery, cursor.position, events, pace.facts)?;
    faults::point("subscriber.after_read");
    delivery.page(tx, page.items)?;
    let progress = if page.more || retried {
        Progress::More
    } else {
        Progress::Idle
    };
    let upto = (page.upto > cursor.position).then_some(page.upto);
    close(tx, delivery, upto, progress)
}

/// Draws the conclusions from what failed, and says where the cursor goes.
pub(super) fn close(
    tx: &mut Tx<'_>,
    delivery: Delivery<'_>,
    upto: Option<i64>,
    progress: Progress,
) -> AppResult<Stepped> {
    let name = delivery.subscriber.name();
    if let Some(text) = &delivery.last_failure {
        let now = tx.now;
        store::note_error(tx.conn(), name, text, now)?;
    }
    if delivery.failed > 0 {
        control::trip_breaker(tx, name)?;
    }
    Ok(Stepped {
        progress,
        moved: upto.map(|upto| (upto, delivery.applied)),
    })
}

/// A page of the log as a subscriber gets it.
struct Page {
    items: Vec<Item>,
    upto: i64,
    more: bool,
}

/// Reads the next page. It ends before an event that cannot be understood, so that those before it are applied first; such an
/// event at the front is parked.
fn take_page(
    tx: &mut Tx<'_>,
    delivery: &mut Delivery<'_>,
    position: i64,
    size: i64,
    most: i64,
) -> AppResult<Page> {
    let head = store::head(tx.conn())?;
    let types = delivery.subscriber.types();
    let events = store::list_events(tx.conn(), position, head, types, size, most)?;
    let facts: i64 = events.iter().map(|event| i64::from(event.item_count)).sum();
    let full = facts >= most || i64::try_from(events.len()).is_ok_and(|found| found >= size);
    let last = events.last().map(|event| event.seq);
    let mut items = Vec::new();
    for event in events {
        match event.items() {
            Ok(more) => items.extend(more),
            Err(_) if !items.is_empty() => {
                return Ok(Page {
                    items,
                    upto: event.seq - 1,
                    more: true,
                });
            }
            Err(error) => parked::park_undecodable(tx, delivery, &event, &error)?,
        }
    }
    Ok(Page {
        items,
        upto: last.filter(|_| full).unwrap_or(head),
        more: full,
    })
}

impl StoredEvent {
    /// The facts of the event as items.
    ///
    /// # Errors
    /// That it cannot be understood.
    pub(super) fn items(&self) -> Result<Vec<Item>, DecodeError> {
        let facts = facts_of(
            &self.event_type,
            self.type_version,
            self.subject_id,
            &self.payload,
        )?;
        let cause = Cause {
            event_id: EventId(self.event_id),
            correlation_id: self.correlation_id,
            actor_id: self.actor_id,
        };
        let batch = self.item_count > 1 || facts.len() > 1;
        Ok(facts
            .into_iter()
            .zip(0..)
            .map(|((subject, fact), item_no)| Item {
                item_id: if batch {
                    Uuid::new_v5(&self.event_id, subject.as_bytes())
                } else {
                    self.event_id
                },
                seq: self.seq,
                item_no,
                subject,
                recorded_at: self.recorded_at,
                cause: cause.clone(),
                fact,
            })
            .collect())
    }
}
