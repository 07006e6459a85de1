//! The module's use cases: each asks the policy, the model and the store, and publishes what happened.

mod complete_task;
mod create_task;
mod import_tasks;
mod limits;
mod redraw;
mod request_shuffle;
mod run_shuffle;
mod update_task;

use rand::Rng;

use super::draw::Seed;
use super::model::Task;
use crate::events::TaskUpdated;
use crate::platform::db::Tx;

pub use complete_task::complete_task;
pub use create_task::create_task;
pub use import_tasks::{ImportReport, TaskRow, import_tasks};
pub use request_shuffle::request_shuffle;
pub use update_task::update_task;

pub(super) use limits::{Limits, note_refusal};
pub(super) use redraw::{redraw_stranded, redraw_stranded_among};
pub(super) use run_shuffle::run_shuffle_chunk;

/// A fresh seed for a draw.
fn fresh_seed(tx: &mut Tx<'_>) -> Seed {
    let mut seed = Seed::default();
    tx.rng.fill_bytes(&mut seed);
    seed
}

/// The record of a task as other modules may know it (T31).
pub(super) fn record_of(task: &Task) -> TaskUpdated {
    TaskUpdated {
        title: task.text.title.clone(),
        jira_id: task.text.jira_id.clone(),
        status: task.status,
        assignee: task.assignee,
        updated_by: task.updated_by,
    }
}
