//! What tasks has in its journal and the ledger does not: the sweep's findings (M04, M07), through the published views.
//!
//! What the subscriber still has before it, or has parked, is its own business and is left out.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Rows of one kind that one sweep takes up at most.
const LIMIT: i64 = 2_000;

/// Something that happened to a task and has no transfer.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Unbooked {
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task_id: Uuid,
    /// Whose account it moves.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The number of the assignment; 0 for completions.
    #[diesel(sql_type = Integer)]
    pub assignment_seq: i32,
    /// The event that is its reason.
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    /// When it happened.
    #[diesel(sql_type = Timestamptz)]
    pub occurred_at: DateTime<Utc>,
}

/// The reason is neither ahead of the subscriber nor parked by it. `f` is the finding, `s` the subscriber.
const OVERLOOKED: &str = "
  not exists (select from bus.events e where e.event_id = f.event_id and e.seq > s.position)
  and not exists (select from bus.events e where e.subject_id = f.task_id and e.seq > s.position)
  and not exists (select from bus.parked_items p where p.subscriber = s.name and p.sequence_key = f.task_id
    and p.state in ('retrying', 'blocked', 'dead'))";

/// Whether the subscriber is paused or not there at all: then nothing was overlooked, it just waits.
pub(in crate::accounting) fn is_paused(
    conn: &mut PgConnection,
    subscriber: &str,
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        running: i64,
    }
    let row: Row =
        sql_query("select count(*) as running from bus.subscribers where name = $1 and not paused")
            .bind::<Text, _>(subscriber)
            .prepared()
            .get_result(conn)?;
    Ok(row.running == 0)
}

/// Tasks that are being saved since before `before` and have no price, each with its first assignment.
pub(in crate::accounting) fn list_unpriced_tasks(
    conn: &mut PgConnection,
    subscriber: &str,
    before: DateTime<Utc>,
) -> AppResult<Vec<Unbooked>> {
    Ok(sql_query(format!(
        "select f.* from (
           select t.task_id, a.assignee_id as employee_id, a.assignment_seq, a.event_id, t.created_at as occurred_at
           from report_v1.tasks t join report_v1.assignments a on a.task_id = t.task_id and a.assignment_seq = 1
           where t.status = 'saving' and t.fee_minor is null and t.created_at <= $2
         ) f join bus.subscribers s on s.name = $1 where {OVERLOOKED} order by f.occurred_at limit $3"
    ))
    .bind::<Text, _>(subscriber)
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(LIMIT)
    .load(conn)?)
}

/// A transfer of something that happened at `$2` or later, booked in the same month or a later one; a week for clocks that differ.
const SINCE: &str = "t.business_date >= (coalesce($2, '-infinity') at time zone 'UTC')::date - 7";

/// Assignments without a fee, from `since` to `before`.
pub(in crate::accounting) fn list_unbooked_assignments(
    conn: &mut PgConnection,
    subscriber: &str,
    since: Option<DateTime<Utc>>,
    before: DateTime<Utc>,
) -> AppResult<Vec<Unbooked>> {
    Ok(sql_query(format!(
        "select f.* from (
           select a.task_id, a.assignee_id as employee_id, a.assignment_seq, a.event_id, a.created_at as occurred_at
           from report_v1.assignments a
           where a.created_at >= coalesce($2, '-infinity') and a.created_at <= $3
             and not exists (select from accounting.all_transfers t where {SINCE} and t.kind = 'assignment_fee'
               and t.task_id = a.task_id and t.assignment_seq = a.assignment_seq)
         ) f join bus.subscribers s on s.name = $1 where {OVERLOOKED} order by f.occurred_at, f.assignment_seq limit $4"
    ))
    .bind::<Text, _>(subscriber)
    .bind::<Nullable<Timestamptz>, _>(since)
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(LIMIT)
    .load(conn)?)
}

/// Completions without a reward, from `since` to `before`.
pub(in crate::accounting) fn list_unbooked_completions(
    conn: &mut PgConnection,
    subscriber: &str,
    since: Option<DateTime<Utc>>,
    before: DateTime<Utc>,
) -> AppResult<Vec<Unbooked>> {
    Ok(sql_query(format!(
        "select f.* from (
           select c.task_id, c.assignee_id as employee_id, 0 as assignment_seq, c.event_id, c.created_at as occurred_at
           from report_v1.completions c
           where c.created_at >= coalesce($2, '-infinity') and c.created_at <= $3
             and not exists (select from accounting.all_transfers t
               where {SINCE} and t.kind = 'completion_reward' and t.task_id = c.task_id)
         ) f join bus.subscribers s on s.name = $1 where {OVERLOOKED} order by f.occurred_at limit $4"
    ))
    .bind::<Text, _>(subscriber)
    .bind::<Nullable<Timestamptz>, _>(since)
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(LIMIT)
    .load(conn)?)
}
