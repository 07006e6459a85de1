//! A tap: something outside of the database that is passed the whole log, event by event as it is stored.
//!
//! It has a cursor like every subscriber, so it shows its lag, can be paused, and goes on where it stopped. Outside of the
//! database there is no common transaction: what a tap took may be given to it again (G7), with the same id and in the same order.

use crate::platform::db::Prepare;
use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Jsonb, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;

use super::log::{ENVELOPE, Envelope};
use super::subscriber::Start;
use super::{ROLE, store};
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::workers::{Progress, Workers};

/// How often a tap looks for events that nobody woke it for: those that another process left when it died. The watch does not
/// ask for it, since a tap may be behind for hours while the other side is away.
const POLL: Duration = Duration::from_secs(5);

/// Events passed on in one step at most. The cursor's row is locked meanwhile, so that two instances never pass on at once.
const PAGE: i64 = 200;

/// An event with its whole envelope, as the log has it.
#[derive(Clone, Debug, QueryableByName)]
pub struct LoggedEvent {
    /// All but its content.
    #[diesel(embed)]
    pub envelope: Envelope,
    /// Its content.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
}

/// What is passed the whole log.
pub trait Tap: Send + 'static {
    /// The name of its cursor.
    fn name(&self) -> &'static str;

    /// Where it begins when it is new.
    fn start(&self) -> Start;

    /// Makes sure that events can be taken now. Called without a connection to the database, so it may wait.
    ///
    /// # Errors
    /// That they cannot; nothing is lost, the step is tried again later.
    fn prepare(&mut self) -> AppResult<()>;

    /// Takes events in the order of the log, and tells how many of them, from the first on, are safe on the other side. Comes back
    /// within seconds, as the cursor is locked meanwhile.
    ///
    /// # Errors
    /// That none of them is safe.
    fn take(&mut self, events: &[LoggedEvent]) -> AppResult<usize>;
}

/// Makes the tap's cursor if it has none yet, and starts a worker for it.
///
/// # Errors
/// Those of the database, and that a thread cannot be made.
pub fn start_tap(workers: &mut Workers, db: &Db, mut tap: Box<dyn Tap>) -> AppResult<()> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let cursor = store::NewCursor {
            name: tap.name(),
            start: tap.start(),
            money: false,
            repeatable: true,
            rebuildable: false,
        };
        store::upsert_cursor(tx.conn(), cursor)
    })?;
    let (name, own_db) = (tap.name(), db.clone());
    let step = move || step(&own_db, tap.as_mut());
    workers
        .spawn(name, db.wake(), POLL, step)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// Passes on the next page of the log.
fn step(db: &Db, tap: &mut dyn Tap) -> AppResult<Progress> {
    let waits = db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        is_waited_for(tx.conn(), tap.name())
    })?;
    if !waits {
        return Ok(Progress::Idle);
    }
    tap.prepare()?;
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let Some(cursor) = store::lock_cursor(tx.conn(), tap.name())? else {
            return Ok(Progress::Idle);
        };
        let events = list_logged(tx.conn(), cursor.position, PAGE)?;
        if events.is_empty() {
            return Ok(Progress::Idle);
        }
        let taken = tap.take(&events)?.min(events.len());
        if let Some(last) = events[..taken].last() {
            let now = tx.now;
            store::advance(tx.conn(), tap.name(), last.envelope.seq, taken, now)?;
        }
        Ok(Progress::More)
    })
}

/// Whether events wait for a tap that is not paused.
fn is_waited_for(conn: &mut PgConnection, name: &str) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        waits: bool,
    }
    let row: Row = sql_query(
        "select exists (select from bus.subscribers s where s.name = $1 and not s.paused and s.retired_at is null
           and exists (select from bus.events e where e.seq > s.position)) as waits",
    )
    .bind::<Text, _>(name).prepared()
    .get_result(conn)?;
    Ok(row.waits)
}

fn list_logged(conn: &mut PgConnection, after: i64, limit: i64) -> AppResult<Vec<LoggedEvent>> {
    Ok(sql_query(format!(
        "select {ENVELOPE}, e.payload from bus.all_events e where e.seq > $1 order by e.seq limit $2"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
