//! Figures of the bus for the metrics, read from the database when they are asked for.

use crate::platform::db::Prepare;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// How many items of a subscriber are in a state of being parked.
#[derive(Clone, Debug, QueryableByName)]
pub struct ParkedCount {
    /// The subscriber.
    #[diesel(sql_type = Text)]
    pub subscriber: String,
    /// `retrying`, `blocked` or `dead`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub items: i64,
    /// When the oldest of them failed first.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest: Option<DateTime<Utc>>,
}

/// What waits for repair, by subscriber and state.
///
/// # Errors
/// Those of the database.
pub fn parked_counts(conn: &mut PgConnection) -> AppResult<Vec<ParkedCount>> {
    Ok(sql_query(
        "select p.subscriber, p.state, count(*) as items, min(p.first_failed_at) as oldest
         from bus.parked_items p where p.state in ('retrying', 'blocked', 'dead')
         group by p.subscriber, p.state order by p.subscriber, p.state",
    )
    .prepared()
    .load(conn)?)
}

/// How many items each subscriber has applied in the last minute, those of the minute before counted by the part of it that is
/// not over yet.
///
/// # Errors
/// Those of the database.
pub fn paces(conn: &mut PgConnection, now: DateTime<Utc>) -> AppResult<HashMap<String, i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        pace: i64,
    }
    let rows: Vec<Row> = sql_query(
        "select s.name, case s.minute when given.minute then s.in_minute + round(s.before_minute * given.remaining)
             when given.minute - interval '1 minute' then round(s.in_minute * given.remaining) else 0 end::bigint as pace
         from bus.subscribers s
           cross join (select date_trunc('minute', $1) as minute, 1 - extract(second from $1) / 60 as remaining) given",
    )
    .bind::<Timestamptz, _>(now).prepared()
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.name, row.pace)).collect())
}
