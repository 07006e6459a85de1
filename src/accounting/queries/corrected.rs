//! A transfer that a correction makes good for, and what was made good for before.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::store::find_date;
use crate::auth::{Actor, Operation};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// A transfer as the form of an adjustment shows it.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct CorrectedTransfer {
    /// Its kind, as the database's word.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Signed from the employee's side.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// What confirmed corrections have made good for so far.
    #[diesel(sql_type = BigInt)]
    pub confirmed: Money,
    /// Its date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// The user name of whose account it moved.
    #[diesel(sql_type = Text)]
    pub username: String,
    /// The title of the task.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
}

impl CorrectedTransfer {
    /// What would undo what is left of it; zero when nothing is.
    pub fn undone(&self) -> Money {
        -(self.amount + self.confirmed)
    }
}

/// The transfer that a correction makes good for.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::accounting) fn show_corrected(
    conn: &mut PgConnection,
    actor: &Actor,
    transfer: Uuid,
) -> AppResult<CorrectedTransfer> {
    actor.allow(Operation::RequestCorrections)?;
    let date = find_date(conn, transfer)?.ok_or(AppError::NotFound)?;
    sql_query(
        "select t.kind, t.amount_minor as amount, coalesce((select sum(c.amount_minor) from accounting.corrections c
             where c.corrected_transfer_id = t.id and c.state = 'confirmed'), 0)::bigint as confirmed, t.business_date, coalesce(e.username, '') as username, k.title
         from accounting.all_transfers t left join accounting.employees e on e.id = t.account_id
           left join accounting.tasks k on k.id = t.task_id
         where t.id = $1 and t.business_date = $2",
    )
    .bind::<SqlUuid, _>(transfer)
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?
    .ok_or(AppError::NotFound)
}

/// A confirmed correction of a transfer.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct EarlierCorrection {
    /// The correction.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// How much it has booked.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// The date on which.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
}

/// The confirmed corrections of a transfer, the first one first.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn list_earlier_corrections(
    conn: &mut PgConnection,
    actor: &Actor,
    transfer: Uuid,
) -> AppResult<Vec<EarlierCorrection>> {
    actor.allow(Operation::RequestCorrections)?;
    Ok(sql_query(
        "select id, amount_minor as amount, business_date from accounting.corrections
         where corrected_transfer_id = $1 and state = 'confirmed' order by id",
    )
    .bind::<SqlUuid, _>(transfer)
    .load(conn)?)
}
