//! Creating a task: it is saved, drawn and told in one transaction.

use serde_json::json;

use super::fresh_seed;
use crate::auth::{Actor, Operation};
use crate::events::{self, AssignmentReason, TaskAssigned, TaskCreated};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{EventId, UserId};
use crate::tasks::draw::lot_of;
use crate::tasks::model::{Task, TaskText};
use crate::tasks::store::{self, JournalKind, JournalRow, NewTask};

/// Creates a task and gives it to somebody by chance (T03, T06, T07); it is saving until accounting has priced it (T24).
/// Publishes `task.created` and `task.assigned`.
///
/// # Errors
/// 403 without the right; 409 when nobody is eligible, and then nothing at all has happened (T08).
pub fn create_task(tx: &mut Tx<'_>, actor: &Actor, text: TaskText) -> AppResult<Task> {
    actor.allow(Operation::CreateTask)?;
    store::lock_eligibility_shared(tx.conn())?;
    let (seed, id) = (fresh_seed(tx), tx.new_id());
    let assignee = store::find_drawn(tx.conn(), lot_of(&seed, id))?.ok_or_else(nobody_eligible)?;
    let (now, new) = (tx.now, NewTask { id, text, assignee });
    let mut stored = store::insert_tasks(tx.conn(), now, actor.id, std::slice::from_ref(&new))?;
    let told = tell_of_creation(tx, actor.id, &new)?;
    store::insert_journal(tx.conn(), now, &told)?;
    tx.audit("tasks.task_created", Some(id.0), &json!({}))?;
    stored
        .pop()
        .ok_or_else(|| AppError::internal("an inserted task did not come back"))
}

pub(super) fn nobody_eligible() -> AppError {
    AppError::conflict("error-nobody-eligible")
}

/// Publishes that a task was created and assigned; gives the rows of its journal, which carry the same ids.
pub(super) fn tell_of_creation(
    tx: &mut Tx<'_>,
    author: UserId,
    task: &NewTask,
) -> AppResult<[JournalRow; 2]> {
    let assignment: EventId = tx.new_id();
    let created = TaskCreated {
        title: task.text.title.clone(),
        jira_id: task.text.jira_id.clone(),
        assignee: task.assignee,
        assignment,
        created_by: author,
    };
    let creation = events::publish(tx, task.id, &created)?;
    let assigned = TaskAssigned {
        from: None,
        to: task.assignee,
        assignment_seq: 1,
        reason: AssignmentReason::Created,
    };
    events::publish_as(tx, assignment, task.id, None, &assigned)?;
    let row = |kind, event| JournalRow::new(task.id, kind, Some(author), event);
    Ok([
        row(JournalKind::Create, creation),
        JournalRow {
            assignment_seq: Some(1),
            assignee: Some(task.assignee),
            ..row(JournalKind::Assign, assignment)
        },
    ])
}
