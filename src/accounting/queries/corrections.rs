//! The corrections as they are shown, and what one could make good for.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::EMPLOYEE_NAME;
use crate::accounting::correction::{CorrectionState, MissingRef};
use crate::accounting::service::LEDGER;
use crate::accounting::store::{self, Missing};
use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// A correction as it is shown.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct CorrectionView {
    /// The correction.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What it books, as the database's word.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whose account it moves.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub employee_id: Option<Uuid>,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub employee: String,
    /// How much; what was booked, once it is.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub amount: Option<Money>,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The task.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// Its title.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// The number of the assignment; fees only.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The transfer that it makes good for.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub corrected_transfer_id: Option<Uuid>,
    /// Its date.
    #[diesel(sql_type = Nullable<Date>)]
    pub corrected_date: Option<NaiveDate>,
    /// The dead item that is skipped with it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub item_id: Option<Uuid>,
    /// The number of its event in the log, and what went wrong with it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub item_seq: Option<i64>,
    /// What went wrong with it.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_error: Option<String>,
    /// How it stands, as the database's word.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Who asked.
    #[diesel(sql_type = SqlUuid)]
    pub requested_by: Uuid,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub requester: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub requested_at: DateTime<Utc>,
    /// Who decided.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub decided_by: Option<Uuid>,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub decider: String,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// The transfer that was booked.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub transfer_id: Option<Uuid>,
    /// Its date.
    #[diesel(sql_type = Nullable<Date>)]
    pub business_date: Option<NaiveDate>,
}

/// The corrections of `$1`'s rows with every name and amount.
fn view_of(rows: &str) -> String {
    let name = |alias: &str| EMPLOYEE_NAME.replace("e.", &format!("{alias}."));
    format!(
        "select c.id, c.kind, c.employee_id, {} as employee, coalesce(c.amount_minor, t.amount_minor) as amount, c.reason, c.task_id,
           k.title, c.assignment_seq, c.corrected_transfer_id, c.corrected_date, c.item_id, p.seq as item_seq, p.error as item_error,
           c.state, c.requested_by, {} as requester, c.requested_at, c.decided_by, {} as decider, c.decided_at, c.transfer_id,
           c.business_date
         from ({rows}) c
           left join accounting.employees w on w.id = c.employee_id
           left join accounting.employees r on r.id = c.requested_by
           left join accounting.employees d on d.id = c.decided_by
           left join accounting.tasks k on k.id = c.task_id
           left join lateral (select t.amount_minor from accounting.all_transfers t
             where t.business_date = c.business_date and t.id = c.transfer_id offset 0) t on true
           left join bus.parked_items p on p.subscriber = c.subscriber and p.item_id = c.item_id
         order by c.id desc",
        name("w"),
        name("r"),
        name("d"),
    )
}

/// The corrections, newest first; of one state when one is named.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_corrections(
    conn: &mut PgConnection,
    actor: &Actor,
    state: Option<CorrectionState>,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<CorrectionView>> {
    actor.allow(Operation::RequestCorrections)?;
    let before: Option<Uuid> = Cursor::key(cursor)?;
    let rows: Vec<CorrectionView> = sql_query(view_of(
        "select * from accounting.corrections where ($1 is null or state = $1) and ($2 is null or id < $2) order by id desc limit $3",
    ))
    .bind::<Nullable<Text>, _>(state.map(CorrectionState::as_str))
    .bind::<Nullable<SqlUuid>, _>(before)
    .bind::<BigInt, _>(limit + 1)
    .prepared()
    .load(conn)?;
    Ok(PageOf::from_rows(rows, limit, |row| row.id))
}

/// One correction.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::accounting) fn show_correction(
    conn: &mut PgConnection,
    actor: &Actor,
    id: Uuid,
) -> AppResult<CorrectionView> {
    actor.allow(Operation::RequestCorrections)?;
    sql_query(view_of(
        "select * from accounting.corrections where id = $1",
    ))
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?
    .ok_or(AppError::NotFound)
}

/// What is missing in the ledger by that name; none for a dead item that brings nothing.
///
/// # Errors
/// 404 for an item that is not dead; conflict when nothing is missing, or when more is missing than one transfer.
pub(in crate::accounting) fn what_is_missing(
    conn: &mut PgConnection,
    wanted: MissingRef,
) -> AppResult<Option<Missing>> {
    let nothing = || AppError::conflict("error-correction-nothing-missing");
    match wanted {
        MissingRef::Fee(task, seq) => store::find_missing(conn, task, Some(seq))?
            .map(Some)
            .ok_or_else(nothing),
        MissingRef::Reward(task) => store::find_missing(conn, task, None)?
            .map(Some)
            .ok_or_else(nothing),
        MissingRef::Item(item) => {
            let dead = store::find_dead_item(conn, LEDGER, item)?.ok_or(AppError::NotFound)?;
            let mut rows = store::list_missing_of(conn, &dead)?;
            if rows.len() > 1 {
                return Err(AppError::conflict("error-correction-whole-batch"));
            }
            Ok(rows.pop())
        }
    }
}

/// A missing transfer as the form shows it.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct MissingView {
    /// What is missing; none for a dead item that brings nothing.
    pub missing: Option<Missing>,
    /// Whose account it moves.
    pub employee: String,
    /// The title of the task.
    pub title: Option<String>,
    /// The dead item's event type and error.
    pub item: Option<(String, Option<String>)>,
}

/// What the ledger does not have, with names.
///
/// # Errors
/// Forbidden; as [`what_is_missing`].
pub(in crate::accounting) fn show_missing(
    conn: &mut PgConnection,
    actor: &Actor,
    wanted: MissingRef,
) -> AppResult<MissingView> {
    #[derive(QueryableByName)]
    struct Names {
        #[diesel(sql_type = Text)]
        employee: String,
        #[diesel(sql_type = Nullable<Text>)]
        title: Option<String>,
    }
    actor.allow(Operation::RequestCorrections)?;
    let missing = what_is_missing(conn, wanted)?;
    let names: Names = sql_query(format!(
        "select {EMPLOYEE_NAME} as employee, k.title from (select $1 as employee_id, $2 as task_id) m
           left join accounting.employees e on e.id = m.employee_id left join accounting.tasks k on k.id = m.task_id"
    ))
    .bind::<Nullable<SqlUuid>, _>(missing.as_ref().map(|row| row.employee_id))
    .bind::<Nullable<SqlUuid>, _>(missing.as_ref().map(|row| row.task_id))
    .get_result(conn)?;
    let item = match wanted {
        MissingRef::Item(item) => {
            store::find_dead_item(conn, LEDGER, item)?.map(|dead| (dead.event_type, dead.error))
        }
        _ => None,
    };
    Ok(MissingView {
        missing,
        employee: names.employee,
        title: names.title,
        item,
    })
}
