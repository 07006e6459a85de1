//! What the settlement of a date reads and writes, each for all accounts at once.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Date, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::Posted;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// What an account brings into the settlement of a date.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::accounting) struct Line {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// The debt of the day before; never positive.
    #[diesel(sql_type = BigInt)]
    pub opening_minor: Money,
    /// The fees of the date; never positive.
    #[diesel(sql_type = BigInt)]
    pub fees_minor: Money,
    /// The rewards of the date.
    #[diesel(sql_type = BigInt)]
    pub rewards_minor: Money,
    /// The corrections of the date.
    #[diesel(sql_type = BigInt)]
    pub adjustments_minor: Money,
}

/// Every account that moved on the date or came into it with a debt. Postings of later dates do not count, so the cut-off is the
/// date and not the minute at which this runs.
pub(in crate::accounting) fn list_lines(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Vec<Line>> {
    Ok(sql_query(
        "with moved as (
           select account_id,
             coalesce(sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees_minor,
             coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards_minor,
             coalesce(sum(amount_minor) filter (where kind = 'adjustment'), 0)::bigint as adjustments_minor
           from accounting.transfers where business_date = $1 group by account_id
         ), debts as (
           select account_id, closing_minor from accounting.statements where business_date = $1 - 1 and closing_minor <> 0
         )
         select account_id, coalesce(d.closing_minor, 0) as opening_minor, coalesce(m.fees_minor, 0) as fees_minor,
           coalesce(m.rewards_minor, 0) as rewards_minor, coalesce(m.adjustments_minor, 0) as adjustments_minor
         from moved m full join debts d using (account_id) order by account_id",
    )
    .bind::<Date, _>(date)
    .load(conn)?)
}

/// The statement of a closed date (M33).
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct StatementRow {
    /// What came in.
    pub line: Line,
    /// What is paid out.
    pub payout: Money,
    /// What is carried over.
    pub closing: Money,
}

/// Writes the statements of a date.
pub(in crate::accounting) fn insert_statements(
    conn: &mut PgConnection,
    date: NaiveDate,
    rows: &[StatementRow],
) -> AppResult<()> {
    fn minor(rows: &[StatementRow], field: impl Fn(&StatementRow) -> Money) -> Vec<i64> {
        rows.iter().map(|row| field(row).minor()).collect()
    }
    sql_query(
        "insert into accounting.statements (business_date, account_id, opening_minor, fees_minor, rewards_minor,
           adjustments_minor, payout_minor, closing_minor)
         select $1, s.* from unnest($2, $3, $4, $5, $6, $7, $8)
           as s(account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor, closing_minor)",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.line.account_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.opening_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.fees_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.rewards_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.adjustments_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.payout))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.closing))
    .execute(conn)?;
    Ok(())
}

/// Writes who was paid, from the transfers of the payouts.
pub(in crate::accounting) fn insert_payouts(
    conn: &mut PgConnection,
    date: NaiveDate,
    paid: &[Posted],
) -> AppResult<()> {
    sql_query(
        "insert into accounting.payouts (business_date, employee_id, amount_minor, transfer_id)
         select $1, p.* from unnest($2, $3, $4) as p(employee_id, amount_minor, transfer_id)",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(paid.iter().map(|row| row.employee.0).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(
        paid.iter()
            .map(|row| (-row.amount).minor())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<SqlUuid>, _>(paid.iter().map(|row| row.id).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}

/// Writes one mail for each payout of a date, under an id of its own, with the address and the name as they are now (M36, M39).
/// The Message-ID follows from date and person, so it stays the same however often the mail is tried (D09).
pub(in crate::accounting) fn insert_mails(
    conn: &mut PgConnection,
    date: NaiveDate,
    ids: &[Uuid],
    domain: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language,
           amount_minor, next_attempt_at, created_at)
         select n.id, format('<payout.%s.%s@%s>', p.business_date, p.employee_id, $3), 'payout', p.employee_id, p.business_date,
           coalesce(e.email, ''), coalesce(e.name || ' ' || e.surname, ''), coalesce(e.language, 'en'), p.amount_minor, $4, $4
         from (select *, row_number() over (order by employee_id) as position from accounting.payouts
               where business_date = $1) p
           join unnest($2) with ordinality as n(id, position) using (position)
           left join accounting.employees e on e.id = p.employee_id",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Text, _>(domain)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
