//! One person's account: the balance, and the log of a period with the balance after each row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::{EMPLOYEE_NAME, EmployeeRef, Movement, MovementKind, correction_ref, task_ref};
use crate::accounting::period::Period;
use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// Whose log is asked for, and which part of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct AccountFilter<'a> {
    /// Whose; one's own when none is named.
    pub user: Option<Uuid>,
    /// The dates.
    pub period: Period,
    /// Only rows of this kind; the balances stay those of all.
    pub kind: Option<MovementKind>,
    /// Where the last piece ended.
    pub cursor: Option<&'a str>,
    /// Rows at most.
    pub limit: i64,
}

/// An account at a glance.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct AccountHead {
    /// Whose it is.
    pub employee: EmployeeRef,
    /// What it stands at now.
    pub balance: Money,
    /// The sum of today's rows without payouts; may be negative (M24).
    pub earned_today: Money,
}

/// Whose account `actor` means and may see: his own, or anybody's who has one (M13, M15).
pub(super) fn account_of(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
) -> AppResult<Uuid> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        known: bool,
    }
    let Some(user) = user.filter(|user| *user != actor.id.0) else {
        actor.allow(Operation::OwnMoney)?;
        return Ok(actor.id.0);
    };
    actor.allow(Operation::CompanyTransfers)?;
    let row: Row = sql_query(
        "select exists (select from accounting.accounts where employee_id = $1) as known",
    )
    .bind::<SqlUuid, _>(user)
    .get_result(conn)?;
    if row.known {
        Ok(user)
    } else {
        Err(AppError::NotFound)
    }
}

/// The balance and what was earned on `today`; zeros for somebody whose account is not open yet.
///
/// # Errors
/// Forbidden for another's account without the right; 404 for nobody's.
pub(in crate::accounting) fn show_account_head(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    today: NaiveDate,
) -> AppResult<AccountHead> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        balance_minor: Money,
        #[diesel(sql_type = BigInt)]
        earned_minor: Money,
    }
    let uid = account_of(conn, actor, user)?;
    let row: Option<Row> = sql_query(format!(
        "select {EMPLOYEE_NAME} as name, b.amount_minor as balance_minor,
           coalesce((select sum(t.amount_minor) from accounting.transfers t
             where t.account_id = b.account_id and t.business_date = $2 and t.kind <> 'payout'), 0)::bigint as earned_minor
         from accounting.balances b left join accounting.employees e on e.id = b.account_id where b.account_id = $1"
    ))
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(today)
    .prepared()
    .get_result(conn)
    .optional()?;
    let (name, balance, earned_today) = match row {
        Some(row) => (row.name, row.balance_minor, row.earned_minor),
        None => (actor.name.clone(), Money::ZERO, Money::ZERO),
    };
    Ok(AccountHead {
        employee: EmployeeRef { uid, name },
        balance,
        earned_today,
    })
}

/// What somebody's own account says, for a page of another module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnFigures {
    /// What it stands at.
    pub balance: Money,
    /// What today brought without payouts; may be negative (M24).
    pub earned_today: Money,
}

/// The actor's own figures on a business date.
///
/// # Errors
/// Forbidden, and those of the database.
pub fn show_own_figures(
    conn: &mut PgConnection,
    actor: &Actor,
    today: NaiveDate,
) -> AppResult<OwnFigures> {
    let head = show_account_head(conn, actor, None, today)?;
    Ok(OwnFigures {
        balance: head.balance,
        earned_today: head.earned_today,
    })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Date)]
    business_date: NaiveDate,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: Money,
    #[diesel(sql_type = BigInt)]
    balance_minor: Money,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    task_id: Option<Uuid>,
    #[diesel(sql_type = Integer)]
    place: i32,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Nullable<Integer>)]
    assignment_seq: Option<i32>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    correction_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    correction_reason: Option<String>,
}

