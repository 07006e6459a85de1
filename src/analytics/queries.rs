//! What the pages and the API read: the figures, from the module's own tables only.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::model::Period;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A business date: its fees and rewards, and how many people were in the minus at its close.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct DayRow {
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    fees_minor: i64,
    #[diesel(sql_type = BigInt)]
    rewards_minor: i64,
    /// None while the date is not closed.
    #[diesel(sql_type = Nullable<Integer>)]
    pub negative_balances: Option<i32>,
    /// Whether there was anything by then; before, the company had not begun.
    #[diesel(sql_type = Bool)]
    pub is_begun: bool,
}

impl DayRow {
    /// Charged at assignments.
    pub fn fees(&self) -> Money {
        Money::from_minor(self.fees_minor)
    }

    /// Credited at completions.
    pub fn rewards(&self) -> Money {
        Money::from_minor(self.rewards_minor)
    }

    /// What the company earned: fees without rewards (decision 8).
    pub fn earned(&self) -> Money {
        self.fees() - self.rewards()
    }
}

/// Somebody in the minus.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct DebtorRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Name and surname; empty when the person's record has not come yet.
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    balance_minor: i64,
}

impl DebtorRow {
    /// Below zero.
    pub fn balance(&self) -> Money {
        Money::from_minor(self.balance_minor)
    }
}

/// The dearest closed task of a day or of a period.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct DearestRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub jira_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    reward_minor: i64,
    #[diesel(sql_type = Date)]
    pub completed_date: NaiveDate,
    #[diesel(sql_type = Timestamptz)]
    pub completed_at: DateTime<Utc>,
}

impl DearestRow {
    /// What its completion earned.
    pub fn reward(&self) -> Money {
        Money::from_minor(self.reward_minor)
    }
}

/// Every date of a period, those without a transfer too, newest first (N02, N06).
///
/// # Errors
/// Those of the database.
pub(super) fn list_days(conn: &mut PgConnection, period: Period) -> AppResult<Vec<DayRow>> {
    Ok(sql_query(
        "select day::date as business_date, coalesce(d.fees_minor, 0) as fees_minor,
           coalesce(d.rewards_minor, 0) as rewards_minor, d.negative_balances,
           coalesce(day::date >= (select min(business_date) from analytics.day_totals), false) as is_begun
         from generate_series($1::timestamp, $2::timestamp, '1 day') day
           left join analytics.day_totals d on d.business_date = day::date and d.business_date between $1 and $2
         order by day desc",
    )
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(conn)?)
}

/// How many people are in the minus now; exactly zero is not (N03).
///
/// # Errors
/// Those of the database.
pub(super) fn count_debtors(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        debtors: i64,
    }
    let row: Row =
        sql_query("select count(*) as debtors from analytics.employees where balance_minor < 0")
            .get_result(conn)?;
    Ok(row.debtors)
}

/// How many people there are.
///
/// # Errors
/// Those of the database.
pub(super) fn count_people(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        people: i64,
    }
    let row: Row =
        sql_query("select count(*) as people from analytics.employees").get_result(conn)?;
    Ok(row.people)
}

/// The people in the minus, the deepest first.
///
/// # Errors
/// Those of the database.
pub(super) fn list_debtors(conn: &mut PgConnection, limit: i64) -> AppResult<Vec<DebtorRow>> {
    Ok(sql_query(
        "select id, name, balance_minor from analytics.employees where balance_minor < 0
         order by balance_minor, name, id limit $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The dearest task of each date, which an index has first.
const DEAREST: &str =
    "generate_series($1::timestamp, $2::timestamp, '1 day') day cross join lateral (
  select id, title, jira_id, reward_minor, completed_date, completed_at from analytics.tasks
  where completed_date = day::date and reward_minor is not null
  order by reward_minor desc, completed_at, id limit 1
) t";

/// The dearest task closed in a period; of several the one completed first (N04, decision 24).
///
/// # Errors
/// Those of the database.
pub(super) fn find_dearest(
    conn: &mut PgConnection,
    period: Period,
) -> AppResult<Option<DearestRow>> {
    let sql = format!(
        "select t.* from {DEAREST} order by t.reward_minor desc, t.completed_at, t.id limit 1"
    );
    Ok(sql_query(sql)
        .bind::<Date, _>(period.from)
        .bind::<Date, _>(period.to)
        .get_result(conn)
        .optional()?)
}

/// The dearest task of each date of a period on which one was closed, newest date first (N05).
///
/// # Errors
/// Those of the database.
pub(super) fn list_dearest_by_day(
    conn: &mut PgConnection,
    period: Period,
) -> AppResult<Vec<DearestRow>> {
    let sql = format!("select t.* from {DEAREST} order by day desc");
    Ok(sql_query(sql)
        .bind::<Date, _>(period.from)
        .bind::<Date, _>(period.to)
        .load(conn)?)
}
