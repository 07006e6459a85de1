//! The journal of one task (T26).

use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::people::{Person, names_of, person};
use super::show_task;
use crate::auth::Actor;
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::tasks::note::Note;

/// Something that happened to a task.
#[derive(Clone, Debug)]
pub(in crate::tasks) struct JournalEntry {
    pub kind: String,
    pub at: DateTime<Utc>,
    /// Who did it; none for the system.
    pub actor: Option<Person>,
    pub assignment_seq: Option<i32>,
    pub from: Option<Person>,
    pub to: Option<Person>,
    /// The shuffle that did it, with its number.
    pub run: Option<(Uuid, i64)>,
    pub note: Option<Note>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Timestamptz)]
    occurred_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    assignment_seq: Option<i32>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    from_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    assignee_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    run_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    run_number: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
}

/// What happened to a task, in order; the latest 1,000 entries of a task that was shuffled very often.
///
/// # Errors
/// 404 when there is no such task, or when it is not theirs to know.
pub(in crate::tasks) fn task_journal(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TaskId,
) -> AppResult<Vec<JournalEntry>> {
    let task = show_task(conn, actor, id)?.task;
    let mut rows: Vec<Row> = sql_query(
        "select j.kind, j.occurred_at, j.actor_id, j.assignment_seq, j.from_id, j.assignee_id, j.run_id,
           s.number as run_number, j.note
         from tasks.all_journal j left join tasks.shuffles s on s.id = j.run_id
         where j.task_id = $1 and j.occurred_at >= $2 and j.occurred_at <= coalesce($3, 'infinity') order by j.id desc limit 1000",
    )
    .bind::<SqlUuid, _>(id.0)
    .bind::<Timestamptz, _>(task.created_at)
    // Nothing happens to what is done; clocks of instances differ by less than a day.
    .bind::<Nullable<Timestamptz>, _>(task.completed_at.map(|at| at + Duration::days(1)))
    .prepared()
    .load(conn)?;
    rows.reverse();
    let people = rows.iter().flat_map(|row| {
        [row.actor_id, row.from_id, row.assignee_id]
            .into_iter()
            .flatten()
    });
    let names = names_of(conn, people)?;
    let named = |id: Option<Uuid>| id.map(|id| person(&names, id));
    let entry = |row: Row| JournalEntry {
        kind: row.kind,
        at: row.occurred_at,
        actor: named(row.actor_id),
        assignment_seq: row.assignment_seq,
        from: named(row.from_id),
        to: named(row.assignee_id),
        run: row.run_id.zip(row.run_number),
        note: row.note.as_deref().map(Note::parse),
    };
    Ok(rows.into_iter().map(entry).collect())
}
