//! Prices of tasks, made once, and the copies of their titles.

use std::collections::HashMap;

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::model::Price;
use crate::platform::db::{Prepare, Tx};
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::platform::money::Money;

#[derive(QueryableByName)]
struct PriceRow {
    #[diesel(sql_type = SqlUuid)]
    task_id: Uuid,
    #[diesel(sql_type = BigInt)]
    fee_minor: Money,
    #[diesel(sql_type = BigInt)]
    reward_minor: Money,
}

fn by_task(rows: Vec<PriceRow>) -> HashMap<TaskId, Price> {
    rows.into_iter()
        .map(|row| {
            (
                TaskId(row.task_id),
                Price {
                    fee: row.fee_minor,
                    reward: row.reward_minor,
                },
            )
        })
        .collect()
}

/// Stores the prices of tasks that have none; a task that has one keeps it (M01). Gives those that were stored now.
pub(in crate::accounting) fn insert_prices(
    tx: &mut Tx<'_>,
    prices: &[(TaskId, Price)],
) -> AppResult<HashMap<TaskId, Price>> {
    let now = tx.now;
    let rows: Vec<PriceRow> = sql_query(
        "insert into accounting.task_prices (task_id, fee_minor, reward_minor, created_at)
         select p.*, $4 from unnest($1, $2, $3) as p(task_id, fee_minor, reward_minor) order by p.task_id
         on conflict do nothing returning task_id, fee_minor, reward_minor",
    )
    .bind::<Array<SqlUuid>, _>(prices.iter().map(|(task, _)| task.0).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(prices.iter().map(|(_, price)| price.fee.minor()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(prices.iter().map(|(_, price)| price.reward.minor()).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now)
    .prepared()
    .load(tx.conn())?;
    Ok(by_task(rows))
}

/// The prices of those of the tasks that have one.
pub(in crate::accounting) fn list_prices(
    tx: &mut Tx<'_>,
    tasks: &[TaskId],
) -> AppResult<HashMap<TaskId, Price>> {
    let rows: Vec<PriceRow> =
        sql_query("select task_id, fee_minor, reward_minor from accounting.task_prices where task_id = any($1)")
            .bind::<Array<SqlUuid>, _>(tasks.iter().map(|task| task.0).collect::<Vec<_>>()).prepared()
            .load(tx.conn())?;
    Ok(by_task(rows))
}

/// A task's title as tasks told of it.
pub(in crate::accounting) struct NewTitle<'a> {
    /// The task.
    pub task: TaskId,
    /// The title.
    pub title: &'a str,
    /// The id in the issue tracker.
    pub jira_id: Option<&'a str>,
    /// Whether it is the task's first one: a creation that comes late says nothing new (E10).
    pub first: bool,
}

/// Stores titles; each task at most once. What a task was called until now stays known, so that the statement of a closed day does
/// not change (M33).
pub(in crate::accounting) fn upsert_titles(
    tx: &mut Tx<'_>,
    titles: &[NewTitle<'_>],
) -> AppResult<()> {
    let now = tx.now;
    sql_query(
        "with n as (select * from unnest($1, $2, $3, $4) as n(id, title, jira_id, first)), former as (
           insert into accounting.former_titles (task_id, until, title, jira_id)
           select k.id, $5, k.title, k.jira_id from accounting.tasks k join n on n.id = k.id
           where not n.first and (k.title, k.jira_id) is distinct from (n.title, n.jira_id)
           on conflict do nothing
         )
         insert into accounting.tasks as t (id, title, jira_id)
         select n.id, n.title, n.jira_id from n
         where not n.first or not exists (select from accounting.tasks k where k.id = n.id) order by n.id
         on conflict (id) do update set title = excluded.title, jira_id = excluded.jira_id
         where (t.title, t.jira_id) is distinct from (excluded.title, excluded.jira_id)",
    )
    .bind::<Array<SqlUuid>, _>(titles.iter().map(|title| title.task.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(titles.iter().map(|title| title.title).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(titles.iter().map(|title| title.jira_id).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(titles.iter().map(|title| title.first).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now)
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}
