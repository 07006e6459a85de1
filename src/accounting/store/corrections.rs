//! Corrections: what was asked for, and how it was decided.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::correction::{CorrectionKind, CorrectionState};
use crate::events::TransferKind;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// A correction as somebody asks for it.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct NewCorrection {
    /// What it books.
    pub kind: CorrectionKind,
    /// Whose account it moves; none when it books nothing.
    pub employee: Option<Uuid>,
    /// Signed from the employee's side; none when it books nothing, and for the fee of a task that has no price yet.
    pub amount: Option<Money>,
    /// Why.
    pub reason: String,
    /// The task it is about.
    pub task: Option<Uuid>,
    /// The number of the assignment; fees only.
    pub assignment_seq: Option<i32>,
    /// The transfer that it makes good for, with its date.
    pub corrects: Option<(Uuid, NaiveDate)>,
    /// The dead item, by subscriber and id, that is skipped together with the booking.
    pub item: Option<(&'static str, Uuid)>,
    /// The event that should have brought the transfer.
    pub reason_event_id: Option<Uuid>,
}

/// Writes down what was asked for, by whoever acts.
///
/// # Errors
/// Conflict when the same is asked for already and waits.
pub(in crate::accounting) fn insert_correction(
    tx: &mut Tx<'_>,
    new: &NewCorrection,
    requested_by: Uuid,
) -> AppResult<Uuid> {
    let (id, now): (Uuid, _) = (tx.new_id(), tx.now);
    let inserted = sql_query(
        "insert into accounting.corrections (id, kind, employee_id, amount_minor, reason, task_id, assignment_seq,
           corrected_transfer_id, corrected_date, subscriber, item_id, reason_event_id, requested_by, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(new.kind.as_str())
    .bind::<Nullable<SqlUuid>, _>(new.employee)
    .bind::<Nullable<BigInt>, _>(new.amount.map(Money::minor))
    .bind::<Text, _>(&new.reason)
    .bind::<Nullable<SqlUuid>, _>(new.task)
    .bind::<Nullable<Integer>, _>(new.assignment_seq)
    .bind::<Nullable<SqlUuid>, _>(new.corrects.map(|(transfer, _)| transfer))
    .bind::<Nullable<Date>, _>(new.corrects.map(|(_, date)| date))
    .bind::<Nullable<Text>, _>(new.item.map(|(subscriber, _)| subscriber))
    .bind::<Nullable<SqlUuid>, _>(new.item.map(|(_, item)| item))
    .bind::<Nullable<SqlUuid>, _>(new.reason_event_id)
    .bind::<SqlUuid, _>(requested_by)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())?;
    if inserted == 0 {
        return Err(AppError::conflict("error-correction-already-asked"));
    }
    Ok(id)
}

/// A correction that waits for a decision, with its row locked.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct OpenCorrection {
    /// What it books, as the database's word.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whose account it moves.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub employee_id: Option<Uuid>,
    /// How much.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub amount_minor: Option<Money>,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The task.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// The number of the assignment.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The transfer that it makes good for.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub corrected_transfer_id: Option<Uuid>,
    /// The dead item.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub item_id: Option<Uuid>,
    /// Who asked.
    #[diesel(sql_type = SqlUuid)]
    pub requested_by: Uuid,
    #[diesel(sql_type = Text)]
    state: String,
}

/// Locks a correction that waits for a decision.
///
/// # Errors
/// 404; conflict when it was decided already.
pub(in crate::accounting) fn lock_correction(
    tx: &mut Tx<'_>,
    id: Uuid,
) -> AppResult<OpenCorrection> {
    let row: OpenCorrection = sql_query(
        "select kind, employee_id, amount_minor, reason, task_id, assignment_seq, corrected_transfer_id, item_id, requested_by,
           state
         from accounting.corrections where id = $1 for update",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(tx.conn())
    .optional()?
    .ok_or(AppError::NotFound)?;
    if row.state == CorrectionState::Requested.as_str() {
        Ok(row)
    } else {
        Err(AppError::conflict("error-correction-decided"))
    }
}

/// What a confirmed correction has booked.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct Booked {
    /// The transfer.
    pub transfer: Uuid,
    /// Its date.
    pub business_date: NaiveDate,
}

/// Writes down how a locked correction was decided, by whom, and what was booked. The database refuses a confirmation by who
/// asked.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn decide_correction(
    tx: &mut Tx<'_>,
    id: Uuid,
    state: CorrectionState,
    decided_by: Uuid,
    reason_event_id: Option<Uuid>,
    booked: Option<Booked>,
) -> AppResult<()> {
    let now = tx.now;
    sql_query(
        "update accounting.corrections set state = $2, decided_by = $3, decided_at = $4,
           reason_event_id = coalesce($5, reason_event_id), transfer_id = $6, business_date = $7
         where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(state.as_str())
    .bind::<SqlUuid, _>(decided_by)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(reason_event_id)
    .bind::<Nullable<SqlUuid>, _>(booked.map(|booked| booked.transfer))
    .bind::<Nullable<Date>, _>(booked.map(|booked| booked.business_date))
    .execute(tx.conn())?;
    Ok(())
}

/// A fee or a reward that is not in the ledger although the journal of the tasks says that it should be.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Missing {
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task_id: Uuid,
    /// Whose account it moves.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The number of the assignment; none for rewards.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The event that should have brought it.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// When that happened.
    #[diesel(sql_type = Timestamptz)]
    pub occurred_at: DateTime<Utc>,
    /// What it would book, signed from the employee's side; none while the task has no price.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub amount_minor: Option<Money>,
}

