//! The ledger: numbered rows and the balances that move with them, in one statement.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    Array, BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::held::{OpenDates, open_dates};
use crate::accounting::model::{NewTransfer, contra_of};
use crate::events::{self, AuditLogRecordCreated, TransferKind};
use crate::platform::clock::BusinessZone;
use crate::platform::db::{Prepare, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;

/// The ledger while the lock is held, so that no date it may book on can be closed before the commit.
pub(in crate::accounting) struct OpenLedger {
    zone: BusinessZone,
    dates: OpenDates,
}

/// A transfer that was booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::accounting) struct Posted {
    /// Its id in the ledger.
    pub id: Uuid,
    /// What it is.
    pub kind: TransferKind,
    /// Whose account it moved.
    pub employee: UserId,
    /// The task it is about.
    pub task: Option<TaskId>,
    /// Signed from the employee's side.
    pub amount: Money,
    /// The balance after it, in the order of booking.
    pub balance: Money,
    /// Where it was booked.
    pub business_date: NaiveDate,
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    balance_minor: Money,
}

impl OpenLedger {
    /// Takes the ledger's lock together with other bookings; waits while a day is being closed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn lock(tx: &mut Tx<'_>, zone: BusinessZone) -> AppResult<Self> {
        sql_query("select pg_advisory_xact_lock_shared(7781, 3)").execute(tx.conn())?;
        Ok(Self {
            zone,
            dates: open_dates(tx.conn())?,
        })
    }

    /// The business date of something that happened to an account and was recorded at an instant: its own date, or the open one if
    /// the close of that has begun. An account that is held for a date still takes what was recorded before the date's end.
    pub fn date_for(&self, employee: UserId, recorded_at: DateTime<Utc>) -> NaiveDate {
        let held = self.dates.held.get(&employee.0).into_iter().flatten();
        let mut before_their_end = held.filter(|date| recorded_at < date.ends_at);
        before_their_end
            .next()
            .map_or_else(|| self.open_date(recorded_at), |date| date.business_date)
    }

    /// The business date of what is decided at an instant: its own, or the open one if the close of that has begun.
    pub fn open_date(&self, instant: DateTime<Utc>) -> NaiveDate {
        let date = self.zone.date_of(instant);
        self.dates.first_open.map_or(date, |first| date.max(first))
    }

    /// The business date on which something was recorded, closed or not.
    pub fn recorded_on(&self, recorded_at: DateTime<Utc>) -> NaiveDate {
        self.zone.date_of(recorded_at)
    }

    /// Books transfers in the given order and publishes `audit_log_record.created` for each (M32). What is booked already is left
    /// out (M14, M40); gives what was booked now.
    ///
    /// # Errors
    /// Those of the database; a closed date among them is refused there.
    pub fn post(&self, tx: &mut Tx<'_>, transfers: Vec<NewTransfer>) -> AppResult<Vec<Posted>> {
        let mut known = HashSet::new();
        let wanted: Vec<(Uuid, NewTransfer)> = transfers
            .into_iter()
            .filter(|transfer| known.insert(transfer.key()))
            .map(|transfer| (tx.new_id(), transfer))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        lock_balances(tx, &wanted)?;
        let mut balances: HashMap<Uuid, Money> = insert_transfers(tx, &wanted)?
            .into_iter()
            .map(|row| (row.id, row.balance_minor))
            .collect();
        let mut posted = Vec::with_capacity(balances.len());
        for (id, transfer) in wanted {
            let Some(balance) = balances.remove(&id) else {
                continue;
            };
            let row = Posted {
                id,
                kind: transfer.kind,
                employee: transfer.employee,
                task: transfer.task,
                amount: transfer.amount,
                balance,
                business_date: transfer.business_date,
            };
            publish(tx, &row, &transfer)?;
            posted.push(row);
        }
        Ok(posted)
    }
}

/// Opens the accounts that are missing (an event about a person may come late, E10) and locks all balances, in one order
/// everywhere.
fn lock_balances(tx: &mut Tx<'_>, wanted: &[(Uuid, NewTransfer)]) -> AppResult<()> {
    let mut employees: Vec<Uuid> = wanted
        .iter()
        .map(|(_, transfer)| transfer.employee.0)
        .collect();
    employees.sort_unstable();
    employees.dedup();
    if lock_all_of(tx.conn(), &employees)? < employees.len() {
        let now = tx.now;
        open_accounts(tx.conn(), &employees, now)?;
        if lock_all_of(tx.conn(), &employees)? < employees.len() {
            return Err(AppError::internal("an opened account has no balance"));
        }
    }
    Ok(())
}

/// Locks the balances of all of these people, or none when somebody has no balance: to lock more after it would not be in order. Gives
/// how many were locked.
fn lock_all_of(conn: &mut PgConnection, employees: &[Uuid]) -> AppResult<usize> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        locked: i64,
    }
    let row: Row = sql_query(
        "with locked as (
           select from accounting.balances where account_id = any($1)
             and (select count(*) from accounting.balances where account_id = any($1)) = cardinality($1)
           order by account_id for update
         ) select count(*) as locked from locked",
    )
    .bind::<Array<SqlUuid>, _>(employees)
    .prepared()
    .get_result(conn)?;
    Ok(usize::try_from(row.locked).unwrap_or_default())
}

