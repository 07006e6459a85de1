//! The bus's SQL: the log, the cursors, the parked items.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use super::subscriber::Start;
use crate::platform::error::AppResult;

/// An event as the log has it.
#[derive(QueryableByName)]
pub(super) struct StoredEvent {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    #[diesel(sql_type = Text)]
    pub event_type: String,
    #[diesel(sql_type = SmallInt)]
    pub type_version: i16,
    #[diesel(sql_type = SqlUuid)]
    pub subject_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub item_count: i32,
    #[diesel(sql_type = SqlUuid)]
    pub correlation_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
}

const EVENT_COLUMNS: &str = "seq, event_id, event_type, type_version, subject_id, item_count, correlation_id, actor_id, recorded_at, payload";

/// How a subscriber is: its cursor, how far behind it is, and what waits for repair.
#[derive(Clone, Debug, QueryableByName)]
pub struct SubscriberStatus {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The last number of the log it has dealt with.
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    /// The last number of the log.
    #[diesel(sql_type = BigInt)]
    pub head: i64,
    /// Whether an operator paused it.
    #[diesel(sql_type = Bool)]
    pub paused: bool,
    /// When the first event that it has not dealt with was recorded.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub waiting_since: Option<DateTime<Utc>>,
    /// Items that are retried or wait behind one.
    #[diesel(sql_type = BigInt)]
    pub parked: i64,
    /// Items that were given up.
    #[diesel(sql_type = BigInt)]
    pub dead: i64,
}

impl SubscriberStatus {
    /// How many numbers of the log it is behind.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.head - self.position
    }
}

/// Every subscriber with its lag (E16, R26).
///
/// # Errors
/// Those of the database.
pub fn statuses(conn: &mut PgConnection) -> AppResult<Vec<SubscriberStatus>> {
    Ok(sql_query(
        "select s.name, s.position, head.seq as head, s.paused,
           (select e.recorded_at from bus.events e where e.seq > s.position order by e.seq limit 1) as waiting_since,
           count(p.item_id) filter (where p.state in ('retrying', 'blocked')) as parked,
           count(p.item_id) filter (where p.state = 'dead') as dead
         from bus.subscribers s
           cross join (select coalesce(max(seq), 0) as seq from bus.events) head
           left join bus.parked_items p on p.subscriber = s.name and p.state in ('retrying', 'blocked', 'dead')
         group by s.name, head.seq order by s.name",
    )
    .load(conn)?)
}

/// Whether a running subscriber has dealt with every event recorded before `instant`; gives the last such number of the log
/// if so.
///
/// # Errors
/// Those of the database.
pub fn caught_up_with(
    conn: &mut PgConnection,
    subscriber: &str,
    instant: DateTime<Utc>,
) -> AppResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        cutoff: i64,
        #[diesel(sql_type = Bool)]
        reached: bool,
    }
    let row: Option<Row> = sql_query(
        "select cut.seq as cutoff, s.position >= cut.seq as reached
         from bus.subscribers s, (select coalesce(
             (select e.seq - 1 from bus.events e where e.recorded_at >= $2 order by e.recorded_at, e.seq limit 1),
             (select max(e.seq) from bus.events e), 0) as seq) cut
         where s.name = $1 and not s.paused",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(instant)
    .get_result(conn)
    .optional()?;
    Ok(row.filter(|row| row.reached).map(|row| row.cutoff))
}

/// Whether a subscriber has unresolved parked items up to a number of the log.
///
/// # Errors
/// Those of the database.
pub fn has_unresolved_before(
    conn: &mut PgConnection,
    subscriber: &str,
    seq: i64,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let row: Row = sql_query(
        "select exists (select from bus.parked_items
           where subscriber = $1 and seq <= $2 and state in ('retrying', 'blocked', 'dead')) as found",
    )
    .bind::<Text, _>(subscriber)
    .bind::<BigInt, _>(seq)
    .get_result(conn)?;
    Ok(row.found)
}

pub(super) fn insert_cursor(conn: &mut PgConnection, name: &str, start: Start) -> AppResult<()> {
    sql_query(
        "insert into bus.subscribers (name, position)
         select $1, case when $2 then coalesce(max(seq), 0) else 0 end from bus.events
         on conflict do nothing",
    )
    .bind::<Text, _>(name)
    .bind::<Bool, _>(start == Start::Head)
    .execute(conn)?;
    Ok(())
}

