//! Business dates: which is open, which are closing, which are closed, and their totals.

use crate::platform::db::Prepare;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::events::BusinessDayClosed;
use crate::platform::clock::BusinessZone;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A business date as the table has it.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct BusinessDay {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// The instant at which it began.
    #[diesel(sql_type = Timestamptz)]
    pub starts_at: DateTime<Utc>,
    /// The instant at which it ends.
    #[diesel(sql_type = Timestamptz)]
    pub ends_at: DateTime<Utc>,
    /// Whether it takes postings of everybody: its close has not begun.
    #[diesel(sql_type = Bool)]
    pub open: bool,
    /// Whether everybody is settled.
    #[diesel(sql_type = Bool)]
    pub closed: bool,
    /// The last event that counts for it; none while open.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub cutoff_seq: Option<i64>,
    /// The last account that its close has looked at.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    settled_through: Option<Uuid>,
    /// How many were paid; none until it is closed.
    #[diesel(sql_type = Nullable<Integer>)]
    pub people: Option<i32>,
    /// What was paid in all; none until it is closed.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub paid_minor: Option<Money>,
}

impl BusinessDay {
    /// The account behind which its close goes on; none when it has looked at all of them.
    pub fn next_after(&self) -> Option<Uuid> {
        Some(self.settled_through.unwrap_or_default()).filter(|account| *account != ALL_ACCOUNTS)
    }
}

/// Where the close of a date stands when it has looked at every account.
pub(in crate::accounting) const ALL_ACCOUNTS: Uuid = Uuid::max();

const DAY_COLUMNS: &str = "business_date, starts_at, ends_at, state = 'open' as open, state = 'closed' as closed, cutoff_seq,
  settled_through, people, paid_minor";

/// Takes the ledger's lock alone: waits for bookings under way and keeps new ones out until the commit.
pub(in crate::accounting) fn lock_days(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 3)").execute(conn)?;
    Ok(())
}

/// A date, if it ever began.
pub(in crate::accounting) fn find_day(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Option<BusinessDay>> {
    Ok(sql_query(format!(
        "select {DAY_COLUMNS} from accounting.business_days where business_date = $1"
    ))
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?)
}

/// A date whose close has begun, locked until the commit: one at a time works on its accounts. The ledger's lock comes first.
pub(in crate::accounting) fn lock_begun_day(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Option<BusinessDay>> {
    Ok(sql_query(format!(
        "select {DAY_COLUMNS} from accounting.business_days where business_date = $1 and state <> 'open' for update"
    ))
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?)
}

/// The last closed date.
pub(in crate::accounting) fn last_closed_day(
    conn: &mut PgConnection,
) -> AppResult<Option<BusinessDay>> {
    Ok(sql_query(format!(
        "select {DAY_COLUMNS} from accounting.business_days where state = 'closed' order by business_date desc limit 1"
    ))
    .get_result(conn)
    .optional()?)
}

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Nullable<Date>)]
    first: Option<NaiveDate>,
}

/// The date that takes postings of everybody; none before the very first start.
pub(in crate::accounting) fn first_open_day(
    conn: &mut PgConnection,
) -> AppResult<Option<NaiveDate>> {
    let row: First = sql_query(
        "select min(business_date) as first from accounting.business_days where state = 'open'",
    )
    .prepared()
    .get_result(conn)?;
    Ok(row.first)
}

/// The first date behind `after`, or at all, that is not closed.
pub(in crate::accounting) fn next_unclosed_day(
    conn: &mut PgConnection,
    after: Option<NaiveDate>,
) -> AppResult<Option<NaiveDate>> {
    let row: First = sql_query(
        "select min(business_date) as first from accounting.business_days
         where state <> 'closed' and ($1 is null or business_date > $1)",
    )
    .bind::<Nullable<Date>, _>(after)
    .prepared()
    .get_result(conn)?;
    Ok(row.first)
}

/// Whether the close of every earlier date has at least looked at all accounts: then only held ones are left there.
pub(in crate::accounting) fn is_turn_of(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        is_turn: bool,
    }
    let row: Row = sql_query(
        "select not exists (select from accounting.business_days where business_date < $1 and (state = 'open'
           or state = 'closing' and settled_through is distinct from $2)) as is_turn",
    )
    .bind::<Date, _>(date)
    .bind::<SqlUuid, _>(ALL_ACCOUNTS).prepared()
    .get_result(conn)?;
    Ok(row.is_turn)
}

/// Opens a date with its bounds in the zone; does nothing when it is there.
pub(in crate::accounting) fn insert_day(
    conn: &mut PgConnection,
    date: NaiveDate,
    zone: BusinessZone,
) -> AppResult<()> {
    sql_query(
        "insert into accounting.business_days (business_date, zone, starts_at, ends_at, state)
         values ($1, $2, $3, $4, 'open') on conflict do nothing",
    )
    .bind::<Date, _>(date)
    .bind::<Text, _>(zone.0.name())
    .bind::<Timestamptz, _>(zone.start_of(date))
    .bind::<Timestamptz, _>(zone.end_of(date))
    .execute(conn)?;
    Ok(())
}

/// Begins the close of a date: fixes its last event. From then on it takes only payouts and what held accounts still lack.
pub(in crate::accounting) fn begin_closing(
    conn: &mut PgConnection,
    date: NaiveDate,
    cutoff_seq: i64,
    begun_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update accounting.business_days set state = 'closing', cutoff_seq = $2, started_at = $3, closed_by = $4
         where business_date = $1 and state = 'open'",
    )
    .bind::<Date, _>(date)
    .bind::<BigInt, _>(cutoff_seq)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(begun_by)
    .execute(conn)?;
    Ok(())
}

/// Notes up to which account the close of a date has come.
pub(in crate::accounting) fn note_settled_through(
    conn: &mut PgConnection,
    date: NaiveDate,
    account: Uuid,
) -> AppResult<()> {
    sql_query("update accounting.business_days set settled_through = $2 where business_date = $1")
        .bind::<Date, _>(date)
        .bind::<SqlUuid, _>(account)
        .execute(conn)?;
    Ok(())
}

/// Closes a date with its totals; from then on it takes no posting. It was closed at the last of its transfers at the earliest,
/// whatever the clocks of the instances say that took part.
pub(in crate::accounting) fn close_business_day(
    conn: &mut PgConnection,
    totals: &BusinessDayClosed,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update accounting.business_days d set state = 'closed',
           closed_at = greatest($2, (select max(created_at) from accounting.transfers t where t.business_date = $1)),
           people = $3, fees_minor = $4, rewards_minor = $5, paid_minor = $6, negative_balances = $7
         where d.business_date = $1 and d.state = 'closing'",
    )
    .bind::<Date, _>(totals.business_date)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(totals.people)
    .bind::<BigInt, _>(totals.fees_minor.minor())
    .bind::<BigInt, _>(totals.rewards_minor.minor())
    .bind::<BigInt, _>(totals.paid_minor.minor())
    .bind::<Integer, _>(totals.negative_balances)
    .execute(conn)?;
    Ok(())
}
