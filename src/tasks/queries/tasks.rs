//! Lists of tasks, and one task.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::people::{Person, names_of, person};
use super::{TaskColumn, TaskFilter};
use crate::auth::{Actor, Operation};
use crate::events::TaskStatus;
use crate::platform::db::{COUNTED_AT_MOST, Counted, Prepare, counting};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;
use crate::platform::web::{Order, PageOf};
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
) -> AppResult<PageOf<Task>> {
    actor.allow(Operation::OwnTasks)?;
    let statuses = mine_of(status);
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from unnest($2) as s (status) cross join lateral (
           select {TASK_COLUMNS} from tasks.tasks t where t.assignee_id = $1 and t.status = s.status and ($3 is null or t.number < $3)
           order by t.number desc limit $4
         ) t order by t.number desc limit $4"
    ))
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<Array<Text>, _>(statuses)
    .bind::<Nullable<BigInt>, _>(after)
    .bind::<BigInt, _>(limit + 1)
    .prepared()
    .load(conn)?;
    Ok(PageOf::from_rows(tasks_of(rows)?, limit, |task| {
        task.number
    }))
}

/// The same with the names of the people.
///
/// # Errors
/// Those of [`list_mine`].
pub(in crate::tasks) fn list_mine_with_names(
    conn: &mut PgConnection,
    actor: &Actor,
    status: Option<TaskStatus>,
    after: Option<i64>,
    limit: i64,
) -> AppResult<PageOf<TaskView>> {
    let page = list_mine(conn, actor, status, after, limit)?;
    let names = names_in(conn, &page.items)?;
    Ok(page.map(|task| view_of(&names, task)))
}

/// What of one's own tasks is listed: what is to be done, unless it is said otherwise.
fn mine_of(status: Option<TaskStatus>) -> Vec<&'static str> {
    match status {
        Some(status) => vec![status.as_str()],
        None => vec![TaskStatus::Saving.as_str(), TaskStatus::Open.as_str()],
    }
}

/// How many tasks that list has, counted no further than lists are.
///
/// # Errors
/// 403 for those who have no tasks of their own.
pub(in crate::tasks) fn count_mine(
    conn: &mut PgConnection,
    actor: &Actor,
    status: Option<TaskStatus>,
) -> AppResult<i64> {
    actor.allow(Operation::OwnTasks)?;
    let sql = counting(
        "select from tasks.tasks t where t.assignee_id = $1 and t.status = any($2) limit $3",
    );
    let rows = sql_query(sql)
        .bind::<SqlUuid, _>(actor.id.0)
        .bind::<Array<Text>, _>(mine_of(status))
        .bind::<BigInt, _>(COUNTED_AT_MOST)
        .prepared()
        .load(conn)?;
    Ok(Counted::of(&rows))
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
    .prepared()
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
) -> AppResult<Vec<Task>> {
    actor.allow(Operation::OwnTasks)?;
    let rows: Vec<StoredTask> = sql_query(format!(
        "select {TASK_COLUMNS} from tasks.tasks t
         where t.assignee_id = $1 and t.status = 'done' and t.completed_at >= $2
         order by t.completed_at desc, t.number desc limit 100"
    ))
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<Timestamptz, _>(since)
    .prepared()
    .load(conn)?;
    tasks_of(rows)
}

/// Where in a list a task stands: the price that the list is ordered by, 0 without one, and its number.
pub(in crate::tasks) type Place = (i64, i64);

/// All tasks that pass a filter and who has them (T18). `after` is the place of the last task seen.
///
/// # Errors
/// 403 for those who may not see all tasks.
pub(in crate::tasks) fn list_all(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &TaskFilter,
    order: Order<TaskColumn>,
    after: Option<Place>,
    limit: i64,
) -> AppResult<PageOf<TaskView>> {
    actor.allow(Operation::AllTasks)?;
    let price = match order.column {
        TaskColumn::Created => "0::bigint",
        TaskColumn::Fee => "coalesce(t.fee_minor, 0)",
        TaskColumn::Reward => "coalesce(t.reward_minor, 0)",
    };
    let (beyond, direction) = order.words();
    let (passed, sorted) = match order.column {
        TaskColumn::Created => (
            format!("t.number {beyond} $10"),
            format!("t.number {direction}"),
        ),
        _ => (
            format!("({price}, t.number) {beyond} ($9, $10)"),
            format!("{price} {direction}, t.number {direction}"),
        ),
    };
    let mut wanted = conditions(filter);
    wanted.extend(after.map(|_| passed.as_str()));
    let wanted = wanted.join(" and ");
    // Somebody's tasks lie in order for each status, so as many of each are looked at, not all that they ever had.
    let found = match (filter.assignee, filter.status) {
        (Some(_), None) => format!(
            "unnest('{{{}}}'::text[]) s(status) cross join lateral (
               select * from tasks.tasks t where t.status = s.status and {wanted} order by {sorted} limit $11) t",
            TaskStatus::ALL.map(TaskStatus::as_str).join(",")
        ),
        _ => format!("tasks.tasks t where {wanted}"),
    };
    let sql = format!("select {TASK_COLUMNS} from {found} order by {sorted} limit $11");
    let rows: Vec<StoredTask> = ask(conn, &sql, filter, after, limit + 1)?;
    Ok(PageOf::from_rows(views(conn, rows)?, limit, |view| {
        place_of(&view.task, order)
    }))
}