/// Locks the cursor of a running subscriber; none when it is paused or another process has it.
pub(super) fn lock_cursor(conn: &mut PgConnection, name: &str) -> AppResult<Option<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        position: i64,
    }
    let row: Option<Row> =
        sql_query("select position from bus.subscribers where name = $1 and not paused for update skip locked")
            .bind::<Text, _>(name)
            .get_result(conn)
            .optional()?;
    Ok(row.map(|row| row.position))
}

pub(super) fn advance(
    conn: &mut PgConnection,
    name: &str,
    position: i64,
    applied: usize,
) -> AppResult<()> {
    sql_query(
        "update bus.subscribers set position = $2, applied_total = applied_total + $3, last_applied_at = now() where name = $1",
    )
    .bind::<Text, _>(name)
    .bind::<BigInt, _>(position)
    .bind::<BigInt, _>(i64::try_from(applied).unwrap_or(i64::MAX))
    .execute(conn)?;
    Ok(())
}

pub(super) fn update_paused(conn: &mut PgConnection, name: &str, paused: bool) -> AppResult<bool> {
    let rows = sql_query("update bus.subscribers set paused = $2 where name = $1")
        .bind::<Text, _>(name)
        .bind::<Bool, _>(paused)
        .execute(conn)?;
    Ok(rows == 1)
}

pub(super) fn head(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let row: Row =
        sql_query("select coalesce(max(seq), 0) as seq from bus.events").get_result(conn)?;
    Ok(row.seq)
}

pub(super) fn list_events(
    conn: &mut PgConnection,
    after: i64,
    upto: i64,
    types: &[&str],
    limit: i64,
) -> AppResult<Vec<StoredEvent>> {
    if upto <= after {
        return Ok(Vec::new());
    }
    Ok(sql_query(format!(
        "select {EVENT_COLUMNS} from bus.events where seq > $1 and seq <= $2 and event_type = any($3) order by seq limit $4"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(upto)
    .bind::<Array<Text>, _>(types)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

pub(super) fn get_event(conn: &mut PgConnection, seq: i64) -> AppResult<StoredEvent> {
    Ok(sql_query(format!(
        "select {EVENT_COLUMNS} from bus.events where seq = $1"
    ))
    .bind::<BigInt, _>(seq)
    .get_result(conn)?)
}

/// Which of the keys have an unresolved parked item.
pub(super) fn held_keys(
    conn: &mut PgConnection,
    subscriber: &str,
    keys: &[Uuid],
) -> AppResult<HashSet<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        sequence_key: Uuid,
    }
    let rows: Vec<Row> = sql_query(
        "select distinct sequence_key from bus.parked_items
         where subscriber = $1 and sequence_key = any($2) and state in ('retrying', 'blocked', 'dead')",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Array<SqlUuid>, _>(keys)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.sequence_key).collect())
}

/// A row of the parked items to be written.
pub(super) struct NewParked<'a> {
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

pub(super) fn insert_parked(
    conn: &mut PgConnection,
    row: &NewParked<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts,
           next_attempt_at, error_class, error, first_failed_at, last_failed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
    )
    .bind::<Text, _>(row.subscriber)
    .bind::<SqlUuid, _>(row.item_id)
    .bind::<SqlUuid, _>(row.event_id)
    .bind::<BigInt, _>(row.seq)
    .bind::<Integer, _>(row.item_no)
    .bind::<SqlUuid, _>(row.sequence_key)
    .bind::<Text, _>(row.state)
    .bind::<Integer, _>(row.attempts)
    .bind::<Nullable<Timestamptz>, _>(row.next_attempt_at)
    .bind::<Nullable<Text>, _>(row.error.map(|(class, _)| class))
    .bind::<Nullable<Text>, _>(row.error.map(|(_, text)| text))
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// A parked item that is due.
#[derive(QueryableByName)]
pub(super) struct DueItem {
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Integer)]
    pub item_no: i32,
    #[diesel(sql_type = SqlUuid)]
    pub sequence_key: Uuid,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
}

pub(super) fn list_due(
    conn: &mut PgConnection,
    subscriber: &str,
    now: DateTime<Utc>,
    limit: i64,
) -> AppResult<Vec<DueItem>> {
    Ok(sql_query(
        "select item_id, seq, item_no, sequence_key, attempts from bus.parked_items
         where subscriber = $1 and state = 'retrying' and next_attempt_at <= $2 order by seq, item_no limit $3",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

pub(super) fn resolve(
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
pub(super) fn unblock_next(
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

#[expect(clippy::too_many_arguments, reason = "one row's columns")]
pub(super) fn update_failed(
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
        "update bus.parked_items set attempts = $3, next_attempt_at = $4, error_class = $5, error = $6, last_failed_at = $7,
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
