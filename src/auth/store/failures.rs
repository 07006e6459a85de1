//! The soft lock: failures are counted before the password is hashed.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Bool, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// How the lock of a log-in name stands.
#[derive(QueryableByName)]
pub(in crate::auth) struct LockState {
    /// Whether this attempt may go on; it is counted then.
    #[diesel(sql_type = Bool)]
    pub admitted: bool,
    /// Until when the next one has to wait.
    #[diesel(sql_type = Timestamptz)]
    pub locked_until: DateTime<Utc>,
}

/// Counts an attempt for a log-in name as a failure before it is looked at, and says whether it may go on. One statement, so that
/// attempts at once are counted one after another. After 1 or 2 failures in a cycle of a day the next attempt waits a second, after
/// up to 8 three, up to 24 five, up to 99 ten, after more until the cycle ends.
pub(in crate::auth) fn reserve_attempt(
    conn: &mut PgConnection,
    username: &str,
    now: DateTime<Utc>,
) -> AppResult<LockState> {
    let counted: Vec<LockState> = sql_query(
        "insert into auth.login_failures as f (username, failures, locked_until, cycle_ends_at)
         values (lower($1), 1, $2 + interval '1 second', $2 + interval '24 hours')
         on conflict (username) do update set
           failures = case when f.cycle_ends_at <= $2 then 1 else f.failures + 1 end,
           cycle_ends_at = case when f.cycle_ends_at <= $2 then $2 + interval '24 hours' else f.cycle_ends_at end,
           locked_until = case
             when f.cycle_ends_at <= $2 or f.failures + 1 <= 2 then $2 + interval '1 second'
             when f.failures + 1 <= 8 then $2 + interval '3 seconds'
             when f.failures + 1 <= 24 then $2 + interval '5 seconds'
             when f.failures + 1 <= 99 then $2 + interval '10 seconds'
             else f.cycle_ends_at end
         where f.locked_until <= $2
         returning true as admitted, locked_until",
    )
    .bind::<Text, _>(username)
    .bind::<Timestamptz, _>(now).prepared()
    .load(conn)?;
    if let Some(state) = counted.into_iter().next() {
        return Ok(state);
    }
    Ok(sql_query("select false as admitted, locked_until from auth.login_failures where username = lower($1)")
        .bind::<Text, _>(username).prepared()
        .get_result(conn)?)
}

/// Counts a failure that came after the first factor was right, such as a wrong code: it makes the next log-in wait as any failure does.
pub(in crate::auth) fn count_failure(
    conn: &mut PgConnection,
    username: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.login_failures as f (username, failures, locked_until, cycle_ends_at)
         values (lower($1), 1, $2 + interval '1 second', $2 + interval '24 hours')
         on conflict (username) do update set
           failures = case when f.cycle_ends_at <= $2 then 1 else f.failures + 1 end,
           cycle_ends_at = case when f.cycle_ends_at <= $2 then $2 + interval '24 hours' else f.cycle_ends_at end",
    )
    .bind::<Text, _>(username)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Takes back the count of an attempt that turned out to be no failure; earlier failures of the cycle stay counted.
pub(in crate::auth) fn release_attempt(
    conn: &mut PgConnection,
    username: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.login_failures set failures = greatest(failures - 1, 0), locked_until = $2 where username = lower($1)")
        .bind::<Text, _>(username)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
