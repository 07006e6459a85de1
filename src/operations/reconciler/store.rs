//! The row of the reconciler.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Jsonb, Nullable, Timestamptz};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};

use super::slice::Slice;
use crate::platform::agreement::Difference;
use crate::platform::error::{AppError, AppResult};

/// A round that this process makes.
pub(super) struct Claim {
    /// The last of the old dates that was gone over.
    pub slice_after: Option<NaiveDate>,
    /// The pace after the last round.
    pub pace: Duration,
    /// What differed in the last round.
    pub known: Vec<Difference>,
}

/// What came of a round.
pub(super) struct Outcome {
    /// How long it took.
    pub took: Duration,
    /// Time from its begin to the next one's.
    pub pace: Duration,
    /// Time until the next one may begin.
    pub rest: Duration,
    /// What differs.
    pub differs: Vec<Difference>,
    /// How far the sweep is.
    pub slice: Slice,
}

/// Takes the round that is due, for five minutes; then another process may think that this one has died.
pub(super) fn claim(conn: &mut PgConnection) -> AppResult<Option<Claim>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Date>)]
        slice_after: Option<NaiveDate>,
        #[diesel(sql_type = BigInt)]
        pace_ms: i64,
        #[diesel(sql_type = Jsonb)]
        findings: serde_json::Value,
    }
    let row: Option<Row> = sql_query(
        "update platform.reconciler set next_at = clock_timestamp() + interval '5 minutes'
         where next_at <= clock_timestamp() returning slice_after, pace_ms, findings",
    )
    .get_result(conn)
    .optional()?;
    row.map(|row| {
        Ok(Claim {
            slice_after: row.slice_after,
            pace: Duration::from_millis(u64::try_from(row.pace_ms).unwrap_or_default()),
            known: serde_json::from_value(row.findings)
                .map_err(|error| AppError::Internal(Box::new(error)))?,
        })
    })
    .transpose()
}

/// Lets a round go that could not be made; the next one may begin after the usual time.
pub(super) fn give_back(conn: &mut PgConnection, every: Duration) -> AppResult<()> {
    let millis = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    sql_query(
        "update platform.reconciler set next_at = clock_timestamp() + $1 * interval '1 millisecond'",
    )
    .bind::<BigInt, _>(millis)
    .execute(conn)?;
    Ok(())
}

/// Writes down what came of a round, and when the next may begin.
pub(super) fn record(
    conn: &mut PgConnection,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> AppResult<()> {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let agrees = outcome.differs.iter().all(|check| !check.money);
    let findings = serde_json::to_value(&outcome.differs)
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    sql_query(
        "update platform.reconciler set round_at = $1, took_ms = $2, pace_ms = $3,
           next_at = clock_timestamp() + $4 * interval '1 millisecond', findings = $5,
           agreed_at = case when $6 then $1 else agreed_at end, slice_after = $7,
           swept_at = case when $8 then $1 else swept_at end",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(millis(outcome.took))
    .bind::<BigInt, _>(millis(outcome.pace))
    .bind::<BigInt, _>(millis(outcome.rest))
    .bind::<Jsonb, _>(findings)
    .bind::<Bool, _>(agrees)
    .bind::<Nullable<Date>, _>(outcome.slice.after)
    .bind::<Bool, _>(outcome.slice.swept)
    .execute(conn)?;
    Ok(())
}
