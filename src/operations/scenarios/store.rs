//! The alerts in the database.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::plan::{COLUMNS, Proposal, Step};
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// Alerts that one look at one step raises at most; the rest is found by the next one.
const RAISED: i64 = 500;

/// What one look covers at most, so that a look after a long stop is not longer than others; the next one goes on.
const WINDOW: TimeDelta = TimeDelta::days(1);

/// How far the very first look goes back.
const FIRST: TimeDelta = TimeDelta::days(1);

/// What is looked at twice: a unit of work writes its time before it commits.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// An alert as the log names it.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Named {
    /// What the step is missing for.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// When the step before it happened.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// Takes the look of this minute, unless another process has it.
pub(super) fn try_lock(conn: &mut PgConnection) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        got: bool,
    }
    let row: Row =
        sql_query("select pg_try_advisory_xact_lock(7781, 16) as got").get_result(conn)?;
    Ok(row.got)
}

/// When each consumer's first event that it has not passed was recorded; those that have passed all are left out.
pub(super) fn list_unpassed(conn: &mut PgConnection) -> AppResult<HashMap<String, DateTime<Utc>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Timestamptz)]
        created_at: DateTime<Utc>,
    }
    let rows: Vec<Row> = sql_query(
        "select c.name, e.created_at from report_v1.consumers c
           cross join lateral (select e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) e",
    )
    .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, row.created_at))
        .collect())
}

/// Raises an alert for everything that started a step since the last look and until `until` and has not been followed by it.
pub(super) fn raise(
    conn: &mut PgConnection,
    step: &Step,
    until: DateTime<Utc>,
    due_date: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> AppResult<Vec<Named>> {
    #[derive(QueryableByName)]
    struct Mark {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        judged_until: Option<DateTime<Utc>>,
    }
    let mark: Mark = sql_query(
        "select max(judged_until) as judged_until from platform.scenario_marks where scenario = $1 and step = $2",
    )
    .bind::<Text, _>(step.scenario)
    .bind::<Text, _>(step.step)
    .get_result(conn)?;
    let from = mark.judged_until.unwrap_or(now - FIRST);
    let until = until.min(from + WINDOW);
    if until < from {
        return Ok(Vec::new());
    }
    let raised: Vec<Named> = sql_query(format!(
        "insert into platform.alerts (id, scenario, step, raised_at, {COLUMNS})
         select gen_random_uuid(), $4, $5, $6, {COLUMNS} from ({}) as s
         where $3 is not distinct from $3 and not ({}) order by since limit $7
         on conflict do nothing returning subject, since",
        step.starts, step.done
    ))
    .bind::<Timestamptz, _>(from - OVERLAP)
    .bind::<Timestamptz, _>(until)
    .bind::<Nullable<Date>, _>(due_date)
    .bind::<Text, _>(step.scenario)
    .bind::<Text, _>(step.step)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(RAISED)
    .load(conn)?;
    if i64::try_from(raised.len()).unwrap_or(i64::MAX) < RAISED {
        sql_query(
            "insert into platform.scenario_marks (scenario, step, judged_until) values ($1, $2, $3)
             on conflict (scenario, step) do update set judged_until = excluded.judged_until",
        )
        .bind::<Text, _>(step.scenario)
        .bind::<Text, _>(step.step)
        .bind::<Timestamptz, _>(until)
        .execute(conn)?;
    }
    Ok(raised)
}

/// Clears the alerts of a step that was done after all.
pub(super) fn clear(
    conn: &mut PgConnection,
    step: &Step,
    now: DateTime<Utc>,
) -> AppResult<Vec<Named>> {
    Ok(sql_query(format!(
        "update platform.alerts s set cleared_at = $3
         where s.cleared_at is null and s.scenario = $1 and s.step = $2 and ({}) returning s.subject, s.since",
        step.done
    ))
    .bind::<Text, _>(step.scenario)
    .bind::<Text, _>(step.step)
    .bind::<Timestamptz, _>(now)
    .load(conn)?)
}

/// How many alerts are open.
///
/// # Errors
/// Those of the database.
pub fn count_open(conn: &mut PgConnection) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        open: i64,
    }
    let row: Row =
        sql_query("select count(*) as open from platform.alerts where cleared_at is null")
            .prepared()
            .get_result(conn)?;
    Ok(row.open)
}

