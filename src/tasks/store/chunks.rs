//! What a run drew from: its chunks, and who could be drawn in each.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Binary, Bool, Integer, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::tasks::draw::digest_of;

/// A chunk to be recorded.
pub(in crate::tasks) struct NewChunk<'a> {
    pub run: Uuid,
    /// The task after which the chunk begins.
    pub after: Uuid,
    /// Its last task.
    pub last: Uuid,
    /// How many tasks it gave away.
    pub tasks: usize,
    /// Who could be drawn, sorted.
    pub candidates: &'a [UserId],
}

/// A recorded chunk.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::tasks) struct ChunkRow {
    #[diesel(sql_type = Integer)]
    pub chunk: i32,
    #[diesel(sql_type = SqlUuid)]
    pub after_task_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub last_task_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub tasks: i32,
    #[diesel(sql_type = Binary)]
    pub candidates: Vec<u8>,
}

/// A recorded list of people.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::tasks) struct CandidatesRow {
    #[diesel(sql_type = Binary)]
    pub digest: Vec<u8>,
    #[diesel(sql_type = Array<SqlUuid>)]
    pub people: Vec<Uuid>,
}

/// Records a chunk of a run that is locked; a list of people that is known already is not sent again.
pub(in crate::tasks) fn insert_chunk(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    chunk: &NewChunk<'_>,
) -> AppResult<()> {
    let digest = digest_of(chunk.candidates);
    if insert_known(conn, now, chunk, &digest)? {
        return Ok(());
    }
    let people: Vec<Uuid> = chunk.candidates.iter().map(|person| person.0).collect();
    sql_query(
        "insert into tasks.draw_candidates (digest, people) values ($1, $2) on conflict do nothing",
    )
    .bind::<Binary, _>(digest.as_slice())
    .bind::<Array<SqlUuid>, _>(people)
    .execute(conn)?;
    if insert_known(conn, now, chunk, &digest)? {
        return Ok(());
    }
    Err(AppError::internal(
        "the people of a chunk were not recorded",
    ))
}

/// Records a chunk if its list of people is known.
fn insert_known(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    chunk: &NewChunk<'_>,
    digest: &[u8],
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        known: bool,
    }
    let row: Row = sql_query(
        "with recorded as (
           insert into tasks.shuffle_chunks (run_id, chunk, after_task_id, last_task_id, tasks, candidates, drawn_at)
           select $1, coalesce((select max(chunk) from tasks.shuffle_chunks where run_id = $1), 0) + 1, $2, $3, $4, c.digest, $6
           from tasks.draw_candidates c where c.digest = $5 returning true
         ) select exists (select from recorded) as known",
    )
    .bind::<SqlUuid, _>(chunk.run)
    .bind::<SqlUuid, _>(chunk.after)
    .bind::<SqlUuid, _>(chunk.last)
    .bind::<Integer, _>(i32::try_from(chunk.tasks).unwrap_or(i32::MAX))
    .bind::<Binary, _>(digest)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)?;
    Ok(row.known)
}

/// The chunks of a run, in order.
pub(in crate::tasks) fn list_chunks(
    conn: &mut PgConnection,
    run: Uuid,
) -> AppResult<Vec<ChunkRow>> {
    Ok(sql_query(
        "select chunk, after_task_id, last_task_id, tasks, candidates from tasks.shuffle_chunks
         where run_id = $1 order by chunk",
    )
    .bind::<SqlUuid, _>(run)
    .prepared()
    .load(conn)?)
}

/// The lists of people that a run drew from.
pub(in crate::tasks) fn list_candidates(
    conn: &mut PgConnection,
    run: Uuid,
) -> AppResult<Vec<CandidatesRow>> {
    Ok(sql_query(
        "select digest, people from tasks.draw_candidates
         where digest in (select candidates from tasks.shuffle_chunks where run_id = $1) order by digest",
    )
    .bind::<SqlUuid, _>(run).prepared()
    .load(conn)?)
}
