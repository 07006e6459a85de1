//! Parked items: written, tried again, set free.

use crate::platform::db::Prepare;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn set_of(rows: Vec<Id>) -> HashSet<Uuid> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Which of the keys have an unresolved parked item.
pub(in crate::bus) fn held_keys(
    conn: &mut PgConnection,
    subscriber: &str,
    keys: &[Uuid],
) -> AppResult<HashSet<Uuid>> {
    Ok(set_of(
        sql_query(
            "select distinct sequence_key as id from bus.parked_items
             where subscriber = $1 and sequence_key = any($2) and state in ('retrying', 'blocked', 'dead')",
        )
        .bind::<Text, _>(subscriber)
        .bind::<Array<SqlUuid>, _>(keys).prepared()
        .load(conn)?,
    ))
}

/// Which of the items were skipped by a person.
pub(in crate::bus) fn skipped_items(
    conn: &mut PgConnection,
    subscriber: &str,
    items: &[Uuid],
) -> AppResult<HashSet<Uuid>> {
    Ok(set_of(
        sql_query(
            "select item_id as id from bus.parked_items
             where subscriber = $1 and item_id = any($2) and state = 'skipped'",
        )
        .bind::<Text, _>(subscriber)
        .bind::<Array<SqlUuid>, _>(items)
        .prepared()
        .load(conn)?,
    ))
}

/// Which of the items, or the events they are of, have no effect yet or never will: still parked, or skipped.
pub(in crate::bus) fn unresolved_items(
    conn: &mut PgConnection,
    subscriber: &str,
    items: &[Uuid],
) -> AppResult<HashSet<Uuid>> {
    Ok(set_of(
        sql_query(
            "select item_id as id from bus.parked_items
             where subscriber = $1 and item_id = any($2) and state <> 'done'",
        )
        .bind::<Text, _>(subscriber)
        .bind::<Array<SqlUuid>, _>(items)
        .prepared()
        .load(conn)?,
    ))
}

/// A row of the parked items to be written.
pub(in crate::bus) struct NewParked<'a> {
    pub subscriber: &'a str,
    pub item_id: Uuid,
    pub event_id: Uuid,
    pub seq: i64,
    pub item_no: i32,
    pub sequence_key: Uuid,
    pub state: &'a str,
    pub attempts: i32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub error: Option<(&'a str, &'a str)>,
}

/// Parks items, each once. One that was parked and resolved before a rewind begins anew; one that is parked still stays as it is.
pub(in crate::bus) fn insert_parked(
    conn: &mut PgConnection,
    rows: &[NewParked<'_>],
    now: DateTime<Utc>,
) -> AppResult<()> {
    fn column<'a, T>(rows: &'a [NewParked<'a>], field: impl Fn(&'a NewParked<'a>) -> T) -> Vec<T> {
        rows.iter().map(field).collect()
    }
    if rows.is_empty() {
        return Ok(());
    }
    sql_query(
        "insert into bus.parked_items as p (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts,
           next_attempt_at, error_class, error, first_failed_at, last_failed_at)
         select r.*, $12, $12 from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as r
         on conflict (subscriber, item_id) do update set state = excluded.state, attempts = excluded.attempts,
           next_attempt_at = excluded.next_attempt_at, error_class = excluded.error_class, error = excluded.error,
           first_failed_at = excluded.first_failed_at, last_failed_at = excluded.last_failed_at,
           resolved_at = null, resolved_by = null, resolution_reason = null
         where p.state = 'done'",
    )
    .bind::<Array<Text>, _>(column(rows, |row| row.subscriber))
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.item_id))
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.event_id))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.seq))
    .bind::<Array<Integer>, _>(column(rows, |row| row.item_no))
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.sequence_key))
    .bind::<Array<Text>, _>(column(rows, |row| row.state))
    .bind::<Array<Integer>, _>(column(rows, |row| row.attempts))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.next_attempt_at))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.error.map(|(class, _)| class)))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.error.map(|(_, text)| text)))
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// How many items have failed for the first time since an instant; those that only wait behind them do not count.
pub(in crate::bus) fn count_failed_since(
    conn: &mut PgConnection,
    subscriber: &str,
    since: DateTime<Utc>,
) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        failed: i64,
    }
    let row: Row = sql_query(
        "select count(*) as failed from bus.parked_items
         where subscriber = $1 and first_failed_at > $2 and error_class is not null",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(since)
    .prepared()
    .get_result(conn)?;
    Ok(row.failed)
}

/// A parked item that is due.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::bus) struct DueItem {
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub sequence_key: Uuid,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
}

/// The items that are due, in order.
pub(in crate::bus) fn list_due(
    conn: &mut PgConnection,
    subscriber: &str,
    now: DateTime<Utc>,
    limit: i64,
) -> AppResult<Vec<DueItem>> {
    Ok(sql_query(
        "select item_id, event_id, seq, sequence_key, attempts from bus.parked_items
         where subscriber = $1 and state = 'retrying' and next_attempt_at <= $2 order by seq, item_no limit $3",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(limit).prepared()
    .load(conn)?)
}

/// Marks an item as done, in the transaction of its effects.
pub(in crate::bus) fn resolve(
    conn: &mut PgConnection,
    subscriber: &str,
    item: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update bus.parked_items set state = 'done', next_attempt_at = null, resolved_at = $3
         where subscriber = $1 and item_id = $2",
    )
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(item)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Makes the next item of a key due, in order.
pub(in crate::bus) fn unblock_next(
    conn: &mut PgConnection,
    subscriber: &str,
    key: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update bus.parked_items set state = 'retrying', next_attempt_at = $3
         where subscriber = $1 and item_id = (select item_id from bus.parked_items
           where subscriber = $1 and sequence_key = $2 and state in ('retrying', 'blocked', 'dead')
           order by seq, item_no limit 1) and state = 'blocked'",
    )
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(key)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Makes every item due that is the first of its key and waits behind nothing any more.
pub(in crate::bus) fn unblock_heads(
    conn: &mut PgConnection,
    subscriber: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update bus.parked_items p set state = 'retrying', next_attempt_at = $2
         from (select distinct on (sequence_key) item_id, state from bus.parked_items
               where subscriber = $1 and state in ('retrying', 'blocked', 'dead')
               order by sequence_key, seq, item_no) first
         where p.subscriber = $1 and p.item_id = first.item_id and first.state = 'blocked'",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Notes a failed try: another one later, or none any more.
#[expect(clippy::too_many_arguments, reason = "one row's columns")]
pub(in crate::bus) fn update_failed(
    conn: &mut PgConnection,
    subscriber: &str,
    item: Uuid,
    attempts: i32,
    next: Option<DateTime<Utc>>,
    class: &str,
    text: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update bus.parked_items set attempts = $3, next_attempt_at = $4,
           first_failed_at = case when error_class is null then $7 else first_failed_at end,
           error_class = $5, error = $6, last_failed_at = $7,
           state = case when $4 is null then 'dead' else 'retrying' end
         where subscriber = $1 and item_id = $2",
    )
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(item)
    .bind::<Integer, _>(attempts)
    .bind::<Nullable<Timestamptz>, _>(next)
    .bind::<Text, _>(class)
    .bind::<Text, _>(text)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
