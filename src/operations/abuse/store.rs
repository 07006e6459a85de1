//! The reports as SQL over the auditors' views. They look at every task and assignment of the period and so may take longer
//! than a page.
//!
//! What became of a task since is looked up task by task (`lateral`, with `offset 0` where the planner would make a join of it): a join
//! reads every assignment from the period until today.

use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::auth::{Actor, Operation};
use crate::operations::queries::allow_time;
use crate::platform::clock::BusinessZone;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::period::Period;

/// A name of somebody known by an id.
const NAME: &str = "coalesce(nullif(p.name, ''), p.username, 'unknown')";

/// The tasks that were created in the period, and what has come of each until now. Its creation is found by its first assignment, which
/// lies in the month of the period.
const MADE: &str = "
made as (
  select t.task_id, t.created_by, t.completed_by, t.created_at, t.completed_at, t.fee_minor, t.reward_minor
  from report_v1.assignments a join report_v1.tasks t using (task_id)
  where a.assignment_seq = 1 and a.created_at >= $1 and a.created_at < $2
), drawn as (
  select greatest(count(distinct assignee_id), 1)::double precision as people from report_v1.assignments
  where created_at >= $1 and created_at < $2
)";

/// The assignments of a task of these. A task that is done gets no more of them; clocks of instances differ by less than a day.
const LIFE: &str = "report_v1.assignments a where a.task_id = m.task_id and a.created_at >= $1
  and a.created_at < coalesce(m.completed_at + interval '1 day', 'infinity')";

/// What somebody's creations came to.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct CreatorRow {
    #[diesel(sql_type = SqlUuid)]
    pub uid: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Tasks created in the period.
    #[diesel(sql_type = BigInt)]
    pub created: i64,
    /// How many of them are done.
    #[diesel(sql_type = BigInt)]
    pub completed: i64,
    /// How many of them the creator completed.
    #[diesel(sql_type = BigInt)]
    pub self_completed: i64,
    /// What all their assignments cost by the prices of the tasks, positive; the invariants hold the ledger to it.
    #[diesel(sql_type = BigInt)]
    pub fees: Money,
    /// What their completions earn by the prices of the tasks.
    #[diesel(sql_type = BigInt)]
    pub rewards: Money,
    /// The age of the one that was completed soonest, seconds.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub shortest_age: Option<i64>,
}

impl CreatorRow {
    /// What flowed from the company to people: rewards less fees.
    pub fn net(&self) -> Money {
        self.rewards - self.fees
    }
}

/// Who completes whose tasks.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct PairRow {
    #[diesel(sql_type = SqlUuid)]
    pub creator: Uuid,
    #[diesel(sql_type = Text)]
    pub creator_name: String,
    #[diesel(sql_type = SqlUuid)]
    pub completer: Uuid,
    #[diesel(sql_type = Text)]
    pub completer_name: String,
    /// How often a task of this creator came to this person.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// How many tasks of this creator this person completed.
    #[diesel(sql_type = BigInt)]
    pub completed: i64,
    /// Their share of all completed tasks of the creator.
    #[diesel(sql_type = Double)]
    pub share: f64,
    /// How many standard deviations that is above an even share among all to whom a task came in the period.
    #[diesel(sql_type = Double)]
    pub deviation: f64,
    /// What the person was rewarded for them.
    #[diesel(sql_type = BigInt)]
    pub rewards: Money,
}

/// From how many completions on, and how far above an even share, a pair is pointed out.
const UNUSUAL: (i64, f64) = (5, 3.0);

impl PairRow {
    /// Whether chance alone hardly explains it.
    pub fn is_unusual(&self) -> bool {
        self.completed >= UNUSUAL.0 && self.deviation > UNUSUAL.1
    }
}

/// What somebody's presses came to.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct PresserRow {
    #[diesel(sql_type = SqlUuid)]
    pub uid: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Presses in the period.
    #[diesel(sql_type = BigInt)]
    pub presses: i64,
    /// Assignments that they made.
    #[diesel(sql_type = BigInt)]
    pub moved: i64,
    /// How many people were drawn by them.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// What these assignments cost by the prices of the tasks, positive; the invariants hold the ledger to it.
    #[diesel(sql_type = BigInt)]
    pub fees: Money,
}

