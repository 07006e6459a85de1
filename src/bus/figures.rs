//! Figures of the bus for the metrics, read from the database when they are asked for.

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
    .load(conn)?)
}
