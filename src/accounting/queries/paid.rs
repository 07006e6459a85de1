//! On which days somebody was paid, for their calendar.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::auth::{Actor, Operation};
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A day for which somebody was paid.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PaidDay {
    /// The business date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// What was paid out.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
}

/// The latest days for which the actor was paid, the newest first; `limit` at most.
///
/// # Errors
/// 403 for those who have no account of their own.
pub fn list_paid_days(
    conn: &mut PgConnection,
    actor: &Actor,
    limit: i64,
) -> AppResult<Vec<PaidDay>> {
    actor.allow(Operation::OwnMoney)?;
    Ok(sql_query(
        "select business_date, amount_minor as amount from accounting.payouts where employee_id = $1
         order by business_date desc limit $2",
    )
    .bind::<SqlUuid, _>(actor.id.0)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
