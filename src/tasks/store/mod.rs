//! The module's SQL for writing; no policy. Ids and times come from the unit of work.

mod changes;
mod chunks;
mod employees;
mod journal;
mod limits;
mod shuffles;
mod tasks;

use diesel::pg::PgConnection;
use diesel::{RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

pub(super) use changes::{
    Held, Price, lock_next_open, update_assignees, update_completed, update_priced, update_text,
};
pub(super) use chunks::{NewChunk, insert_chunk, list_candidates, list_chunks};
pub(super) use employees::{
    Employee, find_drawn, find_employees, list_assignable, list_stranded_open, upsert_employees,
};
pub(super) use journal::{JournalKind, JournalRow, exists_assignment, insert_journal};
pub(super) use limits::{count_created_since, count_pressed_since, lock_creations_of};
pub(super) use shuffles::{
    NewShuffle, RUN_WAITS, Run, count_demand, count_open, insert_shuffle, lock_next_run,
    update_run_done, update_run_progress,
};
pub(super) use tasks::{NewTask, StoredTask, TASK_COLUMNS, find_task, insert_tasks, lock_task};

/// Holds everyone's eligibility as it is until the end of the transaction: taken by whoever draws.
pub(super) fn lock_eligibility_shared(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock_shared(7781, 2)").execute(conn)?;
    Ok(())
}

/// Waits for all draws under way and holds off new ones until the end of the transaction: taken before somebody stops being
/// eligible, so that no task is drawn to someone who just left.
pub(super) fn lock_eligibility(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 2)").execute(conn)?;
    Ok(())
}

/// Lets presses of the shuffle count the queue one after another. A lock of its own: a press never waits for a booking.
pub(super) fn lock_shuffle_queue(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 31)").execute(conn)?;
    Ok(())
}
