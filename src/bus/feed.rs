//! The log as programs outside of this one read it: piece by piece, in its order, each event as it is stored.
//!
//! A reader asks for what comes after a number and gets the number to ask with next. The log draws its numbers under a lock that is
//! held until the commit, so a visible number proves that every lower one is finished: nothing that commits late can turn up behind a
//! reader. Head and events come from one snapshot, so this holds on a standby too.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::log::ENVELOPE;
use super::store;
use super::tap::LoggedEvent;
use crate::platform::error::AppResult;

/// Numbers that one read looks at: with a filter that few events fit, it ends there, and the next read goes on.
const WINDOW: i64 = 100_000;

/// An event as programs outside get it: the envelope of the contract, and its number in the log.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventDocument {
    /// Its number in the log; grows, with holes.
    pub seq: i64,
    /// Its id; the same however often it is told.
    pub id: Uuid,
    /// Its type.
    #[schema(example = "task.completed")]
    pub r#type: String,
    /// The version of its schema.
    pub version: i16,
    /// When it was recorded; never goes back along the log.
    pub time: DateTime<Utc>,
    /// The module that said it.
    pub producer: String,
    /// The uid of what it is about.
    pub subject: Uuid,
    /// The topic it belongs to.
    pub topic: String,
    /// The event that caused it, if one did.
    #[schema(required)]
    pub causation_id: Option<Uuid>,
    /// What ties together all that one request started.
    pub correlation_id: Uuid,
    /// Its content, as `schemas/<producer>/<type>/<version>.json` says.
    #[schema(value_type = Object)]
    pub data: Value,
}

impl From<LoggedEvent> for EventDocument {
    fn from(event: LoggedEvent) -> Self {
        let LoggedEvent { envelope, payload } = event;
        Self {
            seq: envelope.seq,
            id: envelope.event_id,
            r#type: envelope.event_type,
            version: envelope.type_version,
            time: envelope.recorded_at,
            producer: envelope.producer,
            subject: envelope.subject_id,
            topic: envelope.topic,
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            data: payload,
        }
    }
}

/// Which events a reader wants; nothing said: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedFilter {
    /// Only these types.
    pub types: Option<Vec<String>>,
    /// Only these topics.
    pub topics: Option<Vec<String>>,
}

/// What a read of the feed finds.
#[derive(Clone, Debug)]
pub enum Feed {
    /// The next piece.
    Piece(Piece),
    /// What comes after the number is not kept any more; the first number that is.
    Gone(i64),
}

/// A piece of the log.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The events, in order; there may be none although there are more further on.
    pub events: Vec<LoggedEvent>,
    /// The number to ask with next.
    pub next: i64,
    /// The last number of the log when it was read.
    pub head: i64,
}

/// The next events after a number, so many at most; those in the archive too.
///
/// # Errors
/// Those of the database.
pub fn read_feed(
    conn: &mut PgConnection,
    filter: &FeedFilter,
    after: i64,
    limit: i64,
) -> AppResult<Feed> {
    let head = store::head(conn)?;
    if after >= head {
        let (events, next) = (Vec::new(), after);
        return Ok(Feed::Piece(Piece { events, next, head }));
    }
    let first = first_kept(conn)?;
    if after + 1 < first {
        return Ok(Feed::Gone(first));
    }
    let upto = head.min(after + WINDOW);
    let events: Vec<LoggedEvent> = sql_query(format!(
        "select {ENVELOPE}, e.payload from bus.all_events e
         where e.seq > $1 and e.seq <= $2 and ($3 is null or e.event_type = any($3)) and ($4 is null or e.topic = any($4))
         order by e.seq limit $5"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(upto)
    .bind::<Nullable<Array<Text>>, _>(filter.types.as_ref())
    .bind::<Nullable<Array<Text>>, _>(filter.topics.as_ref())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let full = i64::try_from(events.len()).is_ok_and(|found| found >= limit);
    let last = events.last().map(|event| event.envelope.seq);
    let next = last.filter(|_| full).unwrap_or(upto);
    Ok(Feed::Piece(Piece { events, next, head }))
}

/// The last number of the log; 0 when it is empty.
///
/// # Errors
/// Those of the database.
pub fn head_of_log(conn: &mut PgConnection) -> AppResult<i64> {
    store::head(conn)
}

/// The number from which on the log is whole. Its parts end where somebody has removed one, online or in the archive.
fn first_kept(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        first: i64,
    }
    let row: Row = sql_query(
        "with part(lower) as (
           select substring(c.relname from '[0-9]+$')::bigint * 10000000
           from pg_inherits i join pg_class c on c.oid = i.inhrelid
             join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
           where p.relname = 'events' and n.nspname in ('bus', 'archive') and c.relkind = 'r'),
         run as (select lower, lower + 10000000 * row_number() over (order by lower desc) as top from part)
         select coalesce(min(lower) filter (where top = (select max(top) from run)), 0) as first from run",
    )
    .get_result(conn)?;
    Ok(row.first)
}
