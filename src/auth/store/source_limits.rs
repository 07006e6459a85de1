//! Buckets of tries, one for each source and each kind of act.

use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// How a bucket stands after a try.
#[derive(QueryableByName)]
pub(in crate::auth) struct BucketState {
    /// Whether there was a try left; it is taken then.
    #[diesel(sql_type = Bool)]
    pub admitted: bool,
    /// When the bucket is full again.
    #[diesel(sql_type = Timestamptz)]
    pub spent_until: DateTime<Utc>,
}

/// Takes a try out of a bucket of `burst` tries of which one comes back each `refill`. One statement: of tries at once no more pass
/// than there were left.
pub(in crate::auth) fn take_try(
    conn: &mut PgConnection,
    act: &str,
    source: &str,
    burst: i64,
    refill: Duration,
    now: DateTime<Utc>,
) -> AppResult<BucketState> {
    let taken: Vec<BucketState> = sql_query(
        "insert into auth.source_limits as l (act, source, spent_until) values ($1, $2, $3 + $5 * interval '1 millisecond')
         on conflict (act, source) do update set spent_until = greatest(l.spent_until, $3) + $5 * interval '1 millisecond'
         where greatest(l.spent_until, $3) + $5 * interval '1 millisecond' <= $3 + $4 * $5 * interval '1 millisecond'
         returning true as admitted, spent_until",
    )
    .bind::<Text, _>(act)
    .bind::<Text, _>(source)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(burst)
    .bind::<BigInt, _>(refill.num_milliseconds())
    .load(conn)?;
    if let Some(state) = taken.into_iter().next() {
        return Ok(state);
    }
    Ok(sql_query(
        "select false as admitted, spent_until from auth.source_limits where act = $1 and source = $2",
    )
    .bind::<Text, _>(act)
    .bind::<Text, _>(source)
    .get_result(conn)?)
}

/// Puts a try back that turned out to be none.
pub(in crate::auth) fn give_back_try(
    conn: &mut PgConnection,
    act: &str,
    source: &str,
    refill: Duration,
) -> AppResult<()> {
    sql_query(
        "update auth.source_limits set spent_until = spent_until - $3 * interval '1 millisecond' where act = $1 and source = $2",
    )
    .bind::<Text, _>(act)
    .bind::<Text, _>(source)
    .bind::<BigInt, _>(refill.num_milliseconds())
    .execute(conn)?;
    Ok(())
}

/// Removes buckets that are full.
pub(in crate::auth) fn delete_full_buckets(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.source_limits where spent_until <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
