//! The two sides that the doctor compares: the log as it was told, and the ledger as it was booked.

use std::collections::HashMap;

use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::error::AppResult;

/// An event with its content.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::operations) struct LogEvent {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// Its type.
    #[diesel(sql_type = Text)]
    pub event_type: String,
    /// What it is about.
    #[diesel(sql_type = SqlUuid)]
    pub subject: Uuid,
    /// Its content.
    #[diesel(sql_type = Jsonb)]
    pub data: Value,
}

/// The employee's leg of a fee or a reward.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub(in crate::operations) struct Leg {
    /// The event that is its reason.
    #[diesel(sql_type = SqlUuid)]
    pub reason: Uuid,
    /// `assignment_fee` or `completion_reward`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The task.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task: Option<Uuid>,
    /// Whose account it moves.
    #[diesel(sql_type = SqlUuid)]
    pub employee: Uuid,
    /// Signed from the employee's side, minor units.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
}

/// Events of the log after a number and up to another, in order.
pub(in crate::operations) fn list_log(
    conn: &mut PgConnection,
    after: i64,
    upto: i64,
    limit: i64,
) -> AppResult<Vec<LogEvent>> {
    Ok(sql_query(
        "select e.seq, e.event_id, e.type as event_type, e.subject, e.data from report_v1.events e
         where e.seq > $1 and e.seq <= $2 order by e.seq limit $3",
    )
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(upto)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The prices that were told of tasks: fee and reward, minor units, both positive.
pub(in crate::operations) fn list_prices(
    conn: &mut PgConnection,
    tasks: &[Uuid],
) -> AppResult<HashMap<Uuid, (i64, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        task: Uuid,
        #[diesel(sql_type = BigInt)]
        fee: i64,
        #[diesel(sql_type = BigInt)]
        reward: i64,
    }
    let rows: Vec<Row> = sql_query(
        "select distinct on (e.subject) e.subject as task, (e.data ->> 'fee_minor')::bigint as fee,
           (e.data ->> 'reward_minor')::bigint as reward
         from report_v1.events e where e.subject = any($1) and e.type = 'task.estimated' order by e.subject, e.seq",
    )
    .bind::<Array<SqlUuid>, _>(tasks)
    .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| (row.task, (row.fee, row.reward)))
        .collect())
}

/// The fees and rewards that were booked for these reasons.
pub(in crate::operations) fn list_legs(
    conn: &mut PgConnection,
    reasons: &[Uuid],
) -> AppResult<Vec<Leg>> {
    Ok(sql_query(
        "select t.reason_event_id as reason, t.kind, t.task_id as task, t.employee_id as employee, t.amount_minor
         from report_v1.transfers t
         where t.reason_event_id = any($1) and t.kind in ('assignment_fee', 'completion_reward')",
    )
    .bind::<Array<SqlUuid>, _>(reasons)
    .load(conn)?)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Fees and rewards whose reason is not in the log, or lies ahead of where accounting stands: nobody can have told of them.
pub(in crate::operations) fn legs_ahead_of(
    conn: &mut PgConnection,
    position: i64,
) -> AppResult<Vec<String>> {
    let rows: Vec<Line> = sql_query(
        "select format('event %s: the ledger has %s %s, but the log %s', t.reason_event_id, t.kind, t.amount_minor,
             case when e.seq is null then 'has no such event' else format('has it only at %s, ahead of accounting', e.seq) end) as line
         from report_v1.transfers t
           left join report_v1.events e on e.event_id = t.reason_event_id
         where t.kind in ('assignment_fee', 'completion_reward')
           and (e.seq is null or e.seq > $1 and not exists (select from report_v1.events c
             where c.subject = t.task_id and c.type = 'task.created' and c.seq <= $1 and c.data ->> 'assignment' = t.reason_event_id::text))
         limit 100",
    )
    .bind::<BigInt, _>(position)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

/// Transfers of every kind that differ from what the log told of them, or that it never told of.
pub(in crate::operations) fn untold(conn: &mut PgConnection) -> AppResult<Vec<String>> {
    let rows: Vec<Line> = sql_query(
        "with told as (
           select (e.data ->> 'transfer')::uuid as transfer_id, e.subject as employee_id, e.data ->> 'kind' as kind,
             (e.data ->> 'amount_minor')::bigint as amount_minor, e.seq
           from report_v1.events e where e.type = 'audit_log_record.created'
         )
         select format('transfer %s: the ledger has %s, the log told of %s', coalesce(t.transfer_id, told.transfer_id),
             coalesce(format('%s %s of %s', t.kind, t.amount_minor, t.employee_id), 'nothing'),
             coalesce(format('%s %s of %s', told.kind, told.amount_minor, told.employee_id), 'nothing')) as line
         from report_v1.transfers t
           full join told on told.transfer_id = t.transfer_id
         where told.transfer_id is null
           or t.transfer_id is null or t.kind <> told.kind or t.amount_minor <> told.amount_minor
           or t.employee_id <> told.employee_id
         limit 100",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

/// Which of the items that accounting has not applied are in the ledger all the same: a confirmed correction booked what they should
/// have brought, or the sweep did.
pub(in crate::operations) fn list_booked_otherwise(
    conn: &mut PgConnection,
    unapplied: &[Uuid],
) -> AppResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
    }
    let rows: Vec<Row> = sql_query(
        "select i.item_id from unnest($1) as i(item_id)
         where exists (select from report_v1.corrections c where c.item_id = i.item_id and c.transfer_id is not null)
           or exists (select from report_v1.transfers t where t.reason_event_id = i.item_id)",
    )
    .bind::<Array<SqlUuid>, _>(unapplied)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.item_id).collect())
}

/// An assignment or a completion as the journal of the tasks has it.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::operations) struct Journaled {
    /// Its event.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// Whether it is a completion; else an assignment.
    #[diesel(sql_type = Bool)]
    pub completes: bool,
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task: Uuid,
    /// Who got or completed it.
    #[diesel(sql_type = SqlUuid)]
    pub employee: Uuid,
}

/// What the journal has of these events.
pub(in crate::operations) fn list_journaled(
    conn: &mut PgConnection,
    events: &[Uuid],
) -> AppResult<Vec<Journaled>> {
    Ok(sql_query(
        "select a.event_id, false as completes, a.task_id as task, a.assignee_id as employee
         from report_v1.assignments a where a.event_id = any($1)
         union all
         select c.event_id, true, c.task_id, c.assignee_id from report_v1.completions c where c.event_id = any($1)",
    )
    .bind::<Array<SqlUuid>, _>(events)
    .load(conn)?)
}
