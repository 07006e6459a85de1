//! The event bus: an append-only log in Postgres, a cursor for each subscriber, effects and cursor in one transaction.
//!
//! What it guarantees: an event exists exactly if its transaction committed (G1); every subscriber gets it, however long it was
//! stopped (G2); its effects in the database happen exactly once for each subscriber (G3); events with one key are applied in
//! the order of commit, also across failures and retries (G4); a cause is seen before its consequence (G5). There is no order
//! between different subscribers (G6).
//!
//! Publishing is `events::publish`: the unit of work appends at its end, under the log's lock. This module reads. It knows no
//! domain: a module hands in its subscribers, and `app` starts them.

mod careful;
mod control;
mod delivery;
mod dispatch;
mod doctor;
mod feed;
mod figures;
mod horizon;
mod log;
mod outlet;
mod parked;
mod queries;
mod rebuild;
mod repair;
mod roster;
mod store;
mod subscriber;
mod tap;
mod watch;

use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::workers::{SAFETY_NET, Workers};

pub use control::{Holder, pause, resume, retire, rewind};
pub use dispatch::step;
pub use doctor::{Check, check_log, list_unapplied, reached};
pub use feed::{EventDocument, Feed, FeedFilter, Piece, head_of_log, read_feed};
pub use figures::{ParkedCount, paces, parked_counts};
pub use horizon::{Horizon, Waiter};
pub use log::{
    Envelope, Link, LogFilter, ParkedOfEvent, correlations_of, count_log, find_event, list_chain,
    list_log, parked_of, payload_of,
};
pub use outlet::{Outlet, Sent, register_outlet, start_outlet, step_outlet};
pub use queries::{
    ErrorClass, Hold, ParkedEvent, ParkedFilter, ParkedItem, ParkedPlace, ParkedState,
    SubscriberStatus, Unresolved, bound_log, caught_up_with, count_parked, error_classes,
    find_parked, list_parked, list_unresolved, show_parked, statuses,
};
pub use rebuild::rebuild;
pub use repair::{Selection, lock_dead, replay, skip, skip_with_correction};
pub use roster::{Listener, Roster};
pub use subscriber::{Item, Start, Subscriber};
pub use tap::{LoggedEvent, Tap, start_tap};

/// The role that reads the log and moves the cursors.
pub const ROLE: DbRole = DbRole::new("ates_bus");

/// Registers the subscribers and starts a worker for each, and one that watches the log for events of other processes.
///
/// # Errors
/// Those of the database, and that a thread cannot be made.
pub fn start(
    workers: &mut Workers,
    db: &Db,
    config: &Config,
    subscribers: Vec<Box<dyn Subscriber>>,
) -> AppResult<()> {
    register(db, &subscribers)?;
    let names = subscribers
        .iter()
        .map(|subscriber| subscriber.name())
        .collect();
    let retries = parked::Retries {
        longest: config.event_retry_max,
    };
    for subscriber in subscribers {
        let (name, own_db) = (subscriber.name(), db.clone());
        let mut pace = dispatch::Pace::new(retries, true, config.event_page);
        let step = move || dispatch::step_with(&own_db, subscriber.as_ref(), &mut pace);
        workers
            .spawn(name, db.wake(), SAFETY_NET, step)
            .map_err(|error| AppError::internal(error.to_string()))?;
    }
    watch::start(workers, db, config, names)
}

/// Makes the cursor of each subscriber that has none yet, and keeps what the program says of each.
///
/// # Errors
/// Those of the database.
pub fn register(db: &Db, subscribers: &[Box<dyn Subscriber>]) -> AppResult<()> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        subscribers.iter().try_for_each(|subscriber| {
            store::upsert_cursor(tx.conn(), store::NewCursor::of(subscriber.as_ref()))
        })
    })
}
