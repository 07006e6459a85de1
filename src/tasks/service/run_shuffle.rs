//! Working off the presses of the shuffle: one chunk is one transaction, so that others get in between.

use crate::events::{self, Assignment, TasksReassigned};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{ShuffleId, TaskId, UserId};
use crate::platform::workers::Progress;
use crate::tasks::draw::{Seed, draw};
use crate::tasks::store::{self, Held, JournalKind, JournalRow, NewChunk, Run};

/// Assignments in one event at most (decision 13).
const BATCH: usize = 500;

/// Takes the next `limit` open tasks of the oldest run and draws for each, whoever has it now (T11, decision 12). Ends the run
/// when no task is left, or when nobody is eligible. Publishes `tasks.reassigned` in batches of at most 500 (T15), and records
/// who could be drawn, so that the draw can be recomputed.
///
/// # Errors
/// Those of the database; then the chunk did not happen, and is done anew.
pub(in crate::tasks) fn run_shuffle_chunk(tx: &mut Tx<'_>, limit: i64) -> AppResult<Progress> {
    let Some(run) = store::lock_next_run(tx.conn())? else {
        return Ok(Progress::Idle);
    };
    tx.origin.actor = Some(run.requested_by);
    let now = tx.now;
    store::lock_eligibility_shared(tx.conn())?;
    let candidates = store::list_assignable(tx.conn())?;
    let open = store::lock_next_open(tx.conn(), run.last_task_id, run.requested_at, limit)?;
    let (Some(last), false) = (open.last(), candidates.is_empty()) else {
        store::update_run_done(tx.conn(), run.id, now)?;
        tracing::info!(shuffle.id = %run.id, "a shuffle ended");
        return Ok(Progress::More);
    };
    reassign(tx, &run, &open, &candidates)?;
    let chunk = NewChunk {
        run: run.id,
        after: run.last_task_id.unwrap_or_default(),
        last: last.id,
        tasks: open.len(),
        candidates: &candidates,
    };
    store::insert_chunk(tx.conn(), now, &chunk)?;
    store::update_run_progress(tx.conn(), run.id, now, open.len(), TaskId(last.id))?;
    Ok(Progress::More)
}

/// Draws somebody for each of the locked tasks, tells of it in batches, and writes it down for all of them at once.
fn reassign(tx: &mut Tx<'_>, run: &Run, open: &[Held], candidates: &[UserId]) -> AppResult<()> {
    let seed = seed_of(run)?;
    let (presser, run) = (UserId(run.requested_by), ShuffleId(run.id));
    let (mut moves, mut journal) = (Vec::new(), Vec::new());
    for batch in open.chunks(BATCH) {
        let assignments = batch
            .iter()
            .map(|held| assignment(&seed, held, candidates))
            .collect::<AppResult<Vec<_>>>()?;
        let told = TasksReassigned { run, assignments };
        let event = events::publish(tx, run.0, &told)?;
        for one in &told.assignments {
            moves.push((one.task.0, one.to));
            journal.push(JournalRow {
                assignment_seq: Some(one.assignment_seq),
                from: one.from,
                assignee: Some(one.to),
                run: Some(run),
                ..JournalRow::new(one.task, JournalKind::Assign, Some(presser), event)
            });
        }
    }
    let now = tx.now;
    store::update_assignees(tx.conn(), now, Some(presser), &moves)?;
    store::insert_journal(tx.conn(), now, &journal)
}

fn assignment(seed: &Seed, held: &Held, candidates: &[UserId]) -> AppResult<Assignment> {
    let task = TaskId(held.id);
    Ok(Assignment {
        task,
        from: Some(UserId(held.assignee_id)),
        to: draw(seed, task, candidates).ok_or_else(|| AppError::internal("nobody was drawn"))?,
        assignment_seq: held.assignment_seq + 1,
    })
}

fn seed_of(run: &Run) -> AppResult<Seed> {
    run.seed
        .as_slice()
        .try_into()
        .map_err(|_| AppError::internal(format!("the seed of shuffle {} is not 32 bytes", run.id)))
}
