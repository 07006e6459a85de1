//! Held accounts: whose, for which date, and what each waits for.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::EMPLOYEE_NAME;
use crate::accounting::service::LEDGER;
use crate::auth::{Actor, Operation};
use crate::platform::error::AppResult;

/// Held accounts in a list at most; the figure beside it counts all of them.
const LIMIT: i64 = 100;

/// An account that is held for a date.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct HeldAccount {
    /// Whose.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// Name and surname.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub held_at: DateTime<Utc>,
    /// The parked item that it waits for.
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    /// The type of its event.
    #[diesel(sql_type = Nullable<Text>)]
    pub event_type: Option<String>,
    /// What the failure said; none for one that waits behind another, and for one that was repaired meanwhile.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
}

impl HeldAccount {
    /// Where the item is shown.
    pub fn letter(&self) -> String {
        format!("/admin/dead-letters/{LEDGER}/{}", self.item_id)
    }
}

/// The accounts that are held for a date, by name.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn list_held_accounts(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<Vec<HeldAccount>> {
    actor.allow(Operation::Payouts)?;
    Ok(sql_query(format!(
        "select h.account_id as employee_id, {EMPLOYEE_NAME} as name, h.held_at, h.item_id, v.event_type, p.error
         from accounting.held_accounts h left join accounting.employees e on e.id = h.account_id
           left join bus.parked_items p on p.subscriber = $2 and p.item_id = h.item_id
             and p.state in ('retrying', 'blocked', 'dead')
           left join bus.events v on v.seq = p.seq
         where h.business_date = $1 and h.released_at is null order by 2, 1 limit $3"
    ))
    .bind::<Date, _>(date)
    .bind::<Text, _>(LEDGER)
    .bind::<BigInt, _>(LIMIT)
    .load(conn)?)
}

/// How many accounts are held, and since when the first of them.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct HeldFigures {
    /// How many people have an account that is held for at least one date.
    #[diesel(sql_type = BigInt)]
    pub accounts: i64,
    /// Since when the longest is held.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// How many accounts are held just now, for the metrics.
///
/// # Errors
/// Those of the database.
pub fn held_figures(conn: &mut PgConnection) -> AppResult<HeldFigures> {
    Ok(sql_query(
        "select count(distinct employee_id) as accounts, min(held_at) as since
         from report_v1.held_accounts where released_at is null",
    )
    .get_result(conn)?)
}
