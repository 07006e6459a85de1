//! Accounts that are settled later than the others of a date.

use crate::platform::db::Prepare;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Accounts with the parked item that each waits for.
pub(in crate::accounting) type WaitsFor = BTreeMap<Uuid, Uuid>;

fn columns(waiting: &WaitsFor) -> (Vec<Uuid>, Vec<Uuid>) {
    waiting.iter().unzip()
}

/// Holds accounts for a date, and with them all that are still held for an earlier one: they are settled in the order of the dates.
pub(in crate::accounting) fn hold_accounts(
    conn: &mut PgConnection,
    date: NaiveDate,
    waiting: &WaitsFor,
    now: DateTime<Utc>,
) -> AppResult<()> {
    let (accounts, items) = columns(waiting);
    sql_query(
        "insert into accounting.held_accounts (business_date, account_id, item_id, held_at)
         select distinct on (account_id) $1, account_id, item_id, $4 from (
           select w.*, 1 as rank from unnest($2, $3) as w(account_id, item_id)
           union all
           select account_id, item_id, 2 from accounting.held_accounts where released_at is null and business_date < $1
         ) held order by account_id, rank",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<Array<SqlUuid>, _>(items)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// How many accounts are held for a date.
pub(in crate::accounting) fn count_held(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        held: i64,
    }
    let row: Row = sql_query(
        "select count(*) as held from accounting.held_accounts where business_date = $1 and released_at is null",
    )
    .bind::<Date, _>(date).prepared()
    .get_result(conn)?;
    Ok(row.held)
}

/// A date for which an account is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldDate {
    /// The date.
    pub business_date: NaiveDate,
    /// Its end.
    pub ends_at: DateTime<Utc>,
}

/// The dates that take postings.
pub(super) struct OpenDates {
    /// The one that takes everybody's; none before the very first start.
    pub first_open: Option<NaiveDate>,
    /// Those for which accounts are held, in order, by account.
    pub held: HashMap<Uuid, Vec<HeldDate>>,
}

/// The dates that take postings now.
pub(super) fn open_dates(conn: &mut PgConnection) -> AppResult<OpenDates> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Date>)]
        first_open: Option<NaiveDate>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        account_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<Date>)]
        business_date: Option<NaiveDate>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        ends_at: Option<DateTime<Utc>>,
    }
    let rows: Vec<Row> = sql_query(
        "select o.first_open, h.account_id, h.business_date, h.ends_at
         from (select min(business_date) as first_open from accounting.business_days where state = 'open') o
           left join (select h.account_id, h.business_date, d.ends_at
             from accounting.held_accounts h join accounting.business_days d using (business_date) where h.released_at is null) h on true
         order by h.account_id, h.business_date",
    )
    .prepared()
    .load(conn)?;
    let mut dates = OpenDates {
        first_open: rows.first().and_then(|row| row.first_open),
        held: HashMap::new(),
    };
    for row in rows {
        if let (Some(account), Some(business_date), Some(ends_at)) =
            (row.account_id, row.business_date, row.ends_at)
        {
            dates.held.entry(account).or_default().push(HeldDate {
                business_date,
                ends_at,
            });
        }
    }
    Ok(dates)
}

#[derive(QueryableByName)]
struct Account {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
}

/// Accounts held for a date that wait for nothing any more and are settled for all earlier dates; so many at most. Those that do
/// wait are noted with the item that they wait for now.
pub(in crate::accounting) fn list_free_accounts(
    conn: &mut PgConnection,
    date: NaiveDate,
    waiting: &WaitsFor,
    limit: i64,
) -> AppResult<Vec<Uuid>> {
    let (accounts, items) = columns(waiting);
    sql_query(
        "update accounting.held_accounts h set item_id = w.item_id from unnest($2, $3) as w(account_id, item_id)
         where h.business_date = $1 and h.account_id = w.account_id and h.released_at is null and h.item_id <> w.item_id",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(&accounts)
    .bind::<Array<SqlUuid>, _>(items)
    .execute(conn)?;
    let free: Vec<Account> = sql_query(
        "select h.account_id from accounting.held_accounts h
         where h.business_date = $1 and h.released_at is null and h.account_id <> all($2)
           and not exists (select from accounting.held_accounts e
             where e.account_id = h.account_id and e.business_date < $1 and e.released_at is null)
         order by h.account_id limit $3",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<BigInt, _>(limit)
    .prepared()
    .load(conn)?;
    Ok(free.into_iter().map(|row| row.account_id).collect())
}

/// Lets accounts of a date go; they are settled in the same transaction.
pub(in crate::accounting) fn release_accounts(
    conn: &mut PgConnection,
    date: NaiveDate,
    accounts: &[Uuid],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update accounting.held_accounts set released_at = $3 where business_date = $1 and account_id = any($2)",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
