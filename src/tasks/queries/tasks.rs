//! Lists of tasks, and one task.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::TaskFilter;
use super::people::{Person, names_of, person};
use crate::auth::{Actor, Operation};
use crate::events::TaskStatus;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::web::PageOf;
use crate::tasks::model::Task;
use crate::tasks::store::{self, StoredTask, TASK_COLUMNS};

/// A task with the names of its people.
#[derive(Clone, Debug)]
pub(in crate::tasks) struct TaskView {
    pub task: Task,
    pub assignee: Person,
    pub author: Person,
    pub editor: Option<Person>,
}

/// The actor's own tasks, newest first (T17): those of one status, or without one all that are not done. `after` is the number
/// of the last task seen.
///
/// # Errors
/// 403 for those who have no tasks of their own.
pub(in crate::tasks) fn list_mine(
    conn: &mut PgConnection,
    actor: &Actor,
    status: Option<TaskStatus>,
    after: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<TaskView>> {
    actor.allow(Operation::OwnTasks)?;
    let statuses = match status {
        Some(status) => vec![status.as_str()],
        None => vec![TaskStatus::Saving.as_str(), TaskStatus::Open.as_str()],
    };
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where t.assignee_id = $1 and t.status = any($2) and ($3 is null or t.number < $3)
         order by t.number desc limit $4"
    ))
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<Array<Text>, _>(statuses)
    .bind::<Nullable<BigInt>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(views(conn, rows)?, limit, |view| {
        view.task.number
    }))
}

/// How many open tasks the actor has.
///
/// # Errors
/// 403 for those who have no tasks of their own.
pub(in crate::tasks) fn count_my_open(conn: &mut PgConnection, actor: &Actor) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    actor.allow(Operation::OwnTasks)?;
    let row: Row = sql_query(
        "select count(*) as count from tasks.tasks where assignee_id = $1 and status = 'open'",
    )
    .bind::<SqlUuid, _>(actor.id.0)
    .get_result(conn)?;
    Ok(row.count)
}

/// What the actor has completed since an instant, the latest first.
///
/// # Errors
/// 403 for those who have no tasks of their own.
pub(in crate::tasks) fn list_done_since(
    conn: &mut PgConnection,
    actor: &Actor,
    since: DateTime<Utc>,
) -> AppResult<Vec<TaskView>> {
    actor.allow(Operation::OwnTasks)?;
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where t.assignee_id = $1 and t.status = 'done' and t.completed_at >= $2
         order by t.completed_at desc, t.number desc limit 100"
    ))
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<Timestamptz, _>(since)
    .load(conn)?;
    views(conn, rows)
}

/// All tasks that pass a filter and who has them, newest first (T18).
///
/// # Errors
/// 403 for those who may not see all tasks.
pub(in crate::tasks) fn list_all(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &TaskFilter,
    after: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<TaskView>> {
    actor.allow(Operation::AllTasks)?;
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where ($1 is null or t.status = $1) and ($2 is null or t.assignee_id = $2)
           and ($3 is null or t.title ilike $3 or t.jira_id ilike $3 or t.number = $4)
           and ($5 is null or t.number < $5)
         order by t.number desc limit $6"
    ))
    .bind::<Nullable<Text>, _>(filter.status.map(TaskStatus::as_str))
    .bind::<Nullable<SqlUuid>, _>(filter.assignee.map(|id| id.0))
    .bind::<Nullable<Text>, _>(filter.pattern())
    .bind::<Nullable<BigInt>, _>(filter.number())
    .bind::<Nullable<BigInt>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(views(conn, rows)?, limit, |view| {
        view.task.number
    }))
}

/// One task.
///
/// # Errors
/// 404 when there is none, or when it is not theirs to know (M08).
pub(in crate::tasks) fn show_task(
    conn: &mut PgConnection,
    actor: &Actor,
    id: TaskId,
) -> AppResult<TaskView> {
    actor.allow(Operation::OneTask)?;
    let task = store::find_task(conn, id)?
        .filter(|task| task.is_visible_to(actor))
        .ok_or(AppError::NotFound)?;
    let mut views = with_names(conn, vec![task])?;
    views.pop().ok_or(AppError::NotFound)
}

/// Every open task with its assignee, the oldest first: for those who drive the company by command.
///
/// # Errors
/// Those of the database.
pub fn list_open_assignments(conn: &mut PgConnection) -> AppResult<Vec<(TaskId, UserId)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        assignee_id: Uuid,
    }
    let rows: Vec<Row> =
        sql_query("select id, assignee_id from tasks.tasks where status = 'open' order by number")
            .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| (TaskId(row.id), UserId(row.assignee_id)))
        .collect())
}

pub(super) fn views(conn: &mut PgConnection, rows: Vec<StoredTask>) -> AppResult<Vec<TaskView>> {
    let tasks = rows
        .into_iter()
        .map(Task::try_from)
        .collect::<AppResult<Vec<_>>>()?;
    with_names(conn, tasks)
}

fn with_names(conn: &mut PgConnection, tasks: Vec<Task>) -> AppResult<Vec<TaskView>> {
    let people = tasks.iter().flat_map(|task| {
        [Some(task.assignee), Some(task.created_by), task.updated_by]
            .into_iter()
            .flatten()
    });
    let names = names_of(conn, people.map(|id| id.0))?;
    let view = |task: Task| TaskView {
        assignee: person(&names, task.assignee),
        author: person(&names, task.created_by),
        editor: task.updated_by.map(|id| person(&names, id)),
        task,
    };
    Ok(tasks.into_iter().map(view).collect())
}
