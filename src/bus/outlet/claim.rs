//! What a process is to hand over: read in one short transaction, which takes the cursor for a while.

use std::collections::HashSet;

use uuid::Uuid;

use super::{HOLD, Outlet};
use crate::bus::ROLE;
use crate::bus::store::{self, DueItem};
use crate::bus::tap::LoggedEvent;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// Events of one step at most.
const PAGE: i64 = 50;

/// Retries of one step at most.
const DUE: i64 = 10;

/// The work of one step.
pub(super) struct Claim {
    pub name: &'static str,
    pub holder: Uuid,
    /// Where the cursor stood.
    pub position: i64,
    /// Where it goes when all of the page is dealt with.
    pub upto: i64,
    /// Retries, with their events.
    pub due: Vec<(DueItem, LoggedEvent)>,
    /// The next events.
    pub page: Vec<Paged>,
}

/// An event of the page.
pub(super) struct Paged {
    pub event: LoggedEvent,
    /// Whether an earlier one about the same subject waits for repair; the event waits behind it.
    pub blocked: bool,
}

impl Claim {
    /// Takes the work; none when there is none, or when it is somebody else's.
    pub fn take(db: &Db, outlet: &dyn Outlet, holder: Uuid) -> AppResult<Option<Self>> {
        let (name, types) = (outlet.name(), outlet.types());
        db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
            let Some(cursor) = store::lock_cursor(tx.conn(), name)? else {
                return Ok(None);
            };
            let now = tx.now;
            if !store::is_outlet_free(tx.conn(), name, holder, now)? {
                return Ok(None);
            }
            let due = due_of(tx, name)?;
            let head = store::head(tx.conn())?;
            let events = store::list_logged(tx.conn(), cursor.position, head, types, PAGE)?;
            let full = i64::try_from(events.len()).is_ok_and(|found| found == PAGE);
            let last = events.last().map(|event| event.envelope.seq);
            let upto = last.filter(|_| full).unwrap_or(head).max(cursor.position);
            let page = page_of(tx, name, events, cursor.rewound_until)?;
            if due.is_empty() && page.is_empty() {
                if upto > cursor.position {
                    store::advance(tx.conn(), name, upto, 0, now)?;
                }
                return Ok(None);
            }
            store::hold_outlet(tx.conn(), name, holder, now + HOLD)?;
            Ok(Some(Self {
                name,
                holder,
                position: cursor.position,
                upto,
                due,
                page,
            }))
        })
    }

    /// All of it in order, with whether it waits behind something.
    pub fn all(&self) -> impl Iterator<Item = (&LoggedEvent, bool)> {
        let due = self.due.iter().map(|(_, event)| (event, false));
        due.chain(self.page.iter().map(|paged| (&paged.event, paged.blocked)))
    }
}

fn due_of(tx: &mut Tx<'_>, name: &str) -> AppResult<Vec<(DueItem, LoggedEvent)>> {
    let now = tx.now;
    let due = store::list_due(tx.conn(), name, now, DUE)?;
    let seqs: Vec<i64> = due.iter().map(|item| item.seq).collect();
    let mut events = store::list_logged_of(tx.conn(), &seqs)?;
    due.into_iter()
        .map(|item| {
            let place = events
                .iter()
                .position(|event| event.envelope.seq == item.seq);
            let place = place.ok_or_else(|| AppError::internal("a parked event is gone"))?;
            Ok((item, events.swap_remove(place)))
        })
        .collect()
}

/// The events of a page without those that somebody has skipped.
fn page_of(
    tx: &mut Tx<'_>,
    name: &str,
    mut events: Vec<LoggedEvent>,
    rewound_until: i64,
) -> AppResult<Vec<Paged>> {
    if events
        .first()
        .is_some_and(|event| event.envelope.seq <= rewound_until)
    {
        let ids: Vec<Uuid> = events.iter().map(|event| event.envelope.event_id).collect();
        let skipped = store::skipped_items(tx.conn(), name, &ids)?;
        events.retain(|event| !skipped.contains(&event.envelope.event_id));
    }
    let subjects: Vec<Uuid> = events
        .iter()
        .map(|event| event.envelope.subject_id)
        .collect();
    let held: HashSet<Uuid> = store::held_keys(tx.conn(), name, &subjects)?;
    Ok(events
        .into_iter()
        .map(|event| Paged {
            blocked: held.contains(&event.envelope.subject_id),
            event,
        })
        .collect())
}
