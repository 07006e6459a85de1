//! The company's side: what it earned and what it stands at.

use std::fmt;

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::balances::BalanceSums;
use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

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

    /// All fees of the period.
    pub fn fees(&self) -> Money {
        self.days.iter().map(|day| day.fees).sum()
    }

    /// All rewards of the period.
    pub fn rewards(&self) -> Money {
        self.days.iter().map(|day| day.rewards).sum()
    }
}

/// What the company earned in a period. Closed dates come from the totals that were stored when they were closed (M41); every other one
/// is added up from the ledger now.
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
    let days = sql_query(format!(
        "with live as (
           select business_date, {EARNED} from accounting.transfers
           where business_date between $1 and $2 and business_date >= accounting.first_live_date() group by business_date
         )
         select d.day::date as business_date, coalesce(b.fees_minor, o.fees, 0) as fees,
           coalesce(b.rewards_minor, o.rewards, 0) as rewards
         from generate_series($1::timestamp, $2::timestamp, interval '1 day') as d(day)
           left join accounting.business_days b
             on b.business_date = d.day::date and b.state = 'closed' and b.business_date between $1 and $2
           left join live o on o.business_date = d.day::date
         order by 1"
    ))
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .prepared()
    .load(conn)?;
    Ok(Earnings { days })
}

/// A closed date whose stored totals are not what the ledger adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct EarningsDifference {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// The fees as they are stored.
    #[diesel(sql_type = BigInt)]
    pub stored_fees: Money,
    /// The rewards as they are stored.
    #[diesel(sql_type = BigInt)]
    pub stored_rewards: Money,
    /// The fees that the ledger adds up to.
    #[diesel(sql_type = BigInt)]
    pub live_fees: Money,
    /// The rewards that the ledger adds up to.
    #[diesel(sql_type = BigInt)]
    pub live_rewards: Money,
}

/// What a refresh by hand found: how many closed dates were added up anew, and those that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarningsCheck {
    /// How many closed dates there are in the period.
    pub dates: i64,
    /// Those whose stored totals differ, in order; nothing is overwritten.
    pub differences: Vec<EarningsDifference>,
}

impl fmt::Display for EarningsDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} fees {} stored, {} in the ledger; rewards {} stored, {} in the ledger",
            self.business_date,
            self.stored_fees,
            self.live_fees,
            self.stored_rewards,
            self.live_rewards
        )
    }
}

/// The same for a command: every closed date, or those from or up to a date.
///
/// # Errors
/// Invalid for reversed dates, and those of the database.
pub fn check_earnings(
    conn: &mut PgConnection,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<EarningsCheck> {
    let period = Period {
        from: from.unwrap_or(FIRST_DATE),
        to: to.unwrap_or(LAST_DATE),
    };
    if period.to < period.from {
        return Err(AppError::field("to", "field-period-reversed"));
    }
    recount_earnings(conn, period)
}

/// Adds up every closed date of a period anew, the archive included, and compares it with what is stored (M41). A closed date is final:
/// a difference is told and never made good for by writing over it.
///
/// # Errors
/// Those of the database.
fn recount_earnings(conn: &mut PgConnection, period: Period) -> AppResult<EarningsCheck> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        dates: i64,
    }
    conn.batch_execute("set local statement_timeout = '5min'")?;
    let closed: Row = sql_query(
        "select count(*) as dates from accounting.business_days where state = 'closed' and business_date between $1 and $2",
    )
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .get_result(conn)?;
    let differences = sql_query(format!(
        "with live as (
           select business_date, {EARNED} from accounting.all_transfers
           where business_date between $1 and $2 group by business_date
         )
         select b.business_date, coalesce(b.fees_minor, 0) as stored_fees, coalesce(b.rewards_minor, 0) as stored_rewards,
           coalesce(o.fees, 0) as live_fees, coalesce(o.rewards, 0) as live_rewards
         from accounting.business_days b left join live o using (business_date)
         where b.state = 'closed' and b.business_date between $1 and $2
           and (b.fees_minor, b.rewards_minor) is distinct from (coalesce(o.fees, 0), coalesce(o.rewards, 0))
         order by 1"
    ))
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(conn)?;
    Ok(EarningsCheck {
        dates: closed.dates,
        differences,
    })
}

/// The same for the page.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::accounting) fn show_recount(
    conn: &mut PgConnection,
    actor: &Actor,
    period: Period,
) -> AppResult<EarningsCheck> {
    actor.allow(Operation::CompanyEarnings)?;
    recount_earnings(conn, period)
}

/// The fees and rewards of a set of transfers, both positive.
const EARNED: &str =
    "coalesce(-sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees,
  coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards";

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

/// The company's balance since the start: now, or at the close of a date with the balances of everybody as they were then.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn show_company_balance(
    conn: &mut PgConnection,
    actor: &Actor,
    at: Option<(NaiveDate, &BalanceSums)>,
) -> AppResult<CompanyBalance> {
    actor.allow(Operation::CompanyEarnings)?;
    Ok(sql_query(
        "with closed as (
           select coalesce(sum(fees_minor - rewards_minor), 0) as earned, coalesce(sum(paid_minor), 0) as paid
           from accounting.business_days where state = 'closed' and business_date <= $1
         ), live as (
           select -coalesce(sum(t.amount_minor) filter (where t.kind in ('assignment_fee', 'completion_reward')), 0) as earned,
             -coalesce(sum(t.amount_minor) filter (where t.kind = 'payout'), 0) as paid,
             coalesce(sum(t.amount_minor) filter (where t.kind = 'adjustment'), 0) as adjustments
           from accounting.transfers t where t.business_date <= $1 and t.business_date >= accounting.first_live_date()
             and not exists (select from accounting.business_days b
               where b.business_date = t.business_date and b.state = 'closed' and b.business_date >= accounting.first_live_date())
         ), adjusted as (
           select coalesce(sum(s.adjustments_minor), 0) as adjustments
           from accounting.statements s join accounting.business_days b using (business_date)
           where s.adjustments_minor <> 0 and s.business_date <= $1 and b.state = 'closed'
         )
         select (c.earned + l.earned)::bigint as earned, (c.paid + l.paid)::bigint as paid,
           (a.adjustments + l.adjustments)::bigint as adjustments, coalesce($2, (select sum(amount_minor) from accounting.balances), 0)::bigint as balances
         from closed c, live l, adjusted a",
    )
    .bind::<Date, _>(at.map_or(LAST_DATE, |(date, _)| date))
    .bind::<Nullable<BigInt>, _>(at.map(|(_, sums)| sums.total.minor()))
    .prepared()
    .get_result(conn)?)
}

/// A date before every transfer.
const FIRST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// A date after every transfer.
const LAST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MAX,
};
