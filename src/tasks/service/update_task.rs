//! Changing the words of a task.

use serde_json::json;

use super::record_of;
use crate::auth::Actor;
use crate::events;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::TaskId;
use crate::tasks::model::{Task, TaskText};
use crate::tasks::note::Note;
use crate::tasks::store::{self, JournalKind, JournalRow};

/// Changes title, jira id and description of a task that is not done (T35); its price and its assignee stay. `change` makes the
/// new words from the present ones. Publishes `task.updated`, unless nothing is different.
///
/// # Errors
/// 404 when it is not theirs to know; 403 for anyone but the author, managers and administrators; 409 when it is done; what
/// `change` returns.
pub fn update_task(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TaskId,
    change: impl FnOnce(&TaskText) -> AppResult<TaskText>,
) -> AppResult<Task> {
    let task = store::lock_task(tx.conn(), id)?.ok_or(AppError::NotFound)?;
    task.check_edit(actor)?;
    let text = change(&task.text)?;
    if text == task.text {
        return Ok(task);
    }
    let now = tx.now;
    let changed = store::update_text(tx.conn(), now, id, actor.id, &text)?;
    let update = events::publish(tx, id, &record_of(&changed))?;
    let row = JournalRow {
        note: Some(Note::edited(&task.text, &text).to_string()),
        ..JournalRow::new(id, JournalKind::Other, Some(actor.id), update)
    };
    store::insert_journal(tx.conn(), now, &[row])?;
    tx.audit("tasks.task_changed", Some(id.0), &json!({}))?;
    Ok(changed)
}
