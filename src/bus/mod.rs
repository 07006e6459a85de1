//! The event bus: an append-only log in Postgres, a cursor for each subscriber, effects and cursor in one transaction.
//!
//! What it guarantees: an event exists exactly if its transaction committed (G1); every subscriber gets it, however long it was
//! stopped (G2); its effects in the database happen exactly once for each subscriber (G3); events with one key are applied in
//! the order of commit, also across failures and retries (G4); a cause is seen before its consequence (G5). There is no order
//! between different subscribers (G6).
//!
//! Publishing is `events::publish`: the unit of work appends at its end, under the log's lock. This module reads. It knows no
//! domain: a module hands in its subscribers, and `app` starts them.

mod dispatch;
mod parked;
mod skip;
mod store;
mod subscriber;

use std::time::Duration;

use crate::platform::db::{Db, DbRole, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::workers::{Progress, Workers};

pub use dispatch::step;
pub use skip::skip_with_correction;
pub use store::{SubscriberStatus, caught_up_with, has_unresolved_before, statuses};
pub use subscriber::{Item, Start, Subscriber};

/// The role that reads the log and moves the cursors.
pub const ROLE: DbRole = DbRole::new("ates_bus");

/// How often a subscriber looks for work when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// How often the log is looked at for events of other processes.
const WATCH: Duration = Duration::from_millis(250);

/// Registers the subscribers and starts a worker for each, and one that watches the log for events of other processes.
///
/// # Errors
/// Those of the database, and that a thread cannot be made.
pub fn start(
    workers: &mut Workers,
    db: &Db,
    subscribers: Vec<Box<dyn Subscriber>>,
) -> AppResult<()> {
    register(db, &subscribers)?;
    for subscriber in subscribers {
        let (name, own_db) = (subscriber.name(), db.clone());
        let mut page = dispatch::PageSize::default();
        let step = move || dispatch::step_with(&own_db, subscriber.as_ref(), &mut page);
        workers
            .spawn(name, db.wake(), POLL, step)
            .map_err(|error| AppError::internal(error.to_string()))?;
    }
    let (own_db, mut known) = (db.clone(), 0);
    let watch = move || {
        let head = own_db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
            store::head(tx.conn())
        })?;
        if head > known {
            known = head;
            own_db.wake().notify();
        }
        std::thread::park_timeout(WATCH);
        Ok(Progress::More)
    };
    workers
        .spawn("bus.watch", db.wake(), WATCH, watch)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// Makes the cursor of each subscriber that has none yet.
///
/// # Errors
/// Those of the database.
pub fn register(db: &Db, subscribers: &[Box<dyn Subscriber>]) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        subscribers.iter().try_for_each(|subscriber| {
            store::insert_cursor(tx.conn(), subscriber.name(), subscriber.start())
        })
    })
}

/// Pauses a subscriber: when this returns, nothing of it runs and nothing will start until it is resumed. Events wait.
///
/// # Errors
/// 404 for an unknown name.
pub fn pause(db: &Db, name: &str, origin: Origin) -> AppResult<()> {
    set_paused(db, name, true, origin)
}

/// Resumes a paused subscriber; it goes on where it stopped.
///
/// # Errors
/// 404 for an unknown name.
pub fn resume(db: &Db, name: &str, origin: Origin) -> AppResult<()> {
    set_paused(db, name, false, origin)?;
    db.wake().notify();
    Ok(())
}

fn set_paused(db: &Db, name: &str, paused: bool, origin: Origin) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        if !store::update_paused(tx.conn(), name, paused)? {
            return Err(AppError::NotFound);
        }
        let action = if paused { "bus.paused" } else { "bus.resumed" };
        tx.audit(action, None, &serde_json::json!({ "subscriber": name }))
    })
}
