//! What the exports read, a date at a time, in an order that never changes.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::period::Period;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A transfer as it is exported.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct ExportTransfer {
    /// The transfer.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What it is.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whose account it moved.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The log-in name, or the id of somebody unknown.
    #[diesel(sql_type = Text)]
    pub username: String,
    /// Signed from the employee's side.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// The task it is about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// The task's title.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// The id in the issue tracker.
    #[diesel(sql_type = Nullable<Text>)]
    pub jira_id: Option<String>,
    /// The number of the assignment.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The event that is its reason.
    #[diesel(sql_type = SqlUuid)]
    pub reason_event_id: Uuid,
    /// The date it counts for.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// When it was booked.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
}

/// A balance at the start of a date or at the close of one.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct ClosedBalance {
    /// The log-in name, or the id of somebody unknown.
    #[diesel(sql_type = Text)]
    pub username: String,
    /// The balance from the employee's side.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
}

/// A payout as it is exported.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct ExportPayout {
    /// The settled date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// Who was paid.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The log-in name, or the id of somebody unknown.
    #[diesel(sql_type = Text)]
    pub username: String,
    /// Name and surname.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What; positive.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// The transfer in the ledger.
    #[diesel(sql_type = SqlUuid)]
    pub transfer_id: Uuid,
    /// How the mail stands.
    #[diesel(sql_type = Nullable<Text>)]
    pub mail_state: Option<String>,
}

#[derive(QueryableByName)]
struct DateRow {
    #[diesel(sql_type = Nullable<Date>)]
    date: Option<NaiveDate>,
}

/// The first date that has a row of its own.
pub(super) fn first_business_date(conn: &mut PgConnection) -> AppResult<Option<NaiveDate>> {
    let row: DateRow = sql_query("select min(business_date) as date from accounting.business_days")
        .get_result(conn)?;
    Ok(row.date)
}

/// The last date that has begun or that anything is booked on.
pub(super) fn last_business_date(conn: &mut PgConnection) -> AppResult<Option<NaiveDate>> {
    let row: DateRow = sql_query(
        "select greatest((select max(business_date) from accounting.business_days),
           (select max(business_date) from accounting.transfers)) as date",
    )
    .get_result(conn)?;
    Ok(row.date)
}

/// The transfers of a date: by time and person in the order of booking, the payouts last. Tasks are called as they were when the date
/// was settled, so that its export stays what it was.
pub(super) fn list_export_transfers(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Vec<ExportTransfer>> {
    Ok(sql_query(
        "select t.id, t.kind, t.account_id as employee_id, coalesce(e.username, t.account_id::text) as username,
           t.amount_minor as amount, t.task_id, t.assignment_seq, t.reason_event_id, t.business_date, t.created_at,
           case when f.task_id is null then k.title else f.title end as title,
           case when f.task_id is null then k.jira_id else f.jira_id end as jira_id
         from accounting.all_transfers t left join accounting.employees e on e.id = t.account_id
           left join accounting.tasks k on k.id = t.task_id
           left join accounting.business_days d on d.business_date = t.business_date
           left join lateral (select f.task_id, f.title, f.jira_id from accounting.former_titles f
             where f.task_id = t.task_id and f.until >= d.started_at order by f.until limit 1) f on true
         where t.business_date = $1 order by t.kind = 'payout', t.created_at, t.account_id, t.version",
    )
    .bind::<Date, _>(date)
    .load(conn)?)
}

/// The balances with which everybody came into a date; only those that are not zero. Up to the last closed date they stand in the
/// statements, so no old month is added up.
pub(super) fn list_opening_balances(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Vec<ClosedBalance>> {
    Ok(sql_query(
        "with moved as (
           select b.account_id, s.closing_minor as amount_minor
           from accounting.balances b cross join lateral (
             select closing_minor from accounting.statements where account_id = b.account_id and business_date < $1
               and business_date <= (select max(business_date) from accounting.business_days where state = 'closed')
             order by business_date desc limit 1) s
           union all
           select account_id, amount_minor from accounting.transfers
           where business_date < $1 and business_date > coalesce(
             (select max(business_date) from accounting.business_days where state = 'closed'), '-infinity')
         )
         select coalesce(e.username, m.account_id::text) as username, sum(m.amount_minor)::bigint as amount
         from moved m left join accounting.employees e on e.id = m.account_id
         group by 1 having sum(m.amount_minor) <> 0 order by 1",
    )
    .bind::<Date, _>(date)
    .load(conn)?)
}

/// The balances at the close of a date, from its statements; none until it is closed.
pub(super) fn list_closing_balances(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Vec<ClosedBalance>> {
    Ok(sql_query(
        "select coalesce(e.username, s.account_id::text) as username, s.closing_minor as amount
         from accounting.statements s join accounting.business_days d on d.business_date = s.business_date and d.state = 'closed'
           left join accounting.employees e on e.id = s.account_id
         where s.business_date = $1 order by 1",
    )
    .bind::<Date, _>(date)
    .load(conn)?)
}

/// The payouts of a period, by date and name.
pub(super) fn list_export_payouts(
    conn: &mut PgConnection,
    period: Period,
) -> AppResult<Vec<ExportPayout>> {
    Ok(sql_query(
        "select p.business_date, p.employee_id, coalesce(e.username, p.employee_id::text) as username,
           coalesce(e.name || ' ' || e.surname, '') as name, p.amount_minor as amount, p.transfer_id, m.state as mail_state
         from accounting.payouts p left join accounting.employees e on e.id = p.employee_id
           left join accounting.mails m on m.kind = 'payout' and m.employee_id = p.employee_id
             and m.business_date = p.business_date
         where p.business_date between $1 and $2 order by p.business_date, 3",
    )
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(conn)?)
}
