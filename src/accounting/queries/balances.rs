//! Balances at the close of any business date: the last statement up to it, and what moved since on dates that are not closed. Those begin
//! with `accounting.first_live_date()`; what lies before is told by statements and stored totals alone, so its months are never touched.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::account::account_of;
use super::{EMPLOYEE_NAME, EmployeeRef};
use crate::auth::{Actor, Operation};
use crate::platform::db::{COUNTED_AT_MOST, Prepare};
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::{Cursor, Order, PageOf, SortColumn};

/// The balance of every account at the close of the date `$1`. An account without a statement never had anything to carry over. Nearly
/// everybody's last statement is of one date, whose rows lie side by side; only whoever has none of it is looked for among all dates.
const BALANCES_AT: &str = "
select l.account_id, l.closing_minor + coalesce(sum(m.amount_minor), 0)::bigint as amount_minor
from (
  select a.id as account_id, coalesce(s.business_date, o.business_date, '-infinity') as stated,
    coalesce(s.closing_minor, o.closing_minor, 0) as closing_minor
  from accounting.accounts a
    left join accounting.statements s on s.account_id = a.id and s.business_date = (
      select max(d.business_date) from accounting.business_days d where d.business_date <= $1 and d.state <> 'open')
    left join lateral (
      select o.business_date, o.closing_minor from accounting.statements o
      where s.account_id is null and o.account_id = a.id and o.business_date <= $1 order by o.business_date desc limit 1
    ) o on true
  where a.kind = 'employee'
) l left join (
  select t.account_id, t.business_date, sum(t.amount_minor) as amount_minor from accounting.transfers t
  where t.business_date <= $1 and t.business_date >= accounting.first_live_date()
  group by t.account_id, t.business_date
) m on m.account_id = l.account_id and m.business_date > l.stated
group by l.account_id, l.closing_minor";

/// What one account stood at at the close of a date; zero for somebody whose account was not open yet.
///
/// # Errors
/// Forbidden for another's account without the right; 404 for nobody's.
pub(in crate::accounting) fn show_balance_at(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    date: NaiveDate,
) -> AppResult<Money> {
    let uid = account_of(conn, actor, user)?;
    balance_at(conn, uid, date)
}

/// The same of an account, from the last statement and what moved since.
pub(super) fn balance_at(conn: &mut PgConnection, uid: Uuid, date: NaiveDate) -> AppResult<Money> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        amount_minor: Money,
    }
    let row: Row = sql_query(
        "with last as (
           select business_date, closing_minor from accounting.statements
           where account_id = $1 and business_date <= $2 order by business_date desc limit 1
         )
         select (coalesce((select closing_minor from last), 0) + coalesce((select sum(t.amount_minor) from accounting.transfers t
           where t.account_id = $1 and t.business_date <= $2 and t.business_date >= accounting.first_live_date()
             and t.business_date > coalesce((select business_date from last), '-infinity')), 0))::bigint as amount_minor",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .prepared()
    .get_result(conn)?;
    Ok(row.amount_minor)
}

/// Somebody's balance.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct BalanceLine {
    /// Whose.
    pub employee: EmployeeRef,
    /// What it stood at.
    pub balance: Money,
}

/// All balances at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct BalanceSums {
    /// Accounts.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Those below zero.
    #[diesel(sql_type = BigInt)]
    pub negative: i64,
    /// What those owe, negative.
    #[diesel(sql_type = BigInt)]
    pub debts: Money,
    /// The sum of all.
    #[diesel(sql_type = BigInt)]
    pub total: Money,
}

impl BalanceSums {
    /// How many balances are in the list of all, or of those below zero, counted no further than lists are.
    pub fn listed(&self, only_negative: bool) -> i64 {
        let all = if only_negative {
            self.negative
        } else {
            self.people
        };
        all.min(COUNTED_AT_MOST)
    }
}

/// What balances can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::accounting) enum BalanceColumn {
    Balance,
}

impl SortColumn for BalanceColumn {
    const ALL: &'static [Self] = &[Self::Balance];

    fn word(self) -> &'static str {
        "balance"
    }

    fn starts_descending(self) -> bool {
        false
    }
}

/// The deepest debt first.
pub(in crate::accounting) const USUAL_ORDER: Order<BalanceColumn> = Order {
    column: BalanceColumn::Balance,
    descending: false,
};

/// Which balances, and in which order.
pub(in crate::accounting) struct BalancesFilter<'a> {
    pub date: NaiveDate,
    pub only_negative: bool,
    pub order: Order<BalanceColumn>,
    pub cursor: Option<&'a str>,
    pub limit: i64,
}

/// The balances of everybody at the close of a date, the deepest debts first.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_balances_at(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &BalancesFilter<'_>,
) -> AppResult<PageOf<BalanceLine>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        account_id: Uuid,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        amount_minor: i64,
    }
    actor.allow(Operation::CompanyTransfers)?;
    let after: Option<(i64, Uuid)> = Cursor::key(filter.cursor)?;
    let (beyond, direction) = filter.order.words();
    let rows: Vec<Row> = sql_query(format!(
        "select b.account_id, {EMPLOYEE_NAME} as name, b.amount_minor
         from ({BALANCES_AT}) as b left join accounting.employees e on e.id = b.account_id
         where (not $2 or b.amount_minor < 0) and ($3 is null or (b.amount_minor, b.account_id) {beyond} ($3, $4))
         order by b.amount_minor {direction}, b.account_id {direction} limit $5"
    ))
    .bind::<Date, _>(filter.date)
    .bind::<Bool, _>(filter.only_negative)
    .bind::<Nullable<BigInt>, _>(after.map(|(amount, _)| amount))
    .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
    .bind::<BigInt, _>(filter.limit + 1)
    .prepared()
    .load(conn)?;
    let page = PageOf::from_rows(rows, filter.limit, |row| (row.amount_minor, row.account_id));
    Ok(page.map(|row| BalanceLine {
        employee: EmployeeRef {
            uid: row.account_id,
            name: row.name,
        },
        balance: Money::from_minor(row.amount_minor),
    }))
}

/// The sums over everybody at the close of a date.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn sum_balances_at(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<BalanceSums> {
    actor.allow(Operation::CompanyTransfers)?;
    Ok(sql_query(format!(
        "select count(*) as people, count(*) filter (where amount_minor < 0) as negative,
           coalesce(sum(amount_minor) filter (where amount_minor < 0), 0)::bigint as debts,
           coalesce(sum(amount_minor), 0)::bigint as total
         from ({BALANCES_AT}) as b"
    ))
    .bind::<Date, _>(date)
    .prepared()
    .get_result(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_as_long_as_its_sums_say_and_counted_no_further_than_lists_are() {
        let sums = |people, negative| BalanceSums {
            people,
            negative,
            debts: Money::from_minor(0),
            total: Money::from_minor(0),
        };
        assert_eq!(sums(70, 60).listed(false), 70);
        assert_eq!(sums(70, 60).listed(true), 60);
        assert_eq!(sums(5_000, 60).listed(false), COUNTED_AT_MOST);
    }
}
