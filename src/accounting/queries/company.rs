//! The company's side: what it earned and what it stands at.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::platform::error::AppResult;
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
           select -coalesce(sum(t.amount_minor) filter (where t.kind in ('assignment_fee', 'completion_reward')), 0) as earned,
             -coalesce(sum(t.amount_minor) filter (where t.kind = 'payout'), 0) as paid
           from accounting.transfers t where t.business_date > (select last from closed)
         ), adjusted as (
           select coalesce((select sum(adjustments_minor) from accounting.statements
               where adjustments_minor <> 0 and business_date <= (select last from closed)), 0)
             + coalesce((select sum(amount_minor) from accounting.transfers
                 where kind = 'adjustment' and business_date > (select last from closed)), 0) as amount
         )
         select (c.earned + o.earned)::bigint as earned, (c.paid + o.paid)::bigint as paid, a.amount::bigint as adjustments,
           coalesce((select sum(amount_minor) from accounting.balances), 0)::bigint as balances
         from closed c, open_days o, adjusted a",
    )
    .get_result(conn)?)
}