/// An alert as it is shown.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct AlertView {
    /// The scenario's code.
    #[diesel(sql_type = Text)]
    pub scenario: String,
    /// The missing step's code.
    #[diesel(sql_type = Text)]
    pub step: String,
    /// What it is missing for.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// The task.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub task_id: Option<Uuid>,
    /// Its title.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// Whose account it is about.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub employee_id: Option<Uuid>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub employee: Option<String>,
    /// The number of the assignment.
    #[diesel(sql_type = Nullable<Integer>)]
    pub assignment_seq: Option<i32>,
    /// The date.
    #[diesel(sql_type = Nullable<Date>)]
    pub business_date: Option<NaiveDate>,
    /// The transfer.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub transfer_id: Option<Uuid>,
    /// When the step before happened.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
    /// When a late step cleared it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub cleared_at: Option<DateTime<Utc>>,
    /// The price of the task, and the amount of the transfer.
    #[diesel(sql_type = Nullable<BigInt>)]
    fee_minor: Option<Money>,
    #[diesel(sql_type = Nullable<BigInt>)]
    reward_minor: Option<Money>,
    #[diesel(sql_type = Nullable<BigInt>)]
    amount_minor: Option<Money>,
}

impl AlertView {
    /// The amount of a proposed entry, signed from the employee's side; none for a task without a price.
    pub fn amount(&self, proposal: Proposal) -> Option<Money> {
        match proposal {
            Proposal::Nothing => None,
            Proposal::Fee => self.fee_minor.map(|fee| -fee),
            Proposal::Reward => self.reward_minor,
            Proposal::Reverse => self.amount_minor.map(|amount| -amount),
        }
    }
}

/// Alerts: those that are open, the oldest first, or the last ones that were cleared.
pub(super) fn list_alerts(
    conn: &mut PgConnection,
    cleared: bool,
    limit: i64,
) -> AppResult<Vec<AlertView>> {
    let chosen = if cleared {
        "where cleared_at is not null order by cleared_at desc, id desc limit $1"
    } else {
        "where cleared_at is null order by since, id limit $1"
    };
    let order = if cleared {
        "a.cleared_at desc, a.id desc"
    } else {
        "a.since, a.id"
    };
    Ok(sql_query(format!(
        "select a.scenario, a.step, a.subject, a.task_id, a.employee_id, a.assignment_seq, a.business_date, a.transfer_id, a.since, a.cleared_at,
           t.fee_minor, t.reward_minor, x.amount_minor,
           (select e.data ->> 'title' from report_v1.events e where e.subject = a.task_id and e.type in ('task.created', 'task.updated')
            order by e.seq desc limit 1) as title,
           (select coalesce(nullif(trim(concat_ws(' ', e.data ->> 'name', e.data ->> 'surname')), ''), e.data ->> 'username')
            from report_v1.events e where e.subject = a.employee_id and e.type in ('account.created', 'account.updated')
            order by e.seq desc limit 1) as employee
         from (select * from platform.alerts {chosen}) a
           left join lateral (select t.fee_minor, t.reward_minor from report_v1.tasks t where t.task_id = a.task_id offset 0) t on true
           left join lateral (select x.amount_minor from report_v1.transfers x
             where x.business_date = a.business_date and x.transfer_id = a.transfer_id offset 0) x on true
         order by {order}"
    ))
    .bind::<BigInt, _>(limit)
    .prepared()
    .load(conn)?)
}
