//! Everybody's transfers, and the sums of a date.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::{EMPLOYEE_NAME, EmployeeRef, Movement, MovementKind, correction_ref, task_ref};
use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::events::TransferKind;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// A business date for accountants: whether it is final, and its sums by kind.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct DaySummary {
    /// Whether it is settled, so that nothing changes any more.
    pub closed: bool,
    /// Kind, number of transfers, sum from the employees' side.
    pub sums: Vec<(TransferKind, i64, Money)>,
}

/// The sums of a date by kind, every kind that occurs.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn show_day_summary(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<DaySummary> {
    #[derive(QueryableByName)]
    struct State {
        #[diesel(sql_type = Bool)]
        closed: bool,
    }
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = BigInt)]
        count: i64,
        #[diesel(sql_type = BigInt)]
        amount_minor: Money,
    }
    actor.allow(Operation::CompanyTransfers)?;
    let state: Option<State> = sql_query(
        "select state = 'closed' as closed from accounting.business_days where business_date = $1",
    )
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?;
    let sums: Vec<Sum> = sql_query(
        "select kind, count(*) as count, sum(amount_minor)::bigint as amount_minor from accounting.all_transfers
         where business_date = $1 group by kind",
    )
    .bind::<Date, _>(date)
    .load(conn)?;
    let of = |kind: TransferKind| sums.iter().find(|sum| sum.kind == kind.as_str());
    let sums = TransferKind::ALL
        .into_iter()
        .filter_map(|kind| of(kind).map(|sum| (kind, sum.count, sum.amount_minor)))
        .collect();
    Ok(DaySummary {
        closed: state.is_some_and(|state| state.closed),
        sums,
    })
}

/// Which of all transfers are asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct CompanyFilter<'a> {
    /// The dates.
    pub period: Period,
    /// Only one person's.
    pub user: Option<Uuid>,
    /// Only one kind.
    pub kind: Option<TransferKind>,
    /// Where the last piece ended.
    pub cursor: Option<&'a str>,
    /// Rows at most.
    pub limit: i64,
}

/// A transfer with the person it moved. The balance is the one after booking.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct CompanyTransfer {
    /// Whose account it moved.
    pub employee: EmployeeRef,
    /// The transfer.
    pub movement: Movement,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: Money,
    #[diesel(sql_type = BigInt)]
    balance_minor: Money,
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    task_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    title: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    jira_id: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    assignment_seq: Option<i32>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    correction_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    correction_reason: Option<String>,
}

/// Everybody's transfers, newest first (M17).
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_company_transfers(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &CompanyFilter<'_>,
) -> AppResult<PageOf<CompanyTransfer>> {
    actor.allow(Operation::CompanyTransfers)?;
    let after: Option<(NaiveDate, Uuid)> = Cursor::key(filter.cursor)?;
    let rows: Vec<Row> = sql_query(format!(
        "select t.id, t.created_at, t.business_date, t.kind, t.amount_minor, t.balance_minor, t.account_id,
           {EMPLOYEE_NAME} as name, t.task_id, t.assignment_seq, k.title, k.jira_id, c.id as correction_id, c.reason as correction_reason
         from (
           select * from accounting.all_transfers
           where business_date between $1 and $2 and ($3 is null or account_id = $3) and ($4 is null or kind = $4)
             and ($5 is null or (business_date, id) < ($5, $6))
           order by business_date desc, id desc limit $7
         ) t left join accounting.employees e on e.id = t.account_id left join accounting.tasks k on k.id = t.task_id
           left join accounting.corrections c on c.transfer_id = t.id
         order by t.business_date desc, t.id desc"
    ))
    .bind::<Date, _>(filter.period.from)
    .bind::<Date, _>(filter.period.to)
    .bind::<Nullable<SqlUuid>, _>(filter.user)
    .bind::<Nullable<Text>, _>(filter.kind.map(TransferKind::as_str))
    .bind::<Nullable<Date>, _>(after.map(|(date, _)| date))
    .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
    .bind::<BigInt, _>(filter.limit + 1)
    .load(conn)?;
    let page = PageOf::from_rows(rows, filter.limit, |row| (row.business_date, row.id));
    Ok(page.map(company_transfer))
}

fn company_transfer(row: Row) -> CompanyTransfer {
    CompanyTransfer {
        employee: EmployeeRef {
            uid: row.account_id,
            name: row.name,
        },
        movement: Movement {
            uid: row.id,
            at: row.created_at,
            business_date: row.business_date,
            kind: MovementKind::parse(&row.kind).unwrap_or(MovementKind::DebtCarried),
            amount: row.amount_minor,
            balance: row.balance_minor,
            task: task_ref(row.task_id, row.title, row.jira_id),
            assignment_seq: row.assignment_seq,
            correction: correction_ref(row.correction_id, row.correction_reason),
        },
    }
}