/// How many tasks pass a filter, counted no further than lists are.
///
/// # Errors
/// 403 for those who may not see all tasks.
pub(in crate::tasks) fn count_all(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &TaskFilter,
) -> AppResult<i64> {
    actor.allow(Operation::AllTasks)?;
    let sql = counting(&format!(
        "select from tasks.tasks t where {} limit $11",
        conditions(filter).join(" and ")
    ));
    Ok(Counted::of(&ask(
        conn,
        &sql,
        filter,
        None,
        COUNTED_AT_MOST,
    )?))
}

/// What a task has to be to pass a filter; what is not asked for is not looked at.
fn conditions(filter: &TaskFilter) -> Vec<&'static str> {
    let mut wanted = vec!["true"];
    wanted.extend(filter.status.map(|_| "t.status = $1"));
    wanted.extend(filter.assignee.map(|_| "t.assignee_id = $2"));
    let of_text = "(t.title ilike $3 or t.jira_id ilike $3 or t.number = $4)";
    wanted.extend(filter.text.as_ref().map(|_| of_text));
    // Clocks of instances that create tasks may differ, by less than a day: that much is looked at more.
    let of_dates = "t.created_at >= $5 and t.created_at < $6
           and t.number >= tasks.first_number_since($5 - interval '1 day')
           and t.number < tasks.first_number_since($6 + interval '1 day')";
    wanted.extend(filter.created.map(|_| of_dates));
    let of_assignment = "exists (select from tasks.journal j where j.task_id = t.id and j.kind = 'assign'
           and j.assignment_seq = t.assignment_seq and j.occurred_at >= $12 and j.occurred_at < $13)";
    wanted.extend(filter.assigned.map(|_| of_assignment));
    wanted.extend(filter.fee_from.map(|_| "t.fee_minor >= $14"));
    wanted.extend(filter.fee_to.map(|_| "t.fee_minor <= $15"));
    wanted.extend(filter.reward_from.map(|_| "t.reward_minor >= $7"));
    wanted.extend(filter.reward_to.map(|_| "t.reward_minor <= $8"));
    wanted
}

/// A question about the tasks of a filter, whatever its answer looks like.
fn ask<U: QueryableByName<Pg> + 'static>(
    conn: &mut PgConnection,
    sql: &str,
    filter: &TaskFilter,
    after: Option<Place>,
    limit: i64,
) -> AppResult<Vec<U>> {
    Ok(sql_query(sql)
        .bind::<Nullable<Text>, _>(filter.status.map(TaskStatus::as_str))
        .bind::<Nullable<SqlUuid>, _>(filter.assignee.map(|id| id.0))
        .bind::<Nullable<Text>, _>(filter.pattern())
        .bind::<Nullable<BigInt>, _>(filter.number())
        .bind::<Nullable<Timestamptz>, _>(filter.created.map(|created| created.since))
        .bind::<Nullable<Timestamptz>, _>(filter.created.map(|created| created.before))
        .bind::<Nullable<BigInt>, _>(filter.reward_from.map(Money::minor))
        .bind::<Nullable<BigInt>, _>(filter.reward_to.map(Money::minor))
        .bind::<Nullable<BigInt>, _>(after.map(|(price, _)| price))
        .bind::<Nullable<BigInt>, _>(after.map(|(_, number)| number))
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<Timestamptz>, _>(filter.assigned.map(|assigned| assigned.since))
        .bind::<Nullable<Timestamptz>, _>(filter.assigned.map(|assigned| assigned.before))
        .bind::<Nullable<BigInt>, _>(filter.fee_from.map(Money::minor))
        .bind::<Nullable<BigInt>, _>(filter.fee_to.map(Money::minor))
        .load(conn)?)
}

/// Where a task stands in a list.
fn place_of(task: &Task, order: Order<TaskColumn>) -> Place {
    let price = match order.column {
        TaskColumn::Created => None,
        TaskColumn::Fee => task.fee,
        TaskColumn::Reward => task.reward,
    };
    (price.map_or(0, Money::minor), task.number)
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
    show_own(conn, task)
}

/// A task that whoever asks has just created or changed, and so may see; it is not read again.
///
/// # Errors
/// Those of the database.
pub(in crate::tasks) fn show_own(conn: &mut PgConnection, task: Task) -> AppResult<TaskView> {
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

fn tasks_of(rows: Vec<StoredTask>) -> AppResult<Vec<Task>> {
    rows.into_iter().map(Task::try_from).collect()
}

pub(super) fn views(conn: &mut PgConnection, rows: Vec<StoredTask>) -> AppResult<Vec<TaskView>> {
    with_names(conn, tasks_of(rows)?)
}

fn with_names(conn: &mut PgConnection, tasks: Vec<Task>) -> AppResult<Vec<TaskView>> {
    let names = names_in(conn, &tasks)?;
    Ok(tasks
        .into_iter()
        .map(|task| view_of(&names, task))
        .collect())
}

/// The names of everybody who has to do with some tasks.
fn names_in(conn: &mut PgConnection, tasks: &[Task]) -> AppResult<HashMap<Uuid, String>> {
    let people = tasks.iter().flat_map(|task| {
        [Some(task.assignee), Some(task.created_by), task.updated_by]
            .into_iter()
            .flatten()
    });
    names_of(conn, people.map(|id| id.0))
}

fn view_of(names: &HashMap<Uuid, String>, task: Task) -> TaskView {
    TaskView {
        assignee: person(names, task.assignee),
        author: person(names, task.created_by),
        editor: task.updated_by.map(|id| person(names, id)),
        task,
    }
}
