//! The use cases of the operator's pages: each asks whether the person may, then reads or switches.

mod consumers;
mod events;
mod letters;
mod runs;
mod stop;
mod tree;

use diesel::pg::PgConnection;

use crate::auth::{Actor, Operation};
use crate::platform::agreement::{self, Agreement};
use crate::platform::error::AppResult;

pub(super) use consumers::{Consumer, list_consumers, pause, resume, show_consumer, warn_of_lag};
pub(super) use events::{
    EXPORTED, EventFilter, EventWords, Story, Told, count_events, is_event, list_events, show_story,
};
pub(super) use letters::{
    Choice, Letter, LetterFilter, Letters, Verb, choose, export_letters, list_letters, replay,
    retry_everywhere, show_letter, skip,
};
pub(super) use runs::{JOBS, NEWEST_RUNS, RunColumn, RunFilter, Runs, list_runs, show_runs};
pub(super) use stop::{REASON, set_and_drain, stop};
pub use stop::{release, stop_from_host};
pub use tree::{Node, Stage, Tree, Visit, trees};

/// What the reconciler found of every invariant. To ask of everything while somebody waits would take longer than a request may
/// (`ates verify` does it).
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn show_checks(conn: &mut PgConnection, actor: &Actor) -> AppResult<Agreement> {
    actor.allow(Operation::Checks)?;
    agreement::find(conn)
}