/// Whom somebody's presses met.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct EffectRow {
    #[diesel(sql_type = SqlUuid)]
    pub presser: Uuid,
    #[diesel(sql_type = Text)]
    pub presser_name: String,
    #[diesel(sql_type = SqlUuid)]
    pub person: Uuid,
    #[diesel(sql_type = Text)]
    pub person_name: String,
    /// Tasks that came to the person from somebody else.
    #[diesel(sql_type = BigInt)]
    pub given: i64,
    /// Tasks that went from the person to somebody else.
    #[diesel(sql_type = BigInt)]
    pub taken: i64,
    /// What the person is charged for them by the prices of the tasks, positive; for tasks that were drawn to the same person again, too.
    #[diesel(sql_type = BigInt)]
    pub fees: Money,
}

/// What a column of a report is sorted by: its word in the address and its SQL.
type Order = (&'static str, &'static str);

/// The orders of the creators; the first is the usual one.
pub(super) const CREATOR_ORDERS: [Order; 4] = [
    ("net", "rewards - fees desc"),
    ("created", "created desc"),
    ("self", "self_completed desc"),
    ("age", "shortest_age nulls last"),
];

/// The orders of the pressers; the first is the usual one.
pub(super) const PRESSER_ORDERS: [Order; 3] = [
    ("fees", "fees desc"),
    ("presses", "presses desc"),
    ("moved", "moved desc"),
];

fn order_of(orders: &[Order], word: &str) -> &'static str {
    orders
        .iter()
        .find(|(name, _)| *name == word)
        .unwrap_or(&orders[0])
        .1
}

/// Asks a report about a period, in time that a page does not have.
fn ask<T: QueryableByName<diesel::pg::Pg> + 'static>(
    conn: &mut PgConnection,
    actor: &Actor,
    (period, zone): (Period, BusinessZone),
    sql: String,
    limit: i64,
) -> AppResult<Vec<T>> {
    actor.allow(Operation::SecurityAudit)?;
    allow_time(conn)?;
    Ok(sql_query(sql)
        .bind::<Timestamptz, _>(zone.start_of(period.from))
        .bind::<Timestamptz, _>(zone.end_of(period.to))
        .bind::<BigInt, _>(limit)
        .load(conn)?)
}

/// Creators of tasks of the period.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn list_creators(
    conn: &mut PgConnection,
    actor: &Actor,
    when: (Period, BusinessZone),
    order: &str,
    limit: i64,
) -> AppResult<Vec<CreatorRow>> {
    let order = order_of(&CREATOR_ORDERS, order);
    let sql = format!(
        "with {MADE}, sums as (
           select m.created_by, count(*) as created, count(m.completed_by) as completed,
             count(*) filter (where m.completed_by = m.created_by) as self_completed,
             coalesce(sum(m.fee_minor * a.assignments), 0)::bigint as fees,
             coalesce(sum(m.reward_minor) filter (where m.completed_by is not null), 0)::bigint as rewards,
             floor(extract(epoch from min(m.completed_at - m.created_at)))::bigint as shortest_age
           from made m cross join lateral (select count(*) as assignments from {LIFE} offset 0) a group by m.created_by
         )
         select s.created_by as uid, {NAME} as name, s.created, s.completed, s.self_completed, s.fees, s.rewards, s.shortest_age
         from sums s left join report_v1.people p on p.user_id = s.created_by
         order by {order}, name, uid limit $3"
    );
    ask(conn, actor, when, sql, limit)
}

