//! What is published of a finished run: its record, and how much each person got.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{ShuffleId, TaskId, UserId};
use crate::tasks::proof::{Chunk, Drawn, RunRecord};
use crate::tasks::store;

/// How many tasks of a run somebody got.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::tasks) struct Share {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    pub tasks: i64,
}

/// Where the rows of a run lie in the journal, which has an index by time and none by run.
const SPAN: &str = "j.kind = 'assign' and j.run_id = $1
   and j.occurred_at between
     (select least(s.started_at, (select min(c.drawn_at) from tasks.shuffle_chunks c where c.run_id = s.id))
      from tasks.shuffles s where s.id = $1)
     and (select greatest(s.finished_at, (select max(c.drawn_at) from tasks.shuffle_chunks c where c.run_id = s.id))
      from tasks.shuffles s where s.id = $1)";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Binary)]
    seed: Vec<u8>,
    #[diesel(sql_type = Binary)]
    commitment: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct DrawnRow {
    #[diesel(sql_type = SqlUuid)]
    task_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    from_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    assignee_id: Uuid,
}

/// The record of a finished run, for whoever may see it.
///
/// # Errors
/// 403 without the right to shuffle, 404 when there is none, 409 while it is not finished: its seed is still a secret.
pub(in crate::tasks) fn show_record(
    conn: &mut PgConnection,
    actor: &Actor,
    id: ShuffleId,
) -> AppResult<RunRecord> {
    actor.allow(Operation::Shuffle)?;
    find_record(conn, id)
}

/// The same for the command line.
///
/// # Errors
/// 404 when there is none, 409 while it is not finished.
pub fn find_record(conn: &mut PgConnection, id: ShuffleId) -> AppResult<RunRecord> {
    let row: Option<Row> =
        sql_query("select number, seed, commitment, finished_at from tasks.shuffles where id = $1")
            .bind::<SqlUuid, _>(id.0)
            .get_result(conn)
            .optional()?;
    let row = row.ok_or(AppError::NotFound)?;
    if row.finished_at.is_none() {
        return Err(AppError::conflict("error-shuffle-not-finished"));
    }
    let seed = row
        .seed
        .as_slice()
        .try_into()
        .map_err(|_| AppError::internal(format!("the seed of shuffle {id} is not 32 bytes")))?;
    let chunks: Vec<Chunk> = store::list_chunks(conn, id.0)?
        .into_iter()
        .map(|row| Chunk {
            number: row.chunk,
            after: TaskId(row.after_task_id),
            last: TaskId(row.last_task_id),
            tasks: usize::try_from(row.tasks).unwrap_or(0),
            candidates: row.candidates,
        })
        .collect();
    let candidates: HashMap<Vec<u8>, Vec<UserId>> = store::list_candidates(conn, id.0)?
        .into_iter()
        .map(|row| (row.digest, row.people.into_iter().map(UserId).collect()))
        .collect();
    let drawn: Vec<DrawnRow> = sql_query(format!(
        "select j.task_id, j.from_id, j.assignee_id from tasks.all_journal j where {SPAN} order by j.task_id"
    ))
    .bind::<SqlUuid, _>(id.0)
    .load(conn)?;
    Ok(RunRecord {
        run: id.0,
        number: row.number,
        seed,
        commitment: row.commitment,
        chunks,
        candidates,
        drawn: drawn
            .into_iter()
            .map(|row| Drawn {
                task: TaskId(row.task_id),
                from: row.from_id.map(UserId),
                to: UserId(row.assignee_id),
            })
            .collect(),
    })
}

/// How many tasks of a run each person got, the most first.
///
/// # Errors
/// 403 without the right to shuffle.
pub(in crate::tasks) fn list_shares(
    conn: &mut PgConnection,
    actor: &Actor,
    id: ShuffleId,
    limit: i64,
) -> AppResult<Vec<Share>> {
    actor.allow(Operation::Shuffle)?;
    Ok(sql_query(format!(
        "select s.id, coalesce(e.name, '') as name, s.tasks
         from (select j.assignee_id as id, count(*) as tasks from tasks.all_journal j where {SPAN} group by j.assignee_id) s
           left join tasks.employees e on e.id = s.id
         order by s.tasks desc, name, s.id limit $2"
    ))
    .bind::<SqlUuid, _>(id.0)
    .bind::<BigInt, _>(limit)
    .prepared()
    .load(conn)?)
}
