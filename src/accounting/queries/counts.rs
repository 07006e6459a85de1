//! How long the lists of the pages are.

use chrono::NaiveDate;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

use super::account::account_of;
use super::mails::OF_LIST;
use super::payouts::RUN;
use super::{AccountFilter, CompanyFilter, MailFilter, MovementKind};
use crate::accounting::correction::CorrectionState;
use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::events::TransferKind;
use crate::platform::db::{COUNTED_AT_MOST, Counted, Prepare, counting};
use crate::platform::error::AppResult;

/// How many movements that log has, counted no further than lists are.
///
/// # Errors
/// As for the balance.
pub(in crate::accounting) fn count_movements(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &AccountFilter<'_>,
) -> AppResult<i64> {
    let uid = account_of(conn, actor, filter.user)?;
    let rows = sql_query(counting(
        "(select from accounting.all_transfers where account_id = $1 and business_date between $2 and $3 and ($4 is null or kind = $4)
          limit $5)
         union all
         (select from accounting.statements
          where account_id = $1 and business_date between $2 - 1 and $3 - 1 and closing_minor < 0
            and coalesce($4, 'debt_carried') = 'debt_carried' limit $5)",
    ))
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(filter.period.from)
    .bind::<Date, _>(filter.period.to)
    .bind::<Nullable<Text>, _>(filter.kind.map(MovementKind::as_str))
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .prepared()
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many statements that list has, counted no further than lists are.
///
/// # Errors
/// Forbidden for another's without the right; 404 for nobody's.
pub(in crate::accounting) fn count_statements(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    period: Period,
) -> AppResult<i64> {
    let uid = account_of(conn, actor, user)?;
    let rows = sql_query(counting(
        "select from accounting.statements where account_id = $1 and business_date between $2 and $3 limit $4",
    ))
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many transfers pass a filter, counted no further than lists are.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_company_transfers(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &CompanyFilter<'_>,
) -> AppResult<i64> {
    actor.allow(Operation::CompanyTransfers)?;
    let rows = sql_query(counting(
        "select from accounting.all_transfers
         where business_date between $1 and $2 and ($3 is null or account_id = $3) and ($4 is null or kind = $4) limit $5",
    ))
    .bind::<Date, _>(filter.period.from)
    .bind::<Date, _>(filter.period.to)
    .bind::<Nullable<SqlUuid>, _>(filter.user)
    .bind::<Nullable<Text>, _>(filter.kind.map(TransferKind::as_str))
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many runs that list has, counted no further than lists are.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_payout_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    period: Option<Period>,
) -> AppResult<i64> {
    actor.allow(Operation::Payouts)?;
    let rows = sql_query(counting(&format!(
        "{RUN} and ($1 is null or d.business_date >= $1) and ($2 is null or d.business_date <= $2) limit $3"
    )))
    .bind::<Nullable<Date>, _>(period.map(|period| period.from))
    .bind::<Nullable<Date>, _>(period.map(|period| period.to))
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many were paid on a date, counted no further than lists are.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_payout_lines(
    conn: &mut PgConnection,
    actor: &Actor,
    date: NaiveDate,
) -> AppResult<i64> {
    actor.allow(Operation::Payouts)?;
    let rows = sql_query(counting(
        "select from accounting.payouts where business_date = $1 limit $2",
    ))
    .bind::<Date, _>(date)
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many corrections that list has, counted no further than lists are.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_corrections(
    conn: &mut PgConnection,
    actor: &Actor,
    state: Option<CorrectionState>,
) -> AppResult<i64> {
    actor.allow(Operation::RequestCorrections)?;
    let rows = sql_query(counting(
        "select from accounting.corrections where $1 is null or state = $1 limit $2",
    ))
    .bind::<Nullable<Text>, _>(state.map(CorrectionState::as_str))
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .prepared()
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// How many mails that list has, counted no further than lists are.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_listed_mails(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: MailFilter<'_>,
) -> AppResult<i64> {
    actor.allow(Operation::Payouts)?;
    let sql = counting(&format!(
        "select from accounting.mails where {OF_LIST} limit $5"
    ));
    let rows = sql_query(sql)
        .bind::<Nullable<Text>, _>(filter.state)
        .bind::<Nullable<Text>, _>(filter.kind)
        .bind::<Nullable<Date>, _>(filter.period.map(|period| period.from))
        .bind::<Nullable<Date>, _>(filter.period.map(|period| period.to))
        .bind::<BigInt, _>(COUNTED_AT_MOST)
        .load(conn)?;
    Ok(Counted::of(&rows))
}
