//! Payout runs, their lines with the state of each mail, and what is still to be settled.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::EMPLOYEE_NAME;
use crate::accounting::period::Period;
use crate::accounting::service::{JOB, Run, RunStatus};
use crate::auth::{Actor, Operation};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// A date whose close has begun (M31).
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct PayoutRun {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// When it was closed; none while somebody is left.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    /// How many accounts are held.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// Whether all but the held ones are settled.
    #[diesel(sql_type = Bool)]
    pub all_looked_at: bool,
    /// How many were paid, up to now.
    #[diesel(sql_type = Integer)]
    pub people: i32,
    /// What was paid in all, up to now.
    #[diesel(sql_type = BigInt)]
    pub total: Money,
    /// How many were left with a debt.
    #[diesel(sql_type = Integer)]
    pub negative_balances: i32,
    /// Mails that were given up.
    #[diesel(sql_type = BigInt)]
    pub failed_mails: i64,
    /// Mails that have not left yet.
    #[diesel(sql_type = BigInt)]
    pub waiting_mails: i64,
}

impl PayoutRun {
    /// The run as the settlement itself tells of it.
    pub fn as_run(&self) -> Run {
        Run {
            business_date: self.business_date,
            status: match self.finished_at {
                Some(_) => RunStatus::Done,
                None if self.all_looked_at => RunStatus::Held(self.held),
                None => RunStatus::Running,
            },
            people: self.people,
            total: self.total,
        }
    }
}

/// The statements are added up only for a date that is closing; a closed one has its totals.
pub(super) const RUN: &str = "
select d.business_date, d.closed_at as finished_at,
  d.settled_through is not distinct from 'ffffffff-ffff-ffff-ffff-ffffffffffff' as all_looked_at,
  (select count(*) from accounting.held_accounts h where h.business_date = d.business_date and h.released_at is null) as held,
  coalesce(d.people, (select count(*) from accounting.statements s
    where s.business_date = d.business_date and s.payout_minor > 0)::integer) as people,
  coalesce(d.paid_minor, (select sum(s.payout_minor) from accounting.statements s
    where s.business_date = d.business_date)::bigint, 0) as total,
  coalesce(d.negative_balances, (select count(*) from accounting.statements s
    where s.business_date = d.business_date and s.closing_minor < 0)::integer) as negative_balances,
  (select count(*) from accounting.mails m join accounting.payouts p using (business_date, employee_id)
   where p.business_date = d.business_date and m.kind = 'payout' and m.state = 'failed') as failed_mails,
  (select count(*) from accounting.mails m join accounting.payouts p using (business_date, employee_id)
   where p.business_date = d.business_date and m.kind = 'payout' and m.state in ('new', 'waiting')) as waiting_mails
from accounting.business_days d where d.state <> 'open'";

/// The dates of a period, or of all time, whose close has begun, newest first.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_payout_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    period: Option<Period>,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<PayoutRun>> {
    actor.allow(Operation::Payouts)?;
    let before: Option<NaiveDate> = Cursor::key(cursor)?;
    let rows: Vec<PayoutRun> = sql_query(format!(
        "{RUN} and ($1 is null or d.business_date >= $1) and ($2 is null or d.business_date <= $2)
           and ($3 is null or d.business_date < $3)
         order by d.business_date desc limit $4"
    ))
    .bind::<Nullable<Date>, _>(period.map(|period| period.from))
    .bind::<Nullable<Date>, _>(period.map(|period| period.to))
    .bind::<Nullable<Date>, _>(before)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(rows, limit, |run| run.business_date))
}

/// The newest date whose close has begun, and how that stands; none before the first.
///
/// # Errors
/// Forbidden, and those of the database.
pub fn find_last_run(conn: &mut PgConnection, actor: &Actor) -> AppResult<Option<Run>> {
    let runs = list_payout_runs(conn, actor, None, None, 1)?;
    Ok(runs.items.first().map(PayoutRun::as_run))
}

