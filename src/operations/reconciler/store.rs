//! The row of the reconciler, and the dates that it goes over.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Date, Jsonb, Nullable, SmallInt, Text, Timestamptz};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::slice::Slice;
use super::tripwire::Counters;
use super::unsettled::Unsettled;
use crate::platform::agreement::Difference;
use crate::platform::error::{AppError, AppResult};

/// A round that this process makes.
pub(super) struct Claim {
    /// The last of the old dates that was gone over.
    pub slice_after: Option<NaiveDate>,
    /// The pace after the last round.
    pub pace: Duration,
    /// What differed in the last round.
    pub known: Vec<Difference>,
    /// The same, with where it was found.
    pub unsettled: Vec<Unsettled>,
    /// What the server had counted by then.
    pub counters: Counters,
    /// The dates at which something was changed, as far as they are not gone over yet.
    pub suspect: Option<(NaiveDate, NaiveDate)>,
}

/// What came of a round.
pub(super) struct Outcome {
    /// How long it took.
    pub took: Duration,
    /// Time from its begin to the next one's.
    pub pace: Duration,
    /// Time until the next one may begin.
    pub rest: Duration,
    /// What differs, as people read it.
    pub differs: Vec<Difference>,
    /// The same, with where it was found.
    pub unsettled: Vec<Unsettled>,
    /// The first check of money that was asked in this round and differs.
    pub money: Option<Difference>,
    /// What the server has counted by now.
    pub counters: Counters,
    /// How far the sweep is.
    pub slice: Slice,
    /// The invariants that were left out.
    pub unasked: Vec<i16>,
}

/// A closed date and how many transfers it has.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(super) struct Closed {
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// As many as its seal says.
    #[diesel(sql_type = BigInt)]
    pub transfers: i64,
}

/// The closed dates, in order.
pub(super) fn list_closed(conn: &mut PgConnection) -> AppResult<Vec<Closed>> {
    Ok(sql_query(
        "select r.business_date, coalesce(s.transfers, 0) as transfers
         from report_v1.payout_runs r left join report_v1.day_seals s on s.business_date = r.business_date
         where r.status = 'closed' order by r.business_date",
    )
    .load(conn)?)
}

/// How many transfers there are from a date on.
pub(super) fn count_transfers_since(conn: &mut PgConnection, from: NaiveDate) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        transfers: i64,
    }
    let count: Count = sql_query(
        "select count(*) as transfers from report_v1.transfers where business_date >= $1",
    )
    .bind::<Date, _>(from)
    .get_result(conn)?;
    Ok(count.transfers)
}

/// A table, and the dates of its rows.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Counted {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = BigInt)]
    pub changes: i64,
    /// The first of its dates; none: it may have all.
    #[diesel(sql_type = Nullable<Date>)]
    pub from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub until: Option<NaiveDate>,
}

/// Every table whose rows never change; of a month that ends before `present`, rows that were added count too. A month of the journal
/// touches the dates beside it, since its days are those of UTC.
pub(super) fn count_changes(
    conn: &mut PgConnection,
    present: NaiveDate,
) -> AppResult<Vec<Counted>> {
    Ok(sql_query(
        "select s.name, s.first - 1 as from, s.last + 1 as until,
           s.changed + case when s.last < $1 then s.added else 0 end as changes
         from (
           select t.schemaname || '.' || t.relname as name, t.n_tup_upd + t.n_tup_del as changed, t.n_tup_ins as added,
             left(bound.at[1], 10)::date as first, left(bound.at[2], 10)::date as last
           from pg_stat_all_tables t join pg_class c on c.oid = t.relid
             cross join lateral (select regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)') as at) bound
           where t.schemaname in ('accounting', 'tasks', 'archive') and not t.relname like '%_default'
             and t.relname ~ '^(transfers|journal|statements|payouts|task_prices|day_seals)(_|$)'
         ) s order by s.name",
    )
    .bind::<Date, _>(present)
    .load(conn)?)
}

/// Takes the round that is due, for five minutes; then another process may think that this one has died.
pub(super) fn claim(conn: &mut PgConnection) -> AppResult<Option<Claim>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Date>)]
        slice_after: Option<NaiveDate>,
        #[diesel(sql_type = BigInt)]
        pace_ms: i64,
        #[diesel(sql_type = Jsonb)]
        findings: Value,
        #[diesel(sql_type = Jsonb)]
        unsettled: Value,
        #[diesel(sql_type = Jsonb)]
        counters: Value,
        #[diesel(sql_type = Nullable<Date>)]
        suspect_from: Option<NaiveDate>,
        #[diesel(sql_type = Nullable<Date>)]
        suspect_until: Option<NaiveDate>,
    }
    let row: Option<Row> = sql_query(
        "update platform.reconciler set next_at = clock_timestamp() + interval '5 minutes'
         where next_at <= clock_timestamp()
         returning slice_after, pace_ms, findings, unsettled, counters, suspect_from, suspect_until",
    )
    .get_result(conn)
    .optional()?;
    row.map(|row| {
        Ok(Claim {
            slice_after: row.slice_after,
            pace: Duration::from_millis(u64::try_from(row.pace_ms).unwrap_or_default()),
            known: read(row.findings)?,
            unsettled: read(row.unsettled)?,
            counters: read(row.counters)?,
            suspect: row.suspect_from.zip(row.suspect_until),
        })
    })
    .transpose()
}

fn read<T: DeserializeOwned>(kept: Value) -> AppResult<T> {
    serde_json::from_value(kept).map_err(|error| AppError::Internal(Box::new(error)))
}

fn kept<T: Serialize>(value: &T) -> AppResult<Value> {
    serde_json::to_value(value).map_err(|error| AppError::Internal(Box::new(error)))
}

/// Lets a round go that could not be made; the next one may begin after the usual time.
pub(super) fn give_back(conn: &mut PgConnection, every: Duration) -> AppResult<()> {
    let millis = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    sql_query(
        "update platform.reconciler set next_at = clock_timestamp() + $1 * interval '1 millisecond'",
    )
    .bind::<BigInt, _>(millis)
    .execute(conn)?;
    Ok(())
}

/// Writes down what came of a round, and when the next may begin.
pub(super) fn record(
    conn: &mut PgConnection,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> AppResult<()> {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let agrees = outcome.differs.iter().all(|check| !check.money);
    let suspect = outcome.slice.suspect;
    sql_query(
        "update platform.reconciler set round_at = $1, took_ms = $2, pace_ms = $3,
           next_at = clock_timestamp() + $4 * interval '1 millisecond', findings = $5,
           agreed_at = case when $6 then $1 else agreed_at end, slice_after = $7,
           swept_at = case when $8 then $1 else swept_at end, unsettled = $9, counters = $10, suspect_from = $11,
           suspect_until = $12, unasked = $13",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(millis(outcome.took))
    .bind::<BigInt, _>(millis(outcome.pace))
    .bind::<BigInt, _>(millis(outcome.rest))
    .bind::<Jsonb, _>(kept(&outcome.differs)?)
    .bind::<Bool, _>(agrees)
    .bind::<Nullable<Date>, _>(outcome.slice.after)
    .bind::<Bool, _>(outcome.slice.swept)
    .bind::<Jsonb, _>(kept(&outcome.unsettled)?)
    .bind::<Jsonb, _>(kept(&outcome.counters)?)
    .bind::<Nullable<Date>, _>(suspect.map(|dates| dates.0))
    .bind::<Nullable<Date>, _>(suspect.map(|dates| dates.1))
    .bind::<Array<SmallInt>, _>(&outcome.unasked)
    .execute(conn)?;
    Ok(())
}
