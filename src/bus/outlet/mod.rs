//! An outlet: something outside of the database that takes events one by one, each with a word of its own whether it did.
//!
//! It has a cursor and parked items like every subscriber. What differs is that no transaction is open while it is spoken to: a step
//! takes the cursor for a minute and reads a page, hands the events over, and writes down in a second transaction what has become of them. So
//! an event may be handed over again (G7), with the same id. Events about one subject stay in order, also across failures and retries.

mod claim;
mod settle;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::parked::Retries;
use super::store;
use super::subscriber::Start;
use super::tap::LoggedEvent;
use super::{ROLE, outlet::claim::Claim};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::fresh_key;
use crate::platform::workers::{Progress, Workers};

/// How often an outlet looks for what nobody woke it for: retries, a rest that is over, events of other processes.
const POLL: Duration = Duration::from_secs(1);

/// How long a step goes on handing over. With one more answer behind it this is within [`HOLD`], and within the time for a polite stop.
const STEP: Duration = Duration::from_secs(5);

/// How long a process holds a cursor, if it does not let go before.
const HOLD: chrono::Duration = chrono::Duration::seconds(60);

/// What became of an event that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The other side has it.
    Taken,
    /// The other side is not there just now; nobody is to blame, and all events wait.
    Away(String),
    /// The other side has trouble, perhaps with this event alone.
    Trouble(String),
    /// The other side will not take this event.
    Refused(String),
}

/// What takes events.
pub trait Outlet: Send + 'static {
    /// The name of its cursor.
    fn name(&self) -> &'static str;

    /// The types of events it takes.
    fn types(&self) -> &'static [&'static str];

    /// Hands over one event. Called without a connection to the database; comes back within seconds.
    fn send(&mut self, event: &LoggedEvent) -> Sent;
}

/// Makes the outlet's cursor if it has none yet, at what comes next, and starts a worker for it.
///
/// # Errors
/// Those of the database, and that a thread cannot be made.
pub fn start_outlet(
    workers: &mut Workers,
    db: &Db,
    config: &Config,
    mut outlet: Box<dyn Outlet>,
) -> AppResult<()> {
    register_outlet(db, outlet.as_ref())?;
    let longest = config.event_retry_max;
    let (name, own_db, holder) = (outlet.name(), db.clone(), fresh_key());
    let step = move || step_outlet(&own_db, outlet.as_mut(), holder, longest);
    workers
        .spawn(name, db.wake(), POLL, step)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// Makes the outlet's cursor if it has none yet.
///
/// # Errors
/// Those of the database.
pub fn register_outlet(db: &Db, outlet: &dyn Outlet) -> AppResult<()> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let cursor = store::NewCursor {
            name: outlet.name(),
            start: Start::Head,
            money: false,
            repeatable: true,
            rebuildable: false,
        };
        store::upsert_cursor(tx.conn(), cursor)?;
        store::insert_outlet(tx.conn(), outlet.name())
    })
}

/// Hands over the retries that are due and the next events, unless another process does or the other side is left alone for a while.
///
/// # Errors
/// Those of the database; what the other side says is written down, not returned.
pub fn step_outlet(
    db: &Db,
    outlet: &mut dyn Outlet,
    holder: Uuid,
    longest: Duration,
) -> AppResult<Progress> {
    let Some(claim) = Claim::take(db, outlet, holder)? else {
        return Ok(Progress::Idle);
    };
    let answers = hand_over(outlet, &claim);
    let settled = settle::settle(db, &claim, answers, Retries { longest })?;
    Ok(if settled {
        Progress::More
    } else {
        Progress::Idle
    })
}

/// Hands over what was taken, in order: all of it, or as much as goes within the time, or up to where the other side has trouble. None for
/// an event that waits behind another one about the same subject.
fn hand_over(outlet: &mut dyn Outlet, claim: &Claim) -> Vec<Option<Sent>> {
    let (began, mut answers, mut refused) = (Instant::now(), Vec::new(), HashSet::new());
    for (place, (event, blocked)) in claim.all().enumerate() {
        if began.elapsed() >= STEP {
            break;
        }
        let subject = event.envelope.subject_id;
        if blocked || refused.contains(&subject) {
            answers.push(None);
            continue;
        }
        let sent = outlet.send(event);
        // Trouble with a retry is its own; trouble with the next event may be the target's.
        let is_retry = place < claim.due.len();
        let ends = matches!(sent, Sent::Away(_)) || (matches!(sent, Sent::Trouble(_)) && !is_retry);
        if matches!(sent, Sent::Refused(_)) {
            refused.insert(subject);
        }
        answers.push(Some(sent));
        if ends {
            break;
        }
    }
    answers
}
