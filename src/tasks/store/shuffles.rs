//! The queued presses of the shuffle.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;
use crate::platform::ids::{ShuffleId, TaskId, UserId};
use crate::tasks::draw::Seed;

/// A press to be stored.
pub(in crate::tasks) struct NewShuffle {
    pub id: ShuffleId,
    pub seed: Seed,
    pub requested_by: UserId,
    pub total: i64,
}

/// The run in hand.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::tasks) struct Run {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Binary)]
    pub seed: Vec<u8>,
    #[diesel(sql_type = SqlUuid)]
    pub requested_by: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub requested_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub last_task_id: Option<Uuid>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many tasks are open.
pub(in crate::tasks) fn count_open(conn: &mut PgConnection) -> AppResult<i64> {
    let row: Count = sql_query("select count(*) as count from tasks.tasks where status = 'open'")
        .prepared()
        .get_result(conn)?;
    Ok(row.count)
}

/// What there is to shuffle, and what is asked for already.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::tasks) struct Demand {
    /// Open tasks.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
    /// Presses that wait.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
}

/// How many tasks are open, and how many presses wait; with `queue_limit` presses the tasks are not counted any more.
pub(in crate::tasks) fn count_demand(
    conn: &mut PgConnection,
    queue_limit: i64,
) -> AppResult<Demand> {
    Ok(sql_query(
        "select w.waiting, case when w.waiting < $1 then (select count(*) from tasks.tasks where status = 'open') else 0 end as open
         from (select count(*) as waiting from tasks.shuffles where state = 'queued') w",
    )
    .bind::<BigInt, _>(queue_limit)
    .prepared()
    .get_result(conn)?)
}

/// Puts a press at the end of the queue.
pub(in crate::tasks) fn insert_shuffle(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    shuffle: &NewShuffle,
) -> AppResult<()> {
    sql_query(
        "insert into tasks.shuffles (id, state, seed, requested_by, requested_at, total)
         values ($1, 'queued', $2, $3, $4, $5)",
    )
    .bind::<SqlUuid, _>(shuffle.id.0)
    .bind::<Binary, _>(shuffle.seed.as_slice())
    .bind::<SqlUuid, _>(shuffle.requested_by.0)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(i32::try_from(shuffle.total).unwrap_or(i32::MAX))
    .execute(conn)?;
    Ok(())
}

/// The condition under which a press waits.
pub(in crate::tasks) const RUN_WAITS: &str =
    "exists (select from tasks.shuffles where state <> 'done')";

/// Locks the oldest press that is not done; none when there is none, or when another process has it: runs go one after another.
pub(in crate::tasks) fn lock_next_run(conn: &mut PgConnection) -> AppResult<Option<Run>> {
    Ok(sql_query(
        "select id, seed, requested_by, requested_at, last_task_id from tasks.shuffles
         where number = (select min(number) from tasks.shuffles where state <> 'done') and state <> 'done'
         for update skip locked",
    ).prepared()
    .get_result(conn)
    .optional()?)
}

/// Writes down how far a run is. Tasks that were opened after the press raise its total.
pub(in crate::tasks) fn update_run_progress(
    conn: &mut PgConnection,
    run: Uuid,
    now: DateTime<Utc>,
    moved: usize,
    last: TaskId,
) -> AppResult<()> {
    sql_query(
        "update tasks.shuffles set state = 'running', started_at = coalesce(started_at, $2), last_chunk_at = $2,
           done = done + $3, total = greatest(total, done + $3), last_task_id = $4
         where id = $1",
    )
    .bind::<SqlUuid, _>(run)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(i32::try_from(moved).unwrap_or(i32::MAX))
    .bind::<SqlUuid, _>(last.0)
    .prepared()
    .execute(conn)?;
    Ok(())
}

/// Ends a run.
pub(in crate::tasks) fn update_run_done(
    conn: &mut PgConnection,
    run: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update tasks.shuffles set state = 'done', started_at = coalesce(started_at, $2), finished_at = $2 where id = $1",
    )
    .bind::<SqlUuid, _>(run)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
