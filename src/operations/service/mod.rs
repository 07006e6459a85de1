//! The use cases of the operator's pages: each asks whether the person may, then reads or switches.

mod events;
mod tree;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use super::queries::{Finding, verify};
use crate::auth::{Actor, Operation};
use crate::bus::{self, Holder, SubscriberStatus};
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::jobs::{self, JobRun};
pub(super) use events::{EXPORTED, EventFilter, Story, Told, is_event, list_events, show_story};
pub use tree::{Node, Stage, Tree, Visit, trees};

/// Runs of jobs that the page shows.
const RUNS_SHOWN: i64 = 20;

/// What the page of modules shows.
pub(super) struct Running {
    pub subscribers: Vec<SubscriberStatus>,
    pub runs: Vec<JobRun>,
}

/// Every subscriber, and the latest runs of the jobs.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn show_running(conn: &mut PgConnection, actor: &Actor) -> AppResult<Running> {
    actor.allow(Operation::Operate)?;
    Ok(Running {
        subscribers: bus::statuses(conn)?,
        runs: jobs::list_latest(conn, RUNS_SHOWN)?,
    })
}

/// Pauses a subscriber: its events wait.
///
/// # Errors
/// Forbidden; 404 for an unknown name; those of the database.
pub(super) fn pause(db: &Db, actor: &Actor, origin: Origin, name: &str) -> AppResult<()> {
    actor.allow(Operation::Operate)?;
    let holder = Holder::Operator(actor.name.clone());
    bus::pause(db, name, &holder, "paused on the page of modules", origin)
}

/// Lets all holders of a subscriber go, so that it goes on where it stopped.
///
/// # Errors
/// Forbidden; 404 for an unknown name; those of the database.
pub(super) fn resume(db: &Db, actor: &Actor, origin: Origin, name: &str) -> AppResult<()> {
    actor.allow(Operation::Operate)?;
    let statuses = db.read_blocking(bus::ROLE, bus::statuses)?;
    let row = statuses
        .iter()
        .find(|row| row.name == name)
        .ok_or(AppError::NotFound)?;
    row.holders
        .iter()
        .try_for_each(|hold| bus::resume(db, name, &Holder::parse(&hold.holder), origin.clone()))
}

/// Asks every invariant.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn run_checks(
    conn: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<Vec<Finding>> {
    actor.allow(Operation::Checks)?;
    verify(conn, now)
}
