//! One person's day.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::super::account::account_of;
use super::super::{EMPLOYEE_NAME, EmployeeRef, Movement, MovementKind, correction_ref, task_ref};
use crate::accounting::store::Figures;
use crate::auth::Actor;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// A statement of a day.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct Statement {
    /// Whose.
    pub employee: EmployeeRef,
    /// The day.
    pub business_date: NaiveDate,
    /// Whether it is stored, so that it never changes again.
    pub is_final: bool,
    /// When it was settled for this person; none while it is open.
    pub settled_at: Option<DateTime<Utc>>,
    /// What it comes to.
    pub figures: Figures,
    /// The movements in the order of booking, the payout last, each with the balance after it.
    pub lines: Vec<Movement>,
    /// How many movements there are in all; more than `lines` on a very busy day.
    pub count: i64,
    /// How the mail about it stands, and when it left.
    pub mail: Option<(String, Option<DateTime<Utc>>)>,
}

impl Statement {
    /// Whether every movement is shown.
    pub fn is_whole(&self) -> bool {
        i64::try_from(self.lines.len()).is_ok_and(|lines| lines == self.count)
    }

    /// Whether the foot adds up: opening and movements make the closing, and the lines say the same.
    pub fn adds_up(&self) -> bool {
        let lines: Money = self.lines.iter().map(|line| line.amount).sum();
        self.figures.add_up()
            && (!self.is_whole()
                || self.figures.opening_minor + lines == self.figures.closing_minor)
    }
}

#[derive(QueryableByName)]
struct Day {
    #[diesel(sql_type = Bool)]
    begun: bool,
    #[diesel(sql_type = Bool)]
    closed: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    close_began_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    settled_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    name: String,
}