/// Who completed whose tasks of the period, the least even share first.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn list_pairs(
    conn: &mut PgConnection,
    actor: &Actor,
    when: (Period, BusinessZone),
    limit: i64,
) -> AppResult<Vec<PairRow>> {
    let sql = format!(
        "with {MADE}, gone as (
           select m.created_by, a.assignee_id as person, count(*) as assigned
           from made m cross join lateral (select a.assignee_id from {LIFE} offset 0) a group by 1, 2
         ), done as (
           select created_by, completed_by as person, count(*) as completed, sum(reward_minor)::bigint as rewards,
             sum(count(*)) over (partition by created_by) as of_all
           from made where completed_by is not null group by 1, 2
         ), pairs as (
           select d.*, coalesce(g.assigned, 0) as assigned, (d.completed / d.of_all)::double precision as share,
             coalesce((d.completed - d.of_all::double precision / n.people)
               / nullif(sqrt(d.of_all::double precision * (1 / n.people) * (1 - 1 / n.people)), 0), 0) as deviation
           from done d left join gone g using (created_by, person) cross join drawn n
         )
         select x.created_by as creator, {NAME} as creator_name, x.person as completer,
           coalesce(nullif(q.name, ''), q.username, 'unknown') as completer_name, x.assigned, x.completed, x.share, x.deviation,
           coalesce(x.rewards, 0) as rewards
         from pairs x left join report_v1.people p on p.user_id = x.created_by left join report_v1.people q on q.user_id = x.person
         order by x.deviation desc, x.completed desc, x.created_by, x.person limit $3"
    );
    ask(conn, actor, when, sql, limit)
}

/// The presses of the period and the assignments that they made, each with the price of its task. A run that is over makes no more of them;
/// a day longer is looked, as clocks may disagree.
const PRESSED: &str = "
runs as (
  select run_id, requested_by, coalesce(finished_at + interval '1 day', 'infinity') as ended
  from report_v1.shuffles where requested_at >= $1 and requested_at < $2
), moved as (
  select r.requested_by, a.assignee_id, a.from_id, t.fee_minor as fee
  from runs r join report_v1.assignments a using (run_id) join report_v1.tasks t using (task_id)
  where a.created_at >= $1 and a.created_at < (select max(ended) from runs)
)";

/// Who pressed the shuffle in the period.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn list_pressers(
    conn: &mut PgConnection,
    actor: &Actor,
    when: (Period, BusinessZone),
    order: &str,
    limit: i64,
) -> AppResult<Vec<PresserRow>> {
    let order = order_of(&PRESSER_ORDERS, order);
    let sql = format!(
        "with {PRESSED}, presses as (select requested_by, count(*) as presses from runs group by 1),
         moves as (select requested_by, count(*) as moved, count(distinct assignee_id) as people, coalesce(sum(fee), 0)::bigint as fees from moved group by 1)
         select n.requested_by as uid, {NAME} as name, n.presses, coalesce(m.moved, 0) as moved, coalesce(m.people, 0) as people,
           coalesce(m.fees, 0) as fees
         from presses n left join moves m using (requested_by) left join report_v1.people p on p.user_id = n.requested_by
         order by {order}, name, uid limit $3"
    );
    ask(conn, actor, when, sql, limit)
}

/// Whom the presses of the period met, the dearest first.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn list_effects(
    conn: &mut PgConnection,
    actor: &Actor,
    when: (Period, BusinessZone),
    limit: i64,
) -> AppResult<Vec<EffectRow>> {
    let sql = format!(
        "with {PRESSED}, met as (
           select requested_by, assignee_id as person, 1 as given, 0 as taken, 0 as fee from moved where from_id <> assignee_id
           union all
           select requested_by, from_id, 0, 1, 0 from moved where from_id <> assignee_id
           union all
           select requested_by, assignee_id, 0, 0, fee from moved
         ), sums as (
           select requested_by, person, sum(given)::bigint as given, sum(taken)::bigint as taken, coalesce(sum(fee), 0)::bigint as fees
           from met group by 1, 2
         )
         select s.requested_by as presser, {NAME} as presser_name, s.person,
           coalesce(nullif(q.name, ''), q.username, 'unknown') as person_name, s.given, s.taken, s.fees
         from sums s left join report_v1.people p on p.user_id = s.requested_by left join report_v1.people q on q.user_id = s.person
         order by s.fees desc, s.taken desc, s.requested_by, s.person limit $3"
    );
    ask(conn, actor, when, sql, limit)
}
