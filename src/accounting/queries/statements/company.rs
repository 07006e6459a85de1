//! The company's day from both sides (M20).

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::accounting::store::Figures;
use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// A day of the company. Its own side comes from the totals of the closed days, that of the people from their statements; only an open
/// day comes from the ledger on both sides.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct CompanyStatement {
    /// The day.
    pub business_date: NaiveDate,
    /// Whether the company has no date before.
    pub is_first: bool,
    /// When it was closed; none while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// The company's balance before: fees less rewards since the start.
    pub before: Money,
    /// The day's fees, positive.
    pub fees: Money,
    /// The day's rewards, positive.
    pub rewards: Money,
    /// How many were paid.
    pub people_paid: i64,
    /// How many have a statement, or moved.
    pub people: i64,
    /// The sum of all people's figures.
    pub sum: Figures,
    /// What was paid out since the start, positive.
    pub paid_in_all: Money,
    /// Corrections in favour of people since the start.
    pub adjusted_in_all: Money,
}

impl CompanyStatement {
    /// The company's balance at the end.
    pub fn after(&self) -> Money {
        self.before + self.fees - self.rewards
    }

    /// The same as seen from the people: what they have and were paid, without corrections, negated.
    pub fn owed(&self) -> Money {
        -(self.sum.closing_minor + self.paid_in_all - self.adjusted_in_all)
    }

    /// Whether both sides show the same, the day's figures as well as the balance (M20).
    pub fn agrees(&self) -> bool {
        self.after() == self.owed()
            && self.fees == -self.sum.fees_minor
            && self.rewards == self.sum.rewards_minor
            && self.sum.add_up()
    }
}

#[derive(QueryableByName)]
struct Own {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    closed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Date>)]
    begun: Option<NaiveDate>,
    #[diesel(sql_type = BigInt)]
    before_minor: Money,
    #[diesel(sql_type = BigInt)]
    fees_minor: Money,
    #[diesel(sql_type = BigInt)]
    rewards_minor: Money,
    #[diesel(sql_type = BigInt)]
    paid_minor: Money,
    #[diesel(sql_type = BigInt)]
    adjusted_minor: Money,
}

/// `open` are the transfers of dates up to the day that no closed date holds.
const OWN: &str = "
with closed as (
  select max(business_date) as last, max(closed_at) filter (where business_date = $1) as closed_at,
    sum(fees_minor - rewards_minor) filter (where business_date < $1) as before, sum(paid_minor) as paid,
    sum(fees_minor) filter (where business_date = $1) as fees, sum(rewards_minor) filter (where business_date = $1) as rewards
  from accounting.business_days where state = 'closed' and business_date <= $1
), open as (
  select -sum(amount_minor) filter (where business_date < $1 and kind in ('assignment_fee', 'completion_reward')) as before,
    -sum(amount_minor) filter (where kind = 'payout') as paid, sum(amount_minor) filter (where kind = 'adjustment') as adjusted,
    -sum(amount_minor) filter (where business_date = $1 and kind = 'assignment_fee') as fees,
    sum(amount_minor) filter (where business_date = $1 and kind = 'completion_reward') as rewards
  from accounting.transfers
  where business_date <= $1 and business_date > coalesce((select last from closed), '-infinity')
)
select c.closed_at,
  coalesce((select min(business_date) from accounting.business_days), (select min(business_date) from accounting.transfers)) as begun,
  (coalesce(c.before, 0) + coalesce(o.before, 0))::bigint as before_minor, coalesce(c.fees, o.fees, 0)::bigint as fees_minor,
  coalesce(c.rewards, o.rewards, 0)::bigint as rewards_minor, (coalesce(c.paid, 0) + coalesce(o.paid, 0))::bigint as paid_minor,
  (coalesce((select sum(adjustments_minor) from accounting.statements where adjustments_minor <> 0 and business_date <= c.last), 0)
    + coalesce(o.adjusted, 0))::bigint as adjusted_minor
from closed c, open o";

#[derive(QueryableByName)]
struct People {
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = BigInt)]
    people_paid: i64,
    #[diesel(embed)]
    sum: Figures,
}

/// People with a statement of the day, and those without one who moved on it or since the last closed date before.
const PEOPLE: &str = "
with base as (
  select max(business_date) as business_date from accounting.business_days where state = 'closed' and business_date <= $1
), stored as (
  select * from accounting.statements where business_date = (select business_date from base)
), carried as (
  select account_id, closing_minor as opening, 0 as fees, 0 as rewards, 0 as adjustments, 0 as payout
  from stored where business_date < $1
), moved as (
  select t.account_id, sum(amount_minor) filter (where t.business_date < $1) as opening,
    sum(amount_minor) filter (where t.business_date = $1 and kind = 'assignment_fee') as fees,
    sum(amount_minor) filter (where t.business_date = $1 and kind = 'completion_reward') as rewards,
    sum(amount_minor) filter (where t.business_date = $1 and kind = 'adjustment') as adjustments,
    -sum(amount_minor) filter (where t.business_date = $1 and kind = 'payout') as payout
  from accounting.transfers t
  where t.business_date <= $1 and t.business_date > coalesce((select business_date from base), '-infinity')
  group by t.account_id
), lines as (
  select account_id, opening_minor as opening, fees_minor as fees, rewards_minor as rewards, adjustments_minor as adjustments,
    payout_minor as payout
  from stored where business_date = $1
  union all select * from carried
  union all select * from moved
), sums as (
  select account_id, coalesce(sum(opening), 0) as opening, coalesce(sum(fees), 0) as fees, coalesce(sum(rewards), 0) as rewards,
    coalesce(sum(adjustments), 0) as adjustments, coalesce(sum(payout), 0) as payout
  from lines group by account_id
)
select count(*) as people, count(*) filter (where payout > 0) as people_paid,
  coalesce(sum(opening), 0)::bigint as opening_minor, coalesce(sum(fees), 0)::bigint as fees_minor,
  coalesce(sum(rewards), 0)::bigint as rewards_minor, coalesce(sum(adjustments), 0)::bigint as adjustments_minor,
  coalesce(sum(payout), 0)::bigint as payout_minor,
  CLOSING as closing_minor
from sums";

/// The statement of a date that is not after `today`.
///
/// # Errors
/// Forbidden; 404 for a date in the future, and for one before the books begin.
pub(in crate::accounting) fn show_company_statement(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
    today: NaiveDate,
) -> AppResult<CompanyStatement> {
    actor.allow(Operation::CompanyTransfers)?;
    let own: Own = sql_query(OWN)
        .bind::<Date, _>(date)
        .prepared()
        .get_result(conn)?;
    if date > today || own.begun.is_none_or(|begun| date < begun) {
        return Err(AppError::NotFound);
    }
    // What the statements of a closed day carry over is read, not computed, so that a wrong one is seen.
    let closing = if own.closed_at.is_some() {
        "coalesce((select sum(closing_minor) from stored), 0)::bigint"
    } else {
        "coalesce(sum(opening + fees + rewards + adjustments - payout), 0)::bigint"
    };
    let people: People = sql_query(PEOPLE.replace("CLOSING", closing))
        .bind::<Date, _>(date)
        .prepared()
        .get_result(conn)?;
    Ok(CompanyStatement {
        business_date: date,
        is_first: own.begun == Some(date),
        closed_at: own.closed_at,
        before: own.before_minor,
        fees: own.fees_minor,
        rewards: own.rewards_minor,
        people_paid: people.people_paid,
        people: people.people,
        sum: people.sum,
        paid_in_all: own.paid_minor,
        adjusted_in_all: own.adjusted_minor,
    })
}
