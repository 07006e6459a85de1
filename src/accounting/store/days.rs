//! Business dates: which is open, which are closed, and their totals.

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
    /// Whether it is settled.
    #[diesel(sql_type = Bool)]
    pub closed: bool,
    /// How many were paid; none while open.
    #[diesel(sql_type = Nullable<Integer>)]
    pub people: Option<i32>,
    /// What was paid in all; none while open.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub paid_minor: Option<Money>,
}

const DAY_COLUMNS: &str =
    "business_date, starts_at, ends_at, state = 'closed' as closed, people, paid_minor";

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

/// The last settled date.
pub(in crate::accounting) fn last_closed_day(
    conn: &mut PgConnection,
) -> AppResult<Option<BusinessDay>> {
    Ok(sql_query(format!(
        "select {DAY_COLUMNS} from accounting.business_days where state = 'closed' order by business_date desc limit 1"
    ))
    .get_result(conn)
    .optional()?)
}

/// The first date that is not settled; none before the very first start.
pub(in crate::accounting) fn first_open_day(
    conn: &mut PgConnection,
) -> AppResult<Option<NaiveDate>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Date>)]
        first: Option<NaiveDate>,
    }
    let row: Row = sql_query(
        "select coalesce(max(business_date) filter (where state = 'closed') + 1, min(business_date)) as first
         from accounting.business_days",
    )
    .get_result(conn)?;
    Ok(row.first)
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

/// Closes a date with its totals; from then on it takes no posting.
pub(in crate::accounting) fn close_business_day(
    conn: &mut PgConnection,
    totals: &BusinessDayClosed,
    cutoff_seq: i64,
    closed_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update accounting.business_days set state = 'closed', cutoff_seq = $2, started_at = $3, closed_at = $3, closed_by = $4,
           people = $5, fees_minor = $6, rewards_minor = $7, paid_minor = $8, negative_balances = $9
         where business_date = $1 and state = 'open'",
    )
    .bind::<Date, _>(totals.business_date)
    .bind::<BigInt, _>(cutoff_seq)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(closed_by)
    .bind::<Integer, _>(totals.people)
    .bind::<BigInt, _>(totals.fees_minor.minor())
    .bind::<BigInt, _>(totals.rewards_minor.minor())
    .bind::<BigInt, _>(totals.paid_minor.minor())
    .bind::<Integer, _>(totals.negative_balances)
    .execute(conn)?;
    Ok(())
}