/// Opens an account and a balance of zero for each employee who has none (M10).
pub(super) fn open_accounts(
    conn: &mut PgConnection,
    employees: &[Uuid],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into accounting.accounts (id, kind, employee_id, opened_at)
         select e.id, 'employee', e.id, $2 from unnest($1) as e(id)
         where not exists (select from accounting.accounts a where a.id = e.id)
         order by e.id on conflict do nothing",
    )
    .bind::<Array<SqlUuid>, _>(employees)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .execute(conn)?;
    sql_query(
        "insert into accounting.balances (account_id)
         select e.id from unnest($1) as e(id)
         where not exists (select from accounting.balances b where b.account_id = e.id)
         order by e.id on conflict do nothing",
    )
    .bind::<Array<SqlUuid>, _>(employees)
    .prepared()
    .execute(conn)?;
    Ok(())
}

/// How far two clocks, or two settings of the zone, may disagree about the date on which a reason was recorded.
const DISAGREEMENT: Days = Days::new(7);

/// Leaves out what is booked, each by what makes it one booking ([`NewTransfer::key`]), numbers the rest, inserts it, and moves
/// the balances by what was inserted. The balances were locked by a statement before, so that this one sees them as they are:
/// what makes a booking unique across all months is this statement under those locks, and the unique indexes of a month are the
/// net below it. A reason's transfer lies between the date on which it was recorded and the first date that was open when it was
/// booked, hence `$11` and `$12`: two values for the whole page, so that all other months, those in the archive too, are left out
/// before anything is looked up. `limit 1` keeps each look a probe of an index: as `not exists` the planner reads the whole month
/// into a hash for every page.
const INSERT: &str = "
with wanted as (
  select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) with ordinality
    as w(id, kind, account_id, contra_id, amount_minor, task_id, assignment_seq, reason_event_id, business_date, position)
), fresh as (
  select w.* from wanted w
  where case w.kind
      when 'assignment_fee' then (select true from accounting.all_transfers t
        where t.business_date between $11 and $12 and t.kind = 'assignment_fee' and t.task_id = w.task_id
          and t.assignment_seq = w.assignment_seq limit 1)
      when 'completion_reward' then (select true from accounting.all_transfers t
        where t.business_date between $11 and $12 and t.kind = 'completion_reward' and t.task_id = w.task_id limit 1)
      when 'payout' then (select true from accounting.all_transfers t
        where t.business_date between $11 and $12 and t.kind = 'payout' and t.account_id = w.account_id
          and t.business_date = w.business_date limit 1)
      else (select true from accounting.all_transfers t
        where t.business_date between $11 and $12 and t.kind = w.kind and t.reason_event_id = w.reason_event_id
          and coalesce(t.task_id, '00000000-0000-0000-0000-000000000000') = coalesce(w.task_id, '00000000-0000-0000-0000-000000000000')
        limit 1)
    end is null
), numbered as (
  select f.*, b.version + row_number() over own as version,
    b.amount_minor + (sum(f.amount_minor) over own)::bigint as balance_minor
  from fresh f join accounting.balances b on b.account_id = f.account_id
  window own as (partition by f.account_id order by f.position)
), booked as (
  insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id,
    assignment_seq, reason_event_id, business_date, created_at)
  select id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id, assignment_seq, reason_event_id,
    business_date, $10
  from numbered order by position
  returning id, account_id, amount_minor, version, balance_minor
), moved as (
  update accounting.balances b set amount_minor = b.amount_minor + own.amount_minor, version = own.version
  from (select account_id, sum(amount_minor)::bigint as amount_minor, max(version) as version
        from booked group by account_id) own
  where b.account_id = own.account_id
)
select id, balance_minor from booked";

fn insert_transfers(tx: &mut Tx<'_>, wanted: &[(Uuid, NewTransfer)]) -> AppResult<Vec<Inserted>> {
    fn column<'a, T>(
        wanted: &'a [(Uuid, NewTransfer)],
        field: impl Fn(&'a NewTransfer) -> T,
    ) -> Vec<T> {
        wanted.iter().map(|(_, transfer)| field(transfer)).collect()
    }
    let now = tx.now;
    let dates =
        |field: fn(&NewTransfer) -> NaiveDate| wanted.iter().map(move |(_, row)| field(row));
    let first = dates(|row| row.recorded_on.min(row.business_date)).min();
    let last = dates(|row| row.business_date).max();
    let ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
    sql_query(INSERT)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Text>, _>(column(wanted, |row| row.kind.as_str()))
        .bind::<Array<SqlUuid>, _>(column(wanted, |row| row.employee.0))
        .bind::<Array<SqlUuid>, _>(column(wanted, |row| contra_of(row.kind)))
        .bind::<Array<BigInt>, _>(column(wanted, |row| row.amount.minor()))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(wanted, |row| row.task.map(|task| task.0)))
        .bind::<Array<Nullable<Integer>>, _>(column(wanted, |row| row.assignment_seq))
        .bind::<Array<SqlUuid>, _>(column(wanted, |row| row.reason_event_id))
        .bind::<Array<Date>, _>(column(wanted, |row| row.business_date))
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Date>, _>(first.map(|date| date - DISAGREEMENT))
        .bind::<Nullable<Date>, _>(last.map(|date| date + DISAGREEMENT))
        .prepared()
        .load(tx.conn())
        .map_err(AppError::from)
}

fn publish(tx: &mut Tx<'_>, row: &Posted, transfer: &NewTransfer) -> AppResult<()> {
    let id = tx.new_id();
    let event = AuditLogRecordCreated {
        transfer: row.id,
        kind: row.kind,
        amount_minor: row.amount,
        balance_minor: row.balance,
        task: row.task,
        business_date: row.business_date,
    };
    events::publish_as(tx, id, row.employee, transfer.cause.as_ref(), &event)
}
