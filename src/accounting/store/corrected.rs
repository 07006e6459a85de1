//! A transfer that a correction makes good for.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A transfer that somebody wants to make good for.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Corrected {
    /// Whose account it moved.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Signed from the employee's side.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: Money,
    /// What confirmed corrections have made good for so far.
    #[diesel(sql_type = BigInt)]
    pub confirmed_minor: Money,
    /// The task it is about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// Its date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
}

/// A transfer by its id.
pub(in crate::accounting) fn find_transfer(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<Corrected>> {
    Ok(sql_query(
        "select t.account_id, t.amount_minor, coalesce((select sum(c.amount_minor) from accounting.corrections c
             where c.corrected_transfer_id = t.id and c.state = 'confirmed'), 0)::bigint as confirmed_minor, t.task_id, t.business_date
         from accounting.all_transfers t where t.id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?)
}