impl Missing {
    /// What it is.
    pub fn kind(&self) -> TransferKind {
        if self.assignment_seq.is_some() {
            TransferKind::AssignmentFee
        } else {
            TransferKind::CompletionReward
        }
    }
}

const FEE: &str = "
select a.task_id, a.assignee_id as employee_id, a.assignment_seq, a.event_id, a.created_at as occurred_at, -p.fee_minor as amount_minor
from report_v1.assignments a left join accounting.task_prices p on p.task_id = a.task_id
where not exists (select from accounting.all_transfers t where t.kind = 'assignment_fee'
    and t.task_id = a.task_id and t.assignment_seq = a.assignment_seq)";

const REWARD: &str = "
select c.task_id, c.assignee_id as employee_id, null::integer as assignment_seq, c.event_id, c.created_at as occurred_at,
  p.reward_minor as amount_minor
from report_v1.completions c left join accounting.task_prices p on p.task_id = c.task_id
where not exists (select from accounting.all_transfers t where t.kind = 'completion_reward' and t.task_id = c.task_id)";

/// The fee of an assignment, or the reward of a task where no assignment is named, if it is missing.
pub(in crate::accounting) fn find_missing(
    conn: &mut PgConnection,
    task: Uuid,
    assignment_seq: Option<i32>,
) -> AppResult<Option<Missing>> {
    let query = match assignment_seq {
        Some(_) => format!("{FEE} and a.task_id = $1 and a.assignment_seq = $2"),
        None => format!("{REWARD} and c.task_id = $1 and $2 is null"),
    };
    Ok(sql_query(query)
        .bind::<SqlUuid, _>(task)
        .bind::<Nullable<Integer>, _>(assignment_seq)
        .get_result(conn)
        .optional()?)
}

/// A dead item: what it is, and why it is dead.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct DeadItem {
    /// The event's type.
    #[diesel(sql_type = Text)]
    pub event_type: String,
    /// The event.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// What it keeps from flowing: the task, for those about tasks.
    #[diesel(sql_type = SqlUuid)]
    pub sequence_key: Uuid,
    /// When the event was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// What went wrong.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
}

/// A dead item of a subscriber.
pub(in crate::accounting) fn find_dead_item(
    conn: &mut PgConnection,
    subscriber: &str,
    item: Uuid,
) -> AppResult<Option<DeadItem>> {
    Ok(sql_query(
        "select e.event_type, e.event_id, p.sequence_key, e.recorded_at, p.error
         from bus.parked_items p join bus.events e on e.seq = p.seq
         where p.subscriber = $1 and p.item_id = $2 and p.state = 'dead'",
    )
    .bind::<Text, _>(subscriber)
    .bind::<SqlUuid, _>(item)
    .get_result(conn)
    .optional()?)
}

/// What a dead item should have brought and the ledger does not have, two at most. It is found in the journal of the tasks and not
/// in the event, which may be unreadable: an assignment or a completion that names the event, or the first assignment of a task
/// whose creation it tells of.
pub(in crate::accounting) fn list_missing_of(
    conn: &mut PgConnection,
    item: &DeadItem,
) -> AppResult<Vec<Missing>> {
    Ok(sql_query(format!(
        "select * from (
           {FEE} and a.created_at between $4 - interval '1 hour' and $4 + interval '1 second' and case $1
             when 'task.created' then a.task_id = $3 and a.assignment_seq = 1
             else a.event_id = $2 and (a.task_id = $3 or a.run_id = $3) end
           union all
           {REWARD} and $1 = 'task.completed' and c.task_id = $3 and c.event_id = $2
         ) as missing order by task_id limit 2"
    ))
    .bind::<Text, _>(&item.event_type)
    .bind::<SqlUuid, _>(item.event_id)
    .bind::<SqlUuid, _>(item.sequence_key)
    .bind::<Timestamptz, _>(item.recorded_at)
    .load(conn)?)
}

/// The employee of that user name or e-mail address who has an account.
pub(in crate::accounting) fn find_employee(
    conn: &mut PgConnection,
    name: &str,
) -> AppResult<Option<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let row: Option<Row> = sql_query(
        "select e.id from accounting.employees e join accounting.accounts a on a.id = e.id
         where lower(e.username) = lower($1) or lower(e.email) = lower($1) order by e.username limit 1",
    )
    .bind::<Text, _>(name)
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| row.id))
}
