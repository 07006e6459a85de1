//! The projection's SQL: one statement a table, whatever the size of the page.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::sql_types::{
    Array, BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

use super::model::{DaySums, NameChange, TaskChange, Title};
use crate::platform::db::{Prepare, Tx};
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// Keeps the newest name of each person.
pub(super) fn upsert_names(tx: &mut Tx<'_>, names: &BTreeMap<Uuid, NameChange>) -> AppResult<()> {
    if names.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&NameChange) -> String| names.values().map(pick).collect::<Vec<_>>();
    let versions: Vec<i64> = names.values().map(|change| change.version).collect();
    sql_query(
        "insert into analytics.employees (id, name, version)
         select * from unnest($1, $2, $3)
         on conflict (id) do update set name = excluded.name, version = excluded.version
         where employees.version < excluded.version",
    )
    .bind::<Array<SqlUuid>, _>(keys(names))
    .bind::<Array<Text>, _>(column(|change| change.name.clone()))
    .bind::<Array<BigInt>, _>(versions)
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Moves balances; somebody whose record has not come yet has no name until then.
pub(super) fn add_to_balances(tx: &mut Tx<'_>, moved: &BTreeMap<Uuid, Money>) -> AppResult<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let amounts: Vec<i64> = moved.values().map(|amount| amount.minor()).collect();
    sql_query(
        "insert into analytics.employees (id, name, balance_minor)
         select id, '', amount from unnest($1, $2) as moved(id, amount)
         on conflict (id) do update set balance_minor = employees.balance_minor + excluded.balance_minor",
    )
    .bind::<Array<SqlUuid>, _>(keys(moved))
    .bind::<Array<BigInt>, _>(amounts)
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Writes first titles, rewards and completions; what is known already stays, as each happens once.
pub(super) fn upsert_tasks(tx: &mut Tx<'_>, changes: &BTreeMap<Uuid, TaskChange>) -> AppResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let created = |pick: fn(&Title) -> Option<String>| -> Vec<Option<String>> {
        let pick_from = |change: &TaskChange| change.created.as_ref().and_then(pick);
        changes.values().map(pick_from).collect()
    };
    let completed = || changes.values().map(|change| change.completed);
    let rewards: Vec<Option<i64>> = changes
        .values()
        .map(|change| change.reward.map(Money::minor))
        .collect();
    sql_query(
        "insert into analytics.tasks as t (id, title, jira_id, reward_minor, completed_at, completed_date, completed_by)
         select id, coalesce(title, ''), jira_id, reward, completed_at, completed_date, completed_by
         from unnest($1, $2, $3, $4, $5, $6, $7)
           as fresh(id, title, jira_id, reward, completed_at, completed_date, completed_by)
         on conflict (id) do update set
           jira_id = case when t.title = '' then excluded.jira_id else t.jira_id end,
           title = case when t.title = '' then excluded.title else t.title end,
           reward_minor = coalesce(t.reward_minor, excluded.reward_minor),
           completed_at = coalesce(t.completed_at, excluded.completed_at),
           completed_date = coalesce(t.completed_date, excluded.completed_date),
           completed_by = coalesce(t.completed_by, excluded.completed_by)",
    )
    .bind::<Array<SqlUuid>, _>(keys(changes))
    .bind::<Array<Nullable<Text>>, _>(created(|title| Some(title.title.clone())))
    .bind::<Array<Nullable<Text>>, _>(created(|title| title.jira_id.clone()))
    .bind::<Array<Nullable<BigInt>>, _>(rewards)
    .bind::<Array<Nullable<Timestamptz>>, _>(completed().map(|c| c.map(|c| c.at)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Date>>, _>(completed().map(|c| c.map(|c| c.date)).collect::<Vec<_>>())
    .bind::<Array<Nullable<SqlUuid>>, _>(completed().map(|c| c.map(|c| c.by)).collect::<Vec<_>>())
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Writes changed titles over what is there. The rows exist, as [`upsert_tasks`] made them.
pub(super) fn update_titles(
    tx: &mut Tx<'_>,
    changes: &BTreeMap<Uuid, TaskChange>,
) -> AppResult<()> {
    let updated: Vec<(Uuid, &Title)> = changes
        .iter()
        .filter_map(|(id, change)| Some((*id, change.updated.as_ref()?)))
        .collect();
    if updated.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = updated.iter().map(|(id, _)| *id).collect();
    let titles: Vec<&str> = updated.iter().map(|(_, new)| new.title.as_str()).collect();
    let jira_ids: Vec<Option<&str>> = updated
        .iter()
        .map(|(_, new)| new.jira_id.as_deref())
        .collect();
    sql_query(
        "update analytics.tasks t set title = new.title, jira_id = new.jira_id
         from unnest($1, $2, $3) as new(id, title, jira_id)
         where t.id = new.id and (t.title, t.jira_id) is distinct from (new.title, new.jira_id)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(titles)
    .bind::<Array<Nullable<Text>>, _>(jira_ids)
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Adds fees and rewards to their business dates.
pub(super) fn add_to_days(tx: &mut Tx<'_>, days: &BTreeMap<NaiveDate, DaySums>) -> AppResult<()> {
    if days.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&DaySums) -> Money| -> Vec<i64> {
        days.values().map(|day| pick(day).minor()).collect()
    };
    sql_query(
        "insert into analytics.day_totals (business_date, fees_minor, rewards_minor)
         select * from unnest($1, $2, $3)
         on conflict (business_date) do update set fees_minor = day_totals.fees_minor + excluded.fees_minor,
           rewards_minor = day_totals.rewards_minor + excluded.rewards_minor",
    )
    .bind::<Array<Date>, _>(keys(days))
    .bind::<Array<BigInt>, _>(column(|day| day.fees))
    .bind::<Array<BigInt>, _>(column(|day| day.rewards))
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Writes how many people were in the minus when a date was closed (decision 25).
pub(super) fn upsert_closed_days(
    tx: &mut Tx<'_>,
    closed: &BTreeMap<NaiveDate, i32>,
) -> AppResult<()> {
    if closed.is_empty() {
        return Ok(());
    }
    sql_query(
        "insert into analytics.day_totals (business_date, negative_balances)
         select * from unnest($1, $2)
         on conflict (business_date) do update set negative_balances = excluded.negative_balances",
    )
    .bind::<Array<Date>, _>(keys(closed))
    .bind::<Array<Integer>, _>(closed.values().copied().collect::<Vec<i32>>())
    .prepared()
    .execute(tx.conn())?;
    Ok(())
}

/// Removes all figures, to be built again from the log (N10). Readers see the old ones until the commit.
pub(super) fn delete_all(tx: &mut Tx<'_>) -> AppResult<()> {
    for table in ["day_totals", "employees", "tasks"] {
        sql_query(format!("delete from analytics.{table}")).execute(tx.conn())?;
    }
    Ok(())
}

fn keys<K: Copy, V>(map: &BTreeMap<K, V>) -> Vec<K> {
    map.keys().copied().collect()
}
