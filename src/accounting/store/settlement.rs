//! What the settlement of a date reads and writes, each for all accounts at once.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Text, Timestamptz, Uuid as SqlUuid};
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

/// An account on its turn in the close of a date.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::accounting) struct Turn {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Whether it is, or was, held for the date, and so settled by itself.
    #[diesel(sql_type = Bool)]
    pub held: bool,
}

/// The next accounts of all in the order of their ids, behind `after`.
pub(in crate::accounting) fn list_turns(
    conn: &mut PgConnection,
    date: NaiveDate,
    after: Uuid,
    limit: i64,
) -> AppResult<Vec<Turn>> {
    Ok(sql_query(
        "select b.account_id, exists (select from accounting.held_accounts h
           where h.business_date = $1 and h.account_id = b.account_id) as held
         from accounting.balances b where b.account_id > $2 order by b.account_id limit $3",
    )
    .bind::<Date, _>(date)
    .bind::<SqlUuid, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Those of some accounts that moved on the date or came into it with a debt. Postings of later dates do not count, so the cut-off
/// is the date and not the minute at which this runs.
pub(in crate::accounting) fn list_lines(
    conn: &mut PgConnection,
    date: NaiveDate,
    accounts: &[Uuid],
) -> AppResult<Vec<Line>> {
    Ok(sql_query(
        // A probe for each account: a join may read the whole date for every chunk.
        "select a.id as account_id, coalesce(d.closing_minor, 0) as opening_minor, m.fees_minor, m.rewards_minor, m.adjustments_minor
         from unnest($2) as a(id)
           cross join lateral (
             select count(*) as transfers,
               coalesce(sum(t.amount_minor) filter (where t.kind = 'assignment_fee'), 0)::bigint as fees_minor,
               coalesce(sum(t.amount_minor) filter (where t.kind = 'completion_reward'), 0)::bigint as rewards_minor,
               coalesce(sum(t.amount_minor) filter (where t.kind = 'adjustment'), 0)::bigint as adjustments_minor
             from accounting.transfers t where t.business_date = $1 and t.account_id = a.id
           ) m
           left join lateral (
             select s.closing_minor from accounting.statements s
             where s.business_date = $1 - 1 and s.account_id = a.id and s.closing_minor <> 0 limit 1
           ) d on true
         where m.transfers > 0 or d.closing_minor is not null order by a.id",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(accounts)
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

/// Writes the statements of a date, each with its employee's name as it is now.
pub(in crate::accounting) fn insert_statements(
    conn: &mut PgConnection,
    date: NaiveDate,
    rows: &[StatementRow],
    now: DateTime<Utc>,
) -> AppResult<()> {
    fn minor(rows: &[StatementRow], field: impl Fn(&StatementRow) -> Money) -> Vec<i64> {
        rows.iter().map(|row| field(row).minor()).collect()
    }
    sql_query(
        "insert into accounting.statements (business_date, account_id, opening_minor, fees_minor, rewards_minor,
           adjustments_minor, payout_minor, closing_minor, employee_name, settled_at)
         select $1, s.*, coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username), $9
         from unnest($2, $3, $4, $5, $6, $7, $8)
             as s(account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor, closing_minor)
           left join lateral (select * from accounting.employees e where e.id = s.account_id limit 1) e on true",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.line.account_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.opening_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.fees_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.rewards_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.line.adjustments_minor))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.payout))
    .bind::<Array<BigInt>, _>(minor(rows, |row| row.closing))
    .bind::<Timestamptz, _>(now)
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

/// Writes one mail for each of some payouts of a date, under an id of its own, with the address and the name as they are now (M36,
/// M39). The Message-ID follows from date and person, so it stays the same however often the mail is tried (D09).
pub(in crate::accounting) fn insert_mails(
    conn: &mut PgConnection,
    date: NaiveDate,
    mails: &[(Uuid, &Posted)],
    domain: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        // A probe for each: as a join it would read everybody for every chunk.
        "insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language,
           amount_minor, next_attempt_at, created_at)
         select n.id, format('<payout.%s.%s@%s>', $1, n.employee_id, $5), 'payout', n.employee_id, $1,
           coalesce(e.email, ''), coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username, ''), coalesce(e.language, 'en'), n.amount_minor, $6, $6
         from unnest($2, $3, $4) as n(id, employee_id, amount_minor)
           left join lateral (select * from accounting.employees e where e.id = n.employee_id limit 1) e on true",
    )
    .bind::<Date, _>(date)
    .bind::<Array<SqlUuid>, _>(mails.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(mails.iter().map(|(_, paid)| paid.employee.0).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(mails.iter().map(|(_, paid)| (-paid.amount).minor()).collect::<Vec<_>>())
    .bind::<Text, _>(domain)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// What a date's statements come to so far.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(in crate::accounting) struct Totals {
    /// Sum of the fees, positive.
    #[diesel(sql_type = BigInt)]
    pub fees_minor: Money,
    /// Sum of the rewards.
    #[diesel(sql_type = BigInt)]
    pub rewards_minor: Money,
    /// Sum of the payouts.
    #[diesel(sql_type = BigInt)]
    pub paid_minor: Money,
    /// How many were paid.
    #[diesel(sql_type = Integer)]
    pub people: i32,
    /// How many were left with a debt.
    #[diesel(sql_type = Integer)]
    pub negative_balances: i32,
}

/// Adds up the statements of a date.
pub(in crate::accounting) fn sum_statements(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> AppResult<Totals> {
    Ok(sql_query(
        "select coalesce(-sum(fees_minor), 0)::bigint as fees_minor, coalesce(sum(rewards_minor), 0)::bigint as rewards_minor,
           coalesce(sum(payout_minor), 0)::bigint as paid_minor, (count(*) filter (where payout_minor > 0))::integer as people,
           (count(*) filter (where closing_minor < 0))::integer as negative_balances
         from accounting.statements where business_date = $1",
    )
    .bind::<Date, _>(date)
    .get_result(conn)?)
}
