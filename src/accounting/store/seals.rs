//! The chain of seals over the closed dates.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Text, Timestamptz};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// The seal of a closed date.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Seal {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// How many transfers it has.
    #[diesel(sql_type = BigInt)]
    pub transfers: i64,
    /// Their sum from the employees' side.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// SHA-256 over them and the digest before, in hexadecimal.
    #[diesel(sql_type = Text)]
    pub digest: String,
}

/// Seals the first closed date that has no seal yet; none when all have one. Who seals waits for who is sealing.
///
/// A date of a million transfers takes seconds, so the rest of the transaction gets more time than a request has.
pub(in crate::accounting) fn seal_next_day(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<Option<Seal>> {
    conn.batch_execute(
        "set local statement_timeout = '5min'; select pg_advisory_xact_lock(7781, 26)",
    )?;
    Ok(sql_query(
        "with head as (
           select business_date, digest from accounting.day_seals order by business_date desc limit 1
         ), next as (
           select d.business_date from accounting.business_days d where d.state = 'closed'
             and d.business_date > coalesce((select business_date from head), '-infinity')
           order by d.business_date limit 1
         )
         insert into accounting.day_seals (business_date, transfers, amount_minor, previous, digest, sealed_at)
         select n.business_date, s.transfers, s.amount_minor, h.digest, s.digest, $1
         from next n left join head h on true cross join lateral accounting.seal_digest(n.business_date, h.digest) s
         returning business_date, transfers, amount_minor as amount, encode(digest, 'hex') as digest",
    )
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?)
}
