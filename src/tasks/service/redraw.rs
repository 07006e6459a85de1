//! System assignments: tasks of those who can have none any more go to others at once (D15, A20).

use std::collections::HashMap;

use super::fresh_seed;
use crate::events::{self, AssignmentReason, Cause, TaskAssigned};
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::ids::{EventId, TaskId, UserId};
use crate::tasks::draw::draw;
use crate::tasks::model::Task;
use crate::tasks::store::{self, Held, JournalKind, JournalRow};
use uuid::Uuid;

/// Draws every open task anew whose assignee may have none (any more), and publishes `task.assigned` for each: an assignment
/// like any other, charged. When nobody is eligible they stay where they are until somebody is. The eligibility must be locked.
///
/// `causes` are the events that made people leave, by person; `other` that of all the rest.
///
/// # Errors
/// Those of the database.
pub(in crate::tasks) fn redraw_stranded(
    tx: &mut Tx<'_>,
    causes: &HashMap<Uuid, Cause>,
    other: &Cause,
) -> AppResult<()> {
    let stranded = store::list_stranded_open(tx.conn())?;
    let cause = |held: &Held| causes.get(&held.assignee_id).unwrap_or(other).clone();
    redraw(tx, &stranded, cause)
}

/// The same for tasks that were just opened.
///
/// # Errors
/// Those of the database.
pub(in crate::tasks) fn redraw_stranded_among(
    tx: &mut Tx<'_>,
    opened: &[Task],
    causes: &HashMap<Uuid, Cause>,
    other: &Cause,
) -> AppResult<()> {
    let holders: Vec<Uuid> = opened.iter().map(|task| task.assignee.0).collect();
    let assignable: HashMap<Uuid, bool> = store::find_employees(tx.conn(), &holders)?
        .into_iter()
        .map(|person| (person.id, person.assignable))
        .collect();
    let stranded: Vec<Held> = opened
        .iter()
        .filter(|task| assignable.get(&task.assignee.0) != Some(&true))
        .map(|task| Held {
            id: task.id.0,
            assignee_id: task.assignee.0,
            assignment_seq: task.assignment_seq,
        })
        .collect();
    redraw(tx, &stranded, |held| {
        causes.get(&held.id).unwrap_or(other).clone()
    })
}

fn redraw(tx: &mut Tx<'_>, stranded: &[Held], cause_of: impl Fn(&Held) -> Cause) -> AppResult<()> {
    if stranded.is_empty() {
        return Ok(());
    }
    let candidates = store::list_assignable(tx.conn())?;
    let seed = fresh_seed(tx);
    let mut moves = Vec::with_capacity(stranded.len());
    let mut journal = Vec::with_capacity(stranded.len());
    for held in stranded {
        let (task, from) = (TaskId(held.id), UserId(held.assignee_id));
        let Some(to) = draw(&seed, task, &candidates) else {
            tracing::warn!(
                tasks = stranded.len(),
                "nobody is eligible: open tasks stay with people who may have none"
            );
            return Ok(());
        };
        let (event, assignment_seq): (EventId, i32) = (tx.new_id(), held.assignment_seq + 1);
        let assigned = TaskAssigned {
            from: Some(from),
            to,
            assignment_seq,
            reason: AssignmentReason::Unavailable,
        };
        events::publish_as(tx, event, task, Some(&cause_of(held)), &assigned)?;
        moves.push((held.id, to));
        journal.push(JournalRow {
            assignment_seq: Some(assignment_seq),
            from: Some(from),
            assignee: Some(to),
            ..JournalRow::new(task, JournalKind::Assign, None, event)
        });
    }
    let now = tx.now;
    store::update_assignees(tx.conn(), now, None, &moves)?;
    store::insert_journal(tx.conn(), now, &journal)
}