/// The statement of a date that is not after `today`, with so many lines at most.
///
/// # Errors
/// Forbidden for another's without the right; 404 for nobody's, for a date in the future, and for one before the books begin.
pub(in crate::accounting) fn show_statement(
    conn: &mut PgConnection,
    actor: &Actor,
    user: Option<Uuid>,
    date: NaiveDate,
    today: NaiveDate,
    limit: i64,
) -> AppResult<Statement> {
    let uid = account_of(conn, actor, user)?;
    let day: Day = sql_query(format!(
        "select coalesce($2 >= (select min(business_date) from accounting.business_days), false) as begun,
           exists (select from accounting.business_days where business_date = $2 and state = 'closed') as closed,
           d.started_at as close_began_at, coalesce(s.settled_at, d.started_at) as settled_at,
           coalesce(s.employee_name, (select {EMPLOYEE_NAME} from accounting.employees e where e.id = $1), $3) as name
         from (select) as one
           left join accounting.business_days d on d.business_date = $2 and d.state <> 'open'
           left join accounting.statements s on s.account_id = $1 and s.business_date = $2"
    ))
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .bind::<Text, _>(&actor.name)
    .get_result(conn)?;
    if date > today || !day.begun {
        return Err(AppError::NotFound);
    }
    let stored: Option<Figures> = sql_query(
        "select opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor, closing_minor
         from accounting.statements where account_id = $1 and business_date = $2",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?;
    let figures = match stored {
        Some(figures) => figures,
        None => figures_so_far(conn, uid, date)?,
    };
    let (lines, count) = lines_of(
        conn,
        uid,
        date,
        day.close_began_at,
        figures.opening_minor,
        limit,
    )?;
    // A closed day without a statement is final only for those whom it did not move.
    let unmoved = count == 0 && figures.opening_minor == Money::ZERO;
    let is_final = stored.is_some() || (day.closed && unmoved);
    Ok(Statement {
        mail: mail_of(conn, uid, date)?,
        employee: EmployeeRef {
            uid,
            name: day.name,
        },
        business_date: date,
        is_final,
        settled_at: day.settled_at.filter(|_| is_final),
        figures,
        lines,
        count,
    })
}

/// The figures of a date that has no statement yet, from the last statement and the ledger.
fn figures_so_far(conn: &mut PgConnection, uid: Uuid, date: NaiveDate) -> AppResult<Figures> {
    let figures: Figures = sql_query(
        "with last as (
           select business_date, closing_minor from accounting.statements
           where account_id = $1 and business_date < $2 order by business_date desc limit 1
         ), moved as (
           select coalesce((select closing_minor from last), 0) + coalesce(sum(amount_minor) filter (where business_date < $2), 0)
               as opening,
             coalesce(sum(amount_minor) filter (where business_date = $2 and kind = 'assignment_fee'), 0) as fees,
             coalesce(sum(amount_minor) filter (where business_date = $2 and kind = 'completion_reward'), 0) as rewards,
             coalesce(sum(amount_minor) filter (where business_date = $2 and kind = 'adjustment'), 0) as adjustments,
             coalesce(-sum(amount_minor) filter (where business_date = $2 and kind = 'payout'), 0) as payout
           from accounting.transfers
           where account_id = $1 and business_date <= $2
             and business_date > coalesce((select business_date from last), '-infinity')
         )
         select opening::bigint as opening_minor, fees::bigint as fees_minor, rewards::bigint as rewards_minor,
           adjustments::bigint as adjustments_minor, payout::bigint as payout_minor,
           (opening + fees + rewards + adjustments - payout)::bigint as closing_minor
         from moved",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .get_result(conn)?;
    Ok(figures)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: Money,
    #[diesel(sql_type = BigInt)]
    balance_minor: Money,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    task_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    title: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    jira_id: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    assignment_seq: Option<i32>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    correction_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    correction_reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The transfers of a date, tasks called as they were when its settlement began.
fn lines_of(
    conn: &mut PgConnection,
    uid: Uuid,
    date: NaiveDate,
    close_began_at: Option<DateTime<Utc>>,
    opening: Money,
    limit: i64,
) -> AppResult<(Vec<Movement>, i64)> {
    let rows: Vec<Row> = sql_query(
        "with lines as (
           select t.*, case t.kind when 'payout' then 2 else 1 end as place,
             ($4 + sum(t.amount_minor) over (order by case t.kind when 'payout' then 2 else 1 end, t.version))::bigint as running,
             count(*) over () as total
           from accounting.all_transfers t where t.account_id = $1 and t.business_date = $2
         )
         select t.id, t.created_at as at, t.kind, t.amount_minor, t.running as balance_minor, t.task_id, t.assignment_seq, t.total,
           case when f.task_id is null then k.title else f.title end as title,
           case when f.task_id is null then k.jira_id else f.jira_id end as jira_id,
           c.id as correction_id, c.reason as correction_reason
         from (select * from lines order by place, version limit $5) t
           left join accounting.tasks k on k.id = t.task_id
           left join lateral (select f.task_id, f.title, f.jira_id from accounting.former_titles f
             where f.task_id = t.task_id and f.until >= $3 order by f.until limit 1) f on true
           left join accounting.corrections c on c.transfer_id = t.id
         order by t.place, t.version",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .bind::<Nullable<Timestamptz>, _>(close_began_at)
    .bind::<BigInt, _>(opening.minor())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let count = rows.first().map_or(0, |row| row.total);
    let line = |row: Row| Movement {
        uid: row.id,
        at: row.at,
        business_date: date,
        kind: MovementKind::parse(&row.kind).unwrap_or(MovementKind::DebtCarried),
        amount: row.amount_minor,
        balance: row.balance_minor,
        task: task_ref(row.task_id, row.title, row.jira_id),
        assignment_seq: row.assignment_seq,
        correction: correction_ref(row.correction_id, row.correction_reason),
    };
    Ok((rows.into_iter().map(line).collect(), count))
}

fn mail_of(
    conn: &mut PgConnection,
    uid: Uuid,
    date: NaiveDate,
) -> AppResult<Option<(String, Option<DateTime<Utc>>)>> {
    #[derive(QueryableByName)]
    struct Mail {
        #[diesel(sql_type = Text)]
        state: String,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        sent_at: Option<DateTime<Utc>>,
    }
    let mail: Option<Mail> = sql_query(
        "select state, sent_at from accounting.mails
         where employee_id = $1 and business_date = $2 and kind in ('payout', 'statement') order by kind limit 1",
    )
    .bind::<SqlUuid, _>(uid)
    .bind::<Date, _>(date)
    .get_result(conn)
    .optional()?;
    Ok(mail.map(|mail| (mail.state, mail.sent_at)))
}