/// How many dates are over at `now` and not closed.
///
/// # Errors
/// Forbidden, and those of the database.
pub fn count_open_dates(
    conn: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<usize> {
    Ok(list_open_runs(conn, actor, now)?.len())
}

/// One date whose close has begun.
///
/// # Errors
/// Forbidden; 404 for a date whose close has not begun.
pub(in crate::accounting) fn show_payout_run(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<PayoutRun> {
    actor.allow(Operation::Payouts)?;
    sql_query(format!("{RUN} and d.business_date = $1"))
        .bind::<Date, _>(date)
        .get_result(conn)
        .optional()?
        .ok_or(AppError::NotFound)
}

/// A date that is over and not closed.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct OpenRun {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// Whether its close has begun: then only held accounts are waited for, or the job is at it.
    #[diesel(sql_type = Bool)]
    pub begun: bool,
    /// How many accounts are held.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// What is waited for, or what went wrong.
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
}

/// The dates that are over at `now` and not closed, oldest first. A later date opens when the close of the one before begins.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn list_open_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<Vec<OpenRun>> {
    actor.allow(Operation::Payouts)?;
    Ok(sql_query(
        "select d.business_date, d.state = 'closing' as begun, j.detail,
           (select count(*) from accounting.held_accounts h
            where h.business_date = d.business_date and h.released_at is null) as held
         from accounting.business_days d
           left join platform.job_runs j on j.job = $2 and j.run_key = d.business_date::text
         where d.state <> 'closed' and d.ends_at <= $1 order by d.business_date",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(JOB)
    .load(conn)?)
}

/// Who was paid what for a date, and how the mail stands.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct PayoutLine {
    /// Who.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// Name and surname.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What; positive.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// The transfer in the ledger.
    #[diesel(sql_type = SqlUuid)]
    pub transfer_id: Uuid,
    /// The mail.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub mail_id: Option<Uuid>,
    /// How it stands.
    #[diesel(sql_type = Nullable<Text>)]
    pub mail_state: Option<String>,
    /// When it left.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
}

/// The lines of a date by amount, those whose mail failed first.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_payout_lines(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<PayoutLine>> {
    actor.allow(Operation::Payouts)?;
    let after: Option<(bool, i64, Uuid)> = Cursor::key(cursor)?;
    let rows: Vec<PayoutLine> = sql_query(format!(
        "select p.employee_id, {EMPLOYEE_NAME} as name, p.amount_minor as amount, p.transfer_id, m.id as mail_id,
           m.state as mail_state, m.sent_at
         from (
           select * from (
             select p.*, not exists (select from accounting.mails f where f.kind = 'payout' and f.employee_id = p.employee_id
               and f.business_date = p.business_date and f.state = 'failed') as healthy
             from accounting.payouts p where p.business_date = $1
           ) p where $2 is null or (p.healthy, -p.amount_minor, p.employee_id) > ($2, $3, $4)
           order by p.healthy, -p.amount_minor, p.employee_id limit $5
         ) p left join accounting.employees e on e.id = p.employee_id
           left join accounting.mails m on m.kind = 'payout' and m.employee_id = p.employee_id
             and m.business_date = p.business_date
         order by p.healthy, -p.amount_minor, p.employee_id"
    ))
    .bind::<Date, _>(date)
    .bind::<Nullable<Bool>, _>(after.map(|(healthy, ..)| healthy))
    .bind::<Nullable<BigInt>, _>(after.map(|(_, amount, _)| amount))
    .bind::<Nullable<SqlUuid>, _>(after.map(|(.., id)| id))
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    let key = |line: &PayoutLine| {
        (
            line.mail_state.as_deref() != Some("failed"),
            (-line.amount).minor(),
            line.employee_id,
        )
    };
    Ok(PageOf::from_rows(rows, limit, key))
}
