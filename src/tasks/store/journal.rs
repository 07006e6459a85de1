//! The journal of the tasks; append-only.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;
use crate::platform::ids::{EventId, ShuffleId, TaskId, UserId};

/// What happened (T26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) enum JournalKind {
    Create,
    Assign,
    Complete,
    Other,
}

impl JournalKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Assign => "assign",
            Self::Complete => "complete",
            Self::Other => "other",
        }
    }
}

/// A row of the journal to be written.
#[derive(Clone, Debug)]
pub(in crate::tasks) struct JournalRow {
    pub task: TaskId,
    pub kind: JournalKind,
    pub actor: Option<UserId>,
    pub event: Option<EventId>,
    pub assignment_seq: Option<i32>,
    pub from: Option<UserId>,
    pub assignee: Option<UserId>,
    pub run: Option<ShuffleId>,
    pub note: Option<String>,
}

impl JournalRow {
    /// A row about a task that says only what happened, by whom and under which event.
    pub fn new(task: TaskId, kind: JournalKind, actor: Option<UserId>, event: EventId) -> Self {
        Self {
            task,
            kind,
            actor,
            event: Some(event),
            assignment_seq: None,
            from: None,
            assignee: None,
            run: None,
            note: None,
        }
    }
}

/// Writes rows, in order.
pub(in crate::tasks) fn insert_journal(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    rows: &[JournalRow],
) -> AppResult<()> {
    fn column<'a, T>(rows: &'a [JournalRow], pick: impl Fn(&'a JournalRow) -> T) -> Vec<T> {
        rows.iter().map(pick).collect()
    }
    if rows.is_empty() {
        return Ok(());
    }
    sql_query(
        "insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, from_id, assignee_id,
           run_id, note)
         select task_id, kind, $1, actor_id, event_id, assignment_seq, from_id, assignee_id, run_id, note
         from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) with ordinality
           as fresh(task_id, kind, actor_id, event_id, assignment_seq, from_id, assignee_id, run_id, note, position)
         order by position",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.task.0))
    .bind::<Array<Text>, _>(column(rows, |row| row.kind.as_str()))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.actor.map(|id| id.0)))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.event.map(|id| id.0)))
    .bind::<Array<Nullable<Integer>>, _>(column(rows, |row| row.assignment_seq))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.from.map(|id| id.0)))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.assignee.map(|id| id.0)))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.run.map(|id| id.0)))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.note.as_deref())).prepared()
    .execute(conn)?;
    Ok(())
}

/// Whether somebody ever had a task, which was created at `since`: only the months from then on are looked through.
pub(in crate::tasks) fn exists_assignment(
    conn: &mut PgConnection,
    task: TaskId,
    since: DateTime<Utc>,
    person: UserId,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let row: Row = sql_query(
        "select exists (select from tasks.all_journal
           where task_id = $1 and occurred_at >= $3 and kind = 'assign' and assignee_id = $2) as found",
    )
    .bind::<SqlUuid, _>(task.0)
    .bind::<SqlUuid, _>(person.0)
    .bind::<Timestamptz, _>(since).prepared()
    .get_result(conn)?;
    Ok(row.found)
}
