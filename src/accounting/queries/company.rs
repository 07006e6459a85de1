//! The company's side: what it earned, what it stands at, and everybody's transfers.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::{EMPLOYEE_NAME, EmployeeRef, Movement, MovementKind, task_ref};
use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::events::TransferKind;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// What the company earned on a date: fees less rewards; payouts do not count (M18, decision 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct DayEarnings {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// Sum of the fees, positive.
    #[diesel(sql_type = BigInt)]
    pub fees: Money,
    /// Sum of the rewards, positive.
    #[diesel(sql_type = BigInt)]
    pub rewards: Money,
}

impl DayEarnings {
    /// Fees less rewards; may be negative.
    pub fn earned(&self) -> Money {
        self.fees - self.rewards
    }
}

/// Earnings of a period, a line for every date of it (M19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::accounting) struct Earnings {
    /// The dates in order, those without any transfer too.
    pub days: Vec<DayEarnings>,
}

impl Earnings {
    /// The sum over the period.
    pub fn total(&self) -> Money {
        self.days.iter().map(DayEarnings::earned).sum()
    }
}

/// What the company earned in a period. Closed dates come from their stored totals, open ones from the ledger.
///
/// # Errors
/// Forbidden; invalid for a period too long for a table.
pub(in crate::accounting) fn show_earnings(
    conn: &mut PgConnection,
    actor: &Actor,
    period: Period,
) -> AppResult<Earnings> {
    actor.allow(Operation::CompanyEarnings)?;
    let period = period.as_table()?;
    let days = sql_query(
        "with open_days as (
           select business_date, coalesce(-sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees,
             coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards
           from accounting.transfers
           where business_date between $1 and $2 and business_date > coalesce(
             (select max(business_date) from accounting.business_days where state = 'closed'), '-infinity')
           group by business_date
         )
         select d.day::date as business_date, coalesce(b.fees_minor, o.fees, 0) as fees,
           coalesce(b.rewards_minor, o.rewards, 0) as rewards
         from generate_series($1::timestamp, $2::timestamp, interval '1 day') as d(day)
           left join accounting.business_days b on b.business_date = d.day::date and b.state = 'closed'
           left join open_days o on o.business_date = d.day::date
         order by 1",
    )
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(conn)?;
    Ok(Earnings { days })
}

/// The company's balance from both sides, which are equal (M20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct CompanyBalance {
    /// Fees less rewards since the start.
    #[diesel(sql_type = BigInt)]
    pub earned: Money,
    /// The sum of all employees' balances.
    #[diesel(sql_type = BigInt)]
    pub balances: Money,
    /// What was paid out in all, positive.
    #[diesel(sql_type = BigInt)]
    pub paid: Money,
    /// Corrections in favour of employees.
    #[diesel(sql_type = BigInt)]
    pub adjustments: Money,
}

impl CompanyBalance {
    /// The same as seen from the employees: what they have and had, negated.
    pub fn owed(&self) -> Money {
        -(self.balances + self.paid - self.adjustments)
    }
}

/// The company's balance since the start.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn show_company_balance(
    conn: &mut PgConnection,
    actor: &Actor,
) -> AppResult<CompanyBalance> {
    actor.allow(Operation::CompanyEarnings)?;
    Ok(sql_query(
        "with closed as (
           select coalesce(sum(fees_minor - rewards_minor), 0) as earned, coalesce(sum(paid_minor), 0) as paid,
             coalesce(max(business_date), '-infinity') as last
           from accounting.business_days where state = 'closed'
         ), open_days as (
           select -coalesce(sum(t.amount_minor) filter (where t.kind in ('assignment_fee', 'completion_reward')), 0) as earned
           from accounting.transfers t where t.business_date > (select last from closed)
         ), adjusted as (
           select coalesce((select sum(adjustments_minor) from accounting.statements where adjustments_minor <> 0), 0)
             + coalesce((select sum(amount_minor) from accounting.transfers
                 where kind = 'adjustment' and business_date > (select last from closed)), 0) as amount
         )
         select (c.earned + o.earned)::bigint as earned, c.paid::bigint as paid, a.amount::bigint as adjustments,
           coalesce((select sum(amount_minor) from accounting.balances), 0)::bigint as balances
         from closed c, open_days o, adjusted a",
    )
    .get_result(conn)?)
}

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
        "select kind, count(*) as count, sum(amount_minor)::bigint as amount_minor from accounting.transfers
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
           {EMPLOYEE_NAME} as name, t.task_id, k.title, k.jira_id
         from (
           select * from accounting.transfers
           where business_date between $1 and $2 and ($3 is null or account_id = $3) and ($4 is null or kind = $4)
             and ($5 is null or (business_date, id) < ($5, $6))
           order by business_date desc, id desc limit $7
         ) t left join accounting.employees e on e.id = t.account_id left join accounting.tasks k on k.id = t.task_id
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
        },
    }
}
