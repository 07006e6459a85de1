//! What the limits against abuse count (D16). Each count stops at its limit, so it costs no more on a long record than on a short one.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;
use crate::platform::ids::UserId;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Lets the creations of one person be counted one after another, until the end of the transaction.
pub(in crate::tasks) fn lock_creations_of(
    conn: &mut PgConnection,
    author: UserId,
) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(hashtextextended('tasks.creations', hashtextextended($1::text, 0)))")
        .bind::<SqlUuid, _>(author.0)
        .execute(conn)?;
    Ok(())
}

/// How many of somebody's last `limit` tasks were created since an instant.
pub(in crate::tasks) fn count_created_since(
    conn: &mut PgConnection,
    author: UserId,
    since: DateTime<Utc>,
    limit: i64,
) -> AppResult<i64> {
    let row: Count = sql_query(
        "select count(*) as count from (
           select created_at from tasks.tasks where created_by = $1 order by number desc limit $3
         ) last where created_at >= $2",
    )
    .bind::<SqlUuid, _>(author.0)
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(limit)
    .prepared()
    .get_result(conn)?;
    Ok(row.count)
}

/// How many of somebody's last `limit` presses came since an instant.
pub(in crate::tasks) fn count_pressed_since(
    conn: &mut PgConnection,
    presser: UserId,
    since: DateTime<Utc>,
    limit: i64,
) -> AppResult<i64> {
    let row: Count = sql_query(
        "select count(*) as count from (
           select requested_at from tasks.shuffles where requested_by = $1 order by number desc limit $3
         ) last where requested_at >= $2",
    )
    .bind::<SqlUuid, _>(presser.0)
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(limit).prepared()
    .get_result(conn)?;
    Ok(row.count)
}
