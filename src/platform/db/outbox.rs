//! The transactional outbox: events wait in the unit of work and are appended to the log as its last statement.

use super::Prepare;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    Array, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryableByName, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::metrics::Appending;

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The event's id.
    pub id: Uuid,
    /// Its type, such as `task.completed`.
    pub event_type: &'static str,
    /// The version of its schema.
    pub version: i16,
    /// The topic it belongs to.
    pub topic: &'static str,
    /// The module that says it.
    pub producer: &'static str,
    /// The id of what it is about.
    pub subject: Uuid,
    /// How many facts it carries; more than one for batches.
    pub item_count: i32,
    /// What started the chain that this belongs to.
    pub correlation_id: Uuid,
    /// The event that caused it, if any.
    pub causation_id: Option<Uuid>,
    /// The person who caused it, if any.
    pub actor_id: Option<Uuid>,
    /// Its content.
    pub data: Value,
}

/// Appends events under the log's lock; nothing may follow in the transaction but the commit. Gives what the metrics count then.
pub(super) fn append(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    events: &[Outgoing],
) -> Result<Appending, diesel::result::Error> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        waited: String,
    }
    fn column<'a, T>(events: &'a [Outgoing], field: impl Fn(&'a Outgoing) -> T) -> Vec<T> {
        events.iter().map(field).collect()
    }
    let began = Instant::now();
    let row: Row = diesel::sql_query(
        "with appended as materialized (select bus.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))
         select coalesce(current_setting('ates.append_waited', true), '') as waited from appended",
    )
    .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(column(events, |event| event.id))
        .bind::<Array<Text>, _>(column(events, |event| event.event_type))
        .bind::<Array<SmallInt>, _>(column(events, |event| event.version))
        .bind::<Array<Text>, _>(column(events, |event| event.topic))
        .bind::<Array<Text>, _>(column(events, |event| event.producer))
        .bind::<Array<SqlUuid>, _>(column(events, |event| event.subject))
        .bind::<Array<Integer>, _>(column(events, |event| event.item_count))
        .bind::<Array<SqlUuid>, _>(column(events, |event| event.correlation_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(events, |event| event.causation_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(events, |event| event.actor_id))
        .bind::<Array<Jsonb>, _>(column(events, |event| &event.data)).prepared()
        .get_result(conn)?;
    let waited = row.waited.parse().ok().filter(|seconds| *seconds >= 0.0);
    let waited = Duration::from_secs_f64(waited.unwrap_or_default());
    Ok(Appending::new(
        column(events, |event| event.event_type),
        began,
        waited,
    ))
}
