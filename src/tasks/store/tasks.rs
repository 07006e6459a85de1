//! The tasks themselves.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::events::TaskStatus;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;
use crate::tasks::model::{Task, TaskText};

/// The columns of [`StoredTask`], of a table called `t`.
pub(in crate::tasks) const TASK_COLUMNS: &str = "t.id, t.number, t.title, t.jira_id, t.description, t.status, t.assignee_id, t.assignment_seq, t.fee_minor, \
     t.reward_minor, t.created_at, t.created_by, t.updated_at, t.updated_by, t.completed_at, t.completed_by";

/// A task's row.
#[derive(QueryableByName)]
pub(in crate::tasks) struct StoredTask {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Nullable<Text>)]
    jira_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = SqlUuid)]
    assignee_id: Uuid,
    #[diesel(sql_type = Integer)]
    assignment_seq: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    fee_minor: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    reward_minor: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    created_by: Uuid,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    updated_by: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    completed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    completed_by: Option<Uuid>,
}

impl TryFrom<StoredTask> for Task {
    type Error = AppError;

    fn try_from(row: StoredTask) -> AppResult<Self> {
        let status = TaskStatus::parse(&row.status)
            .ok_or_else(|| AppError::internal(format!("task {} is {:?}", row.id, row.status)))?;
        Ok(Self {
            id: TaskId(row.id),
            number: row.number,
            text: TaskText {
                title: row.title,
                jira_id: row.jira_id,
                description: row.description,
            },
            status,
            assignee: UserId(row.assignee_id),
            assignment_seq: row.assignment_seq,
            fee: row.fee_minor.map(Money::from_minor),
            reward: row.reward_minor.map(Money::from_minor),
            created_at: row.created_at,
            created_by: UserId(row.created_by),
            updated_at: row.updated_at,
            updated_by: row.updated_by.map(UserId),
            completed_at: row.completed_at,
            completed_by: row.completed_by.map(UserId),
        })
    }
}

/// A task to be written, already drawn.
#[derive(Clone, Debug)]
pub(in crate::tasks) struct NewTask {
    pub id: TaskId,
    pub text: TaskText,
    pub assignee: UserId,
}

/// A task that may not exist.
pub(in crate::tasks) fn find_task(conn: &mut PgConnection, id: TaskId) -> AppResult<Option<Task>> {
    find(conn, id, "")
}

/// The same, locked.
pub(in crate::tasks) fn lock_task(conn: &mut PgConnection, id: TaskId) -> AppResult<Option<Task>> {
    find(conn, id, "for update")
}

fn find(conn: &mut PgConnection, id: TaskId, lock: &str) -> AppResult<Option<Task>> {
    let row: Option<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t where t.id = $1 {lock}"
    ))
    .bind::<SqlUuid, _>(id.0)
    .prepared()
    .get_result(conn)
    .optional()?;
    row.map(Task::try_from).transpose()
}

/// Writes new tasks, which are saving, in order; their numbers follow it.
pub(in crate::tasks) fn insert_tasks(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    author: UserId,
    tasks: &[NewTask],
) -> AppResult<Vec<Task>> {
    fn column<'a, T>(tasks: &'a [NewTask], pick: impl Fn(&'a NewTask) -> T) -> Vec<T> {
        tasks.iter().map(pick).collect()
    }
    let rows: Vec<StoredTask> = sql_query(format!(
        "insert into tasks.tasks as t (id, title, jira_id, description, status, assignee_id, assignment_seq, created_at,
           created_by, updated_at)
         select id, title, jira_id, description, 'saving', assignee_id, 1, $1, $2, $1
         from unnest($3, $4, $5, $6, $7) with ordinality
           as fresh(id, title, jira_id, description, assignee_id, position)
         order by position
         returning {TASK_COLUMNS}"
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(author.0)
    .bind::<Array<SqlUuid>, _>(column(tasks, |task| task.id.0))
    .bind::<Array<Text>, _>(column(tasks, |task| task.text.title.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(tasks, |task| task.text.jira_id.as_deref()))
    .bind::<Array<Nullable<Text>>, _>(column(tasks, |task| task.text.description.as_deref()))
    .bind::<Array<SqlUuid>, _>(column(tasks, |task| task.assignee.0))
    .prepared()
    .load(conn)?;
    rows.into_iter().map(Task::try_from).collect()
}
