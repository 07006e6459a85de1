//! Reading the log.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use crate::bus::log::ENVELOPE;
use crate::bus::tap::LoggedEvent;
use crate::platform::error::AppResult;

/// An event as the log has it.
#[derive(QueryableByName)]
pub(in crate::bus) struct StoredEvent {
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

/// The last number of the log; 0 when it is empty.
pub(in crate::bus) fn head(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let row: Row = sql_query("select bus.head() as seq")
        .prepared()
        .get_result(conn)?;
    Ok(row.seq)
}

/// What there is to do.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::bus) struct Outlook {
    /// The last number of the log.
    #[diesel(sql_type = BigInt)]
    pub head: i64,
    /// Whether somebody has work, new events or not.
    #[diesel(sql_type = Bool)]
    pub due: bool,
}

/// Looks whether the log has grown and whether anybody has work: some subscribers that are behind or have a retry that is due,
/// and whoever gave a condition. One statement.
pub(in crate::bus) fn look(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    subscribers: &[&str],
    conditions: &[&str],
) -> AppResult<Outlook> {
    let others: String = conditions
        .iter()
        .map(|condition| format!(" or {condition}"))
        .collect();
    Ok(sql_query(format!(
        "select log.head, exists (select from bus.subscribers s
             where s.name = any($2) and not s.paused and s.retired_at is null and (s.position < log.head or exists (
               select from bus.parked_items p
               where p.subscriber = s.name and p.state = 'retrying' and p.next_attempt_at <= $1))){others} as due
         from bus.head() as log (head)"
    ))
    .bind::<Timestamptz, _>(now)
    .bind::<Array<Text>, _>(subscribers)
    .get_result(conn)?)
}

/// The next events of some types, in order, up to the one with which there are `facts` enough; those in the archive too, for who
/// starts that far back.
pub(in crate::bus) fn list_events(
    conn: &mut PgConnection,
    after: i64,
    upto: i64,
    types: &[&str],
    limit: i64,
    facts: i64,
) -> AppResult<Vec<StoredEvent>> {
    if upto <= after {
        return Ok(Vec::new());
    }
    // Events of a thousand facts are kept outside of their rows; those that are not wanted are not fetched.
    Ok(sql_query(format!(
        "select {EVENT_COLUMNS} from (
           select {EVENT_COLUMNS}, sum(item_count) over (order by seq rows unbounded preceding) - item_count as facts_before
           from (select {EVENT_COLUMNS} from bus.all_events where seq > $1 and seq <= $2 and event_type = any($3)
             order by seq limit $4) next
         ) next where facts_before < $5 order by seq"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(upto)
    .bind::<Array<Text>, _>(types)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(facts)
    .prepared()
    .load(conn)?)
}

/// The event of a number.
pub(in crate::bus) fn get_event(conn: &mut PgConnection, seq: i64) -> AppResult<StoredEvent> {
    Ok(sql_query(format!(
        "select {EVENT_COLUMNS} from bus.events where seq = $1"
    ))
    .bind::<BigInt, _>(seq)
    .get_result(conn)?)
}

/// The events of some numbers.
pub(in crate::bus) fn list_events_of(
    conn: &mut PgConnection,
    seqs: &[i64],
) -> AppResult<Vec<StoredEvent>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql_query(format!(
        "select {EVENT_COLUMNS} from bus.events where seq = any($1)"
    ))
    .bind::<Array<BigInt>, _>(seqs)
    .load(conn)?)
}

/// The next events of some types with their whole envelopes, in order; those in the archive too.
pub(in crate::bus) fn list_logged(
    conn: &mut PgConnection,
    after: i64,
    upto: i64,
    types: &[&str],
    limit: i64,
) -> AppResult<Vec<LoggedEvent>> {
    if upto <= after {
        return Ok(Vec::new());
    }
    Ok(sql_query(format!(
        "select {ENVELOPE}, e.payload from bus.all_events e
         where e.seq > $1 and e.seq <= $2 and e.event_type = any($3) order by e.seq limit $4"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(upto)
    .bind::<Array<Text>, _>(types)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The events of some numbers with their whole envelopes.
pub(in crate::bus) fn list_logged_of(
    conn: &mut PgConnection,
    seqs: &[i64],
) -> AppResult<Vec<LoggedEvent>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql_query(format!(
        "select {ENVELOPE}, e.payload from bus.all_events e where e.seq = any($1)"
    ))
    .bind::<Array<BigInt>, _>(seqs)
    .load(conn)?)
}
