//! The log as people read it: a list with filters, one event, and everything that one click has started.

use diesel::pg::{Pg, PgConnection};
use diesel::sql_types::{
    Array, BigInt, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::{COUNTED_AT_MOST, Counted, counting};
use crate::platform::error::AppResult;

/// An event without its content.
#[derive(Clone, Debug, QueryableByName)]
pub struct Envelope {
    /// Its number in the log.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// Its type, such as `task.completed`.
    #[diesel(sql_type = Text)]
    pub event_type: String,
    /// The version of its schema.
    #[diesel(sql_type = SmallInt)]
    pub type_version: i16,
    /// The topic it belongs to (E04).
    #[diesel(sql_type = Text)]
    pub topic: String,
    /// The module that said it.
    #[diesel(sql_type = Text)]
    pub producer: String,
    /// What it is about.
    #[diesel(sql_type = SqlUuid)]
    pub subject_id: Uuid,
    /// How many facts it carries.
    #[diesel(sql_type = Integer)]
    pub item_count: i32,
    /// What ties together all that one click started.
    #[diesel(sql_type = SqlUuid)]
    pub correlation_id: Uuid,
    /// The event that caused it, if one did.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub causation_id: Option<Uuid>,
    /// The person at the start, if there was one.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor_id: Option<Uuid>,
    /// When it was recorded; grows with `seq`.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
}

/// Its columns, of an `e` that is the log.
pub(super) const ENVELOPE: &str = "e.seq, e.event_id, e.event_type, e.type_version, e.topic, e.producer, e.subject_id, e.item_count, e.correlation_id, e.causation_id, e.actor_id, e.recorded_at";

/// Which events of the log are wanted, and in which order; nothing takes them all, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Only these types.
    pub types: Option<Vec<String>>,
    /// Only what is about this.
    pub subject: Option<Uuid>,
    /// Only what this click has started.
    pub correlation: Option<Uuid>,
    /// Only what was recorded at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what was recorded before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
}

/// Numbers of the log between these two, which are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Between {
    low: i64,
    high: i64,
}

impl Between {
    /// The numbers of the dates of a filter, behind an event that was seen last.
    fn of(conn: &mut PgConnection, filter: &LogFilter, seen: Option<i64>) -> AppResult<Self> {
        let mut low = match filter.since {
            Some(since) => last_before(conn, since)?,
            None => i64::MIN,
        };
        let mut high = match filter.before {
            Some(before) => last_before(conn, before)?.saturating_add(1),
            None => i64::MAX,
        };
        match seen {
            Some(seen) if filter.oldest_first => low = low.max(seen),
            Some(seen) => high = high.min(seen),
            None => {}
        }
        Ok(Self { low, high })
    }
}

/// The number of the last event that was recorded before an instant, 0 without one: times never go back along the log.
fn last_before(conn: &mut PgConnection, instant: DateTime<Utc>) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let row: Option<Row> = sql_query(
        "select e.seq from bus.events e where e.recorded_at < $1 order by e.recorded_at desc, e.seq desc limit 1",
    )
    .bind::<Timestamptz, _>(instant)
    .get_result(conn)
    .optional()?;
    Ok(row.map_or(0, |row| row.seq))
}

/// Events of a filter, behind the number of the one that was seen last.
///
/// # Errors
/// Those of the database.
pub fn list_log(
    conn: &mut PgConnection,
    filter: &LogFilter,
    seen: Option<i64>,
    limit: i64,
) -> AppResult<Vec<Envelope>> {
    let between = Between::of(conn, filter, seen)?;
    ask(conn, &statement(filter), filter, between, limit)
}

/// How many events pass a filter, counted no further than lists are.
///
/// # Errors
/// Those of the database.
pub fn count_log(conn: &mut PgConnection, filter: &LogFilter) -> AppResult<i64> {
    let between = Between::of(conn, filter, None)?;
    let sql = counting(&statement(filter));
    Ok(Counted::of(&ask(
        conn,
        &sql,
        filter,
        between,
        COUNTED_AT_MOST,
    )?))
}

fn ask<U: QueryableByName<Pg> + 'static>(
    conn: &mut PgConnection,
    sql: &str,
    filter: &LogFilter,
    between: Between,
    limit: i64,
) -> AppResult<Vec<U>> {
    Ok(sql_query(sql)
        .bind::<Array<Text>, _>(filter.types.clone().unwrap_or_default())
        .bind::<Nullable<SqlUuid>, _>(filter.subject)
        .bind::<Nullable<SqlUuid>, _>(filter.correlation)
        .bind::<BigInt, _>(between.high)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(between.low)
        .load(conn)?)
}

fn statement(filter: &LogFilter) -> String {
    let direction = if filter.oldest_first { "asc" } else { "desc" };
    let chosen = filter.subject.is_some() || filter.correlation.is_some();
    if let (Some(types), false) = (&filter.types, chosen) {
        let each: Vec<String> = types
            .iter()
            .filter(|name| is_a_type(name))
            .map(|name| of_type(name, direction))
            .collect();
        let all = if each.is_empty() {
            format!("select {ENVELOPE} from bus.events e where false")
        } else {
            each.join(" union all ")
        };
        return format!(
            "select e.* from ({all}) e where $1 is not null and $2 is null and $3 is null order by e.seq {direction} limit $5"
        );
    }
    format!(
        "select {ENVELOPE} from bus.events e
         where ({any_type} or e.event_type = any($1)) and e.seq < $4 and e.seq > $6
           and {subject} and {correlation} order by e.seq {direction} limit $5",
        any_type = filter.types.is_none(),
        subject = if filter.subject.is_some() {
            "e.subject_id = $2"
        } else {
            "$2 is null"
        },
        correlation = if filter.correlation.is_some() {
            "e.correlation_id = $3"
        } else {
            "$3 is null"
        },
    )
}

