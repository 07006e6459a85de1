//! The last shuffles, as the auditors' views show them.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// A press of the shuffle.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::operations) struct ShuffleRun {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub run_id: Uuid,
    /// Its number for people.
    #[diesel(sql_type = BigInt)]
    pub number: i64,
    /// `queued`, `running` or `done`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// When it was pressed.
    #[diesel(sql_type = Timestamptz)]
    pub requested_at: DateTime<Utc>,
    /// When it was done.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Tasks that were open then.
    #[diesel(sql_type = Integer)]
    pub total: i32,
    /// Tasks that were moved so far.
    #[diesel(sql_type = Integer)]
    pub done: i32,
}

/// The last presses, the newest first.
///
/// # Errors
/// Those of the database.
pub(in crate::operations) fn list_shuffles(
    conn: &mut PgConnection,
    limit: i64,
) -> AppResult<Vec<ShuffleRun>> {
    Ok(sql_query(
        "select s.run_id, s.number, s.status, s.requested_at, s.finished_at, s.total, s.done
         from report_v1.shuffles s order by s.number desc limit $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