/// The log in the order of the dates: within a date the carried debt comes first and the payout last, even if something of the
/// next date was booked before it. The opening balance comes from the last statement and what moved since the last closed date, so
/// that old rows are not added up again and only the months of the period are touched.
///
/// The live dates are those of `balances`.
const LOG: &str = "
with last as (
  select business_date, closing_minor from accounting.statements
  where account_id = $1 and business_date < $2 order by business_date desc limit 1
), opening as (
  select coalesce((select closing_minor from last), 0) + coalesce((select sum(amount_minor) from accounting.transfers
    where account_id = $1 and business_date < $2 and business_date > coalesce((select business_date from last), '-infinity')
      and business_date >= accounting.first_live_date()), 0) as amount_minor
), log as (
  select t.id, t.created_at as at, t.business_date, t.kind, t.amount_minor, t.amount_minor as effect_minor, t.task_id,
    t.assignment_seq, case t.kind when 'payout' then 2 else 1 end as place, t.version
  from accounting.all_transfers t where t.account_id = $1 and t.business_date between $2 and $3
  union all
  select md5(s.account_id::text || s.business_date)::uuid, d.ends_at, s.business_date + 1, 'debt_carried', s.closing_minor, 0,
    null, null, 0, 0
  from accounting.statements s join accounting.business_days d using (business_date)
  where s.account_id = $1 and s.business_date between $2 - 1 and $3 - 1 and s.closing_minor < 0
), running as (
  select log.*, ((select amount_minor from opening)
    + sum(effect_minor) over (order by business_date, place, version))::bigint as balance_minor
  from log
)
select r.id, r.at, r.business_date, r.kind, r.amount_minor, r.balance_minor, r.task_id, r.assignment_seq, r.place, r.version,
  c.id as correction_id, c.reason as correction_reason
from running r left join accounting.corrections c on c.transfer_id = r.id
where ($4 is null or r.kind = $4) and ($5 is null or (r.business_date, r.place, r.version) > ($5, $6, $7))
order by r.business_date, r.place, r.version limit $8";

/// The log of a period, oldest first, with the tasks by name.
///
/// # Errors
/// As for the balance; invalid at `cursor`.
pub(in crate::accounting) fn list_movements(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &AccountFilter<'_>,
) -> AppResult<PageOf<Movement>> {
    let mut page = list_unnamed_movements(conn, actor, filter)?;
    name_tasks(conn, &mut page.items)?;
    Ok(page)
}

/// Gives the tasks of movements their names; one that no event has told of stays without (G05).
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn name_tasks(
    conn: &mut PgConnection,
    movements: &mut [Movement],
) -> AppResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<Text>)]
        title: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        jira_id: Option<String>,
    }
    let ids: BTreeSet<Uuid> = movements
        .iter()
        .filter_map(|movement| movement.task.as_ref().map(|task| task.uid))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> =
        sql_query("select id, title, jira_id from accounting.tasks where id = any($1)")
            .bind::<Array<SqlUuid>, _>(ids.into_iter().collect::<Vec<Uuid>>())
            .prepared()
            .load(conn)?;
    let names: BTreeMap<Uuid, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
    for task in movements
        .iter_mut()
        .filter_map(|movement| movement.task.as_mut())
    {
        if let Some(row) = names.get(&task.uid) {
            task.title.clone_from(&row.title);
            task.jira_id.clone_from(&row.jira_id);
        }
    }
    Ok(())
}

/// The log of a period, oldest first, its tasks by their ids alone.
///
/// # Errors
/// As for the balance; invalid at `cursor`.
pub(in crate::accounting) fn list_unnamed_movements(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &AccountFilter<'_>,
) -> AppResult<PageOf<Movement>> {
    let uid = account_of(conn, actor, filter.user)?;
    let after: Option<(NaiveDate, i32, i64)> = Cursor::key(filter.cursor)?;
    let (date, place, version) = after.map_or((None, 0, 0), |(date, place, version)| {
        (Some(date), place, version)
    });
    let rows: Vec<Row> = sql_query(LOG)
        .bind::<SqlUuid, _>(uid)
        .bind::<Date, _>(filter.period.from)
        .bind::<Date, _>(filter.period.to)
        .bind::<Nullable<Text>, _>(filter.kind.map(MovementKind::as_str))
        .bind::<Nullable<Date>, _>(date)
        .bind::<Integer, _>(place)
        .bind::<BigInt, _>(version)
        .bind::<BigInt, _>(filter.limit + 1)
        .prepared()
        .load(conn)?;
    let page = PageOf::from_rows(rows, filter.limit, |row| {
        (row.business_date, row.place, row.version)
    });
    Ok(page.map(movement))
}

fn movement(row: Row) -> Movement {
    Movement {
        uid: row.id,
        at: row.at,
        business_date: row.business_date,
        kind: MovementKind::parse(&row.kind).unwrap_or(MovementKind::DebtCarried),
        amount: row.amount_minor,
        balance: row.balance_minor,
        task: task_ref(row.task_id, None, None),
        assignment_seq: row.assignment_seq,
        correction: correction_ref(row.correction_id, row.correction_reason),
    }
}