/// The first of one type: a rare one by the index of the rare types, so that it does not read the whole log. The name is written
/// out, since only then the planner sees whether the type is one of those.
fn of_type(event_type: &str, direction: &str) -> String {
    format!(
        "(select {ENVELOPE} from bus.events e where e.event_type = '{event_type}' and e.seq < $4 and e.seq > $6
          order by e.seq {direction} limit $5)"
    )
}

/// Whether a text can be the name of a type; nothing else may be written into a statement.
fn is_a_type(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.')
}

/// The event of an id, if there is one.
///
/// # Errors
/// Those of the database.
pub fn find_event(conn: &mut PgConnection, event: Uuid) -> AppResult<Option<Envelope>> {
    Ok(sql_query(format!(
        "select {ENVELOPE} from bus.events e where e.event_id = $1"
    ))
    .bind::<SqlUuid, _>(event)
    .get_result(conn)
    .optional()?)
}

/// The content of an event.
///
/// # Errors
/// Those of the database, also that there is no such number.
pub fn payload_of(conn: &mut PgConnection, seq: i64) -> AppResult<Value> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        payload: Value,
    }
    let row: Row = sql_query("select e.payload from bus.events e where e.seq = $1")
        .bind::<BigInt, _>(seq)
        .get_result(conn)?;
    Ok(row.payload)
}

/// The clicks that an id belongs to, the latest `limit` of them, in order: that of an event, the id itself when it is one, else
/// those of everything that is about it.
///
/// # Errors
/// Those of the database.
pub fn correlations_of(conn: &mut PgConnection, id: Uuid, limit: i64) -> AppResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        correlation_id: Uuid,
    }
    if let Some(event) = find_event(conn, id)? {
        return Ok(vec![event.correlation_id]);
    }
    let rows: Vec<Row> = sql_query(
        "select found.correlation_id from (
           (select e.correlation_id, e.seq from bus.events e where e.correlation_id = $1 order by e.seq limit 1)
           union all
           (select e.correlation_id, min(e.seq) from bus.events e where e.subject_id = $1 group by e.correlation_id
            order by min(e.seq) desc limit $2)) found
         order by found.seq",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let mut ids: Vec<Uuid> = Vec::with_capacity(rows.len());
    for row in rows {
        if !ids.contains(&row.correlation_id) {
            ids.push(row.correlation_id);
        }
    }
    Ok(ids)
}

/// An event of a click, with how many there are of its type under the same cause.
#[derive(Clone, Debug, QueryableByName)]
pub struct Link {
    /// The event.
    #[diesel(embed)]
    pub event: Envelope,
    /// Its place among its equals, from 1.
    #[diesel(sql_type = BigInt)]
    pub nth: i64,
    /// How many equals there are, itself included.
    #[diesel(sql_type = BigInt)]
    pub equals: i64,
}

/// Everything that one click has started, in order. Of events of one type under one cause only the first `each` are given, and
/// those that lead to `asked`.
///
/// # Errors
/// Those of the database.
pub fn list_chain(
    conn: &mut PgConnection,
    correlation: Uuid,
    asked: Option<Uuid>,
    each: i64,
) -> AppResult<Vec<Link>> {
    Ok(sql_query(format!(
        "with recursive path(event_id, causation_id) as (
           select e.event_id, e.causation_id from bus.events e where e.event_id = $2
           union
           select e.event_id, e.causation_id from path p join bus.events e on e.event_id = p.causation_id
         ),
         chain as (
           select {ENVELOPE}, row_number() over (partition by e.causation_id, e.event_type order by e.seq) as nth,
             count(*) over (partition by e.causation_id, e.event_type) as equals
           from bus.events e where e.correlation_id = $1
         )
         select e.* from chain e where e.nth <= $3 or e.event_id in (select p.event_id from path p) order by e.seq"
    ))
    .bind::<SqlUuid, _>(correlation)
    .bind::<Nullable<SqlUuid>, _>(asked)
    .bind::<BigInt, _>(each)
    .load(conn)?)
}

/// An item of an event that a subscriber has parked at some time.
#[derive(Clone, Debug, QueryableByName)]
pub struct ParkedOfEvent {
    /// The event.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// Who parked it.
    #[diesel(sql_type = Text)]
    pub subscriber: String,
    /// The item.
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    /// `retrying`, `blocked`, `dead`, `done` or `skipped`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How often it was tried.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// What it said when it failed last.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// When it is tried next.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// What was parked of these events, by anybody.
///
/// # Errors
/// Those of the database.
pub fn parked_of(conn: &mut PgConnection, events: &[Uuid]) -> AppResult<Vec<ParkedOfEvent>> {
    Ok(sql_query(
        "select p.event_id, p.subscriber, p.item_id, p.state, p.attempts, p.error, p.next_attempt_at
         from bus.parked_items p where p.event_id = any($1) order by p.subscriber, p.seq, p.item_no",
    )
    .bind::<Array<SqlUuid>, _>(events)
    .load(conn)?)
}
