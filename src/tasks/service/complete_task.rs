//! Completing a task: by its assignee, once.

use serde_json::json;

use super::record_of;
use crate::auth::{Actor, Operation};
use crate::events::{self, TaskCompleted};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::TaskId;
use crate::tasks::model::Task;
use crate::tasks::store::{self, JournalKind, JournalRow};

/// Completes an open task of the actor (T19); done is final (T20). Publishes `task.completed` and `task.updated`.
///
/// # Errors
/// 404 when it is not theirs to know; 403 for anyone but the assignee, with the reason when it was theirs until a reassign
/// (T21); 409 while it is saving (T24) and when it is done.
pub fn complete_task(tx: &mut Tx<'_>, actor: &Actor, id: TaskId) -> AppResult<Task> {
    actor.allow(Operation::CompleteTask)?;
    let now = tx.now;
    let Some(task) = store::update_completed(tx.conn(), now, id, actor.id)? else {
        return Err(why_not(tx, actor, id)?);
    };
    let completion = events::publish(tx, id, &TaskCompleted { assignee: actor.id })?;
    events::publish(tx, id, &record_of(&task))?;
    let row = JournalRow::new(id, JournalKind::Complete, Some(actor.id), completion);
    store::insert_journal(tx.conn(), now, &[row])?;
    tx.audit("tasks.task_completed", Some(id.0), &json!({}))?;
    Ok(task)
}

fn why_not(tx: &mut Tx<'_>, actor: &Actor, id: TaskId) -> AppResult<AppError> {
    let Some(task) = store::find_task(tx.conn(), id)? else {
        return Ok(AppError::NotFound);
    };
    let had_it = store::exists_assignment(tx.conn(), id, task.created_at, actor.id)?;
    Ok(task.completion_refusal(actor, had_it))
}
