//! The mails and how each stands, for those who see the payouts.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::EMPLOYEE_NAME;
use crate::accounting::period::Period;
use crate::accounting::store::{self, Matter};
use crate::auth::{Actor, Operation};
use crate::platform::db::Prepare;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// The states of a mail (M34).
pub(in crate::accounting) const MAIL_STATES: [&str; 4] = ["new", "waiting", "sent", "failed"];

/// What a mail can be about.
pub(in crate::accounting) const MAIL_KINDS: [&str; 3] = ["payout", "statement", "day_digest"];

/// Undeliverable addresses that are shown at most.
const UNDELIVERABLE: i64 = 100;

/// A mail as it is shown.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct MailView {
    /// The mail.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Its Message-ID.
    #[diesel(sql_type = Text)]
    pub message_id: String,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whom it is for.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// For which date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// The address.
    #[diesel(sql_type = Text)]
    pub recipient: String,
    /// Name and surname.
    #[diesel(sql_type = Text)]
    pub recipient_name: String,
    /// The language's code.
    #[diesel(sql_type = Text)]
    pub language: String,
    /// What was paid; of a statement, what is carried over; of a day, what was paid in all.
    #[diesel(sql_type = BigInt)]
    pub amount: Money,
    /// How it stands.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How often it was tried.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When it is tried next.
    #[diesel(sql_type = Timestamptz)]
    pub next_attempt_at: DateTime<Utc>,
    /// What the mail server said last.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// When it was written.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// Why it was given up: `refused` or `expired`.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
    /// When it left last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
}

const MAIL: &str = "
select id, message_id, kind, employee_id, business_date, recipient, recipient_name, language, amount_minor as amount, state, attempts,
  next_attempt_at, last_error, created_at, failure, sent_at
from accounting.mails";

/// Which mails are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::accounting) struct MailFilter<'a> {
    /// Only those in this state.
    pub state: Option<&'a str>,
    /// Only those about this.
    pub kind: Option<&'a str>,
    /// Only those for these dates.
    pub period: Option<Period>,
    /// Where the last piece ended.
    pub cursor: Option<&'a str>,
    /// Rows at most.
    pub limit: i64,
}

/// The mails, newest first.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_mails(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: MailFilter<'_>,
) -> AppResult<PageOf<MailView>> {
    actor.allow(Operation::Payouts)?;
    let before: Option<Uuid> = Cursor::key(filter.cursor)?;
    let sql =
        format!("{MAIL} where {OF_LIST} and ($6 is null or id < $6) order by id desc limit $5");
    let rows: Vec<MailView> = sql_query(sql)
        .bind::<Nullable<Text>, _>(filter.state)
        .bind::<Nullable<Text>, _>(filter.kind)
        .bind::<Nullable<Date>, _>(filter.period.map(|period| period.from))
        .bind::<Nullable<Date>, _>(filter.period.map(|period| period.to))
        .bind::<BigInt, _>(filter.limit + 1)
        .bind::<Nullable<SqlUuid>, _>(before)
        .load(conn)?;
    Ok(PageOf::from_rows(rows, filter.limit, |mail| mail.id))
}

/// What a mail has to be to be in the list of a filter.
pub(super) const OF_LIST: &str = "($1 is null or state = $1) and ($2 is null or kind = $2) and ($3 is null or business_date >= $3)
  and ($4 is null or business_date <= $4)";

/// How many mails of the list were given up; none that the list leaves out.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn count_given_up(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: MailFilter<'_>,
) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        mails: i64,
    }
    actor.allow(Operation::Payouts)?;
    if filter.state.is_some_and(|state| state != "failed") {
        return Ok(0);
    }
    let row: Row = sql_query(
        "select count(*) as mails from accounting.mails
         where state = 'failed' and ($1 is null or kind = $1) and ($2 is null or business_date >= $2) and ($3 is null or business_date <= $3)",
    )
    .bind::<Nullable<Text>, _>(filter.kind)
    .bind::<Nullable<Date>, _>(filter.period.map(|period| period.from))
    .bind::<Nullable<Date>, _>(filter.period.map(|period| period.to))
    .get_result(conn)?;
    Ok(row.mails)
}

/// One mail, and what it tells.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::accounting) fn show_mail(
    conn: &mut PgConnection,
    actor: &Actor,
    id: Uuid,
) -> AppResult<(MailView, Matter)> {
    actor.allow(Operation::Payouts)?;
    let mail: MailView = sql_query(format!("{MAIL} where id = $1"))
        .bind::<SqlUuid, _>(id)
        .get_result(conn)
        .optional()?
        .ok_or(AppError::NotFound)?;
    let matter = store::find_matter(conn, &mail.kind, mail.employee_id, mail.business_date)?;
    Ok((mail, matter))
}

/// An address at which nobody can be reached: the server refused it for good, the person has no other, and nothing was taken there
/// since.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Undeliverable {
    /// Whose.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// Name and surname.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The address.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// What the mail server said last.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// The last date that a mail was about.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    /// The last such mail.
    #[diesel(sql_type = SqlUuid)]
    pub mail_id: Uuid,
    /// Mails that were given up there.
    #[diesel(sql_type = BigInt)]
    pub mails: i64,
}

fn undeliverable(
    conn: &mut PgConnection,
    employee: Option<Uuid>,
    period: Option<Period>,
) -> AppResult<Vec<Undeliverable>> {
    Ok(sql_query(format!(
        "select e.id as employee_id, {EMPLOYEE_NAME} as name, e.email as address,
           (array_agg(m.last_error order by m.id desc))[1] as reason, (array_agg(m.business_date order by m.id desc))[1] as business_date,
           (array_agg(m.id order by m.id desc))[1] as mail_id, count(*) as mails
         from accounting.mails m join accounting.employees e on e.id = m.employee_id and e.email = m.recipient
         where m.state <> 'sent' and m.state = 'failed' and m.failure = 'refused' and ($1 is null or m.employee_id = $1)
           and ($2 is null or m.business_date >= $2) and ($3 is null or m.business_date <= $3)
           and not exists (select from accounting.mails s
             where s.kind in ('payout', 'statement', 'day_digest') and s.employee_id = m.employee_id and s.recipient = m.recipient
               and s.state = 'sent' and s.id > m.id)
         group by e.id order by mail_id desc limit $4"
    ))
    .bind::<Nullable<SqlUuid>, _>(employee)
    .bind::<Nullable<Date>, _>(period.map(|period| period.from))
    .bind::<Nullable<Date>, _>(period.map(|period| period.to))
    .bind::<BigInt, _>(UNDELIVERABLE)
    .prepared()
    .load(conn)?)
}

/// The addresses at which nobody can be reached, the latest first.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn list_undeliverable(
    conn: &mut PgConnection,
    actor: &Actor,
    period: Option<Period>,
) -> AppResult<Vec<Undeliverable>> {
    actor.allow(Operation::Payouts)?;
    undeliverable(conn, None, period)
}

/// Whether one's own address is such a one.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn own_undeliverable(
    conn: &mut PgConnection,
    actor: &Actor,
) -> AppResult<Option<Undeliverable>> {
    actor.allow(Operation::OwnMoney)?;
    Ok(undeliverable(conn, Some(actor.id.0), None)?.pop())
}

/// What the mail server said last to mails that still wait, if it keeps them waiting.
///
/// # Errors
/// Forbidden.
pub(in crate::accounting) fn show_trouble(
    conn: &mut PgConnection,
    actor: &Actor,
) -> AppResult<Option<Trouble>> {
    actor.allow(Operation::Payouts)?;
    Ok(sql_query(
        "select count(*) as mails, min(next_attempt_at) as next_attempt_at, max(last_error) as reason
         from accounting.mails where state in ('new', 'waiting') and last_error is not null having count(*) > 0",
    )
    .get_result(conn)
    .optional()?)
}

/// Mails that the server does not take now.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Trouble {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub mails: i64,
    /// When one is tried next.
    #[diesel(sql_type = Timestamptz)]
    pub next_attempt_at: DateTime<Utc>,
    /// What the server said.
    #[diesel(sql_type = Text)]
    pub reason: String,
}

/// How the mails about money stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct MailCounts {
    /// Mails that have not left yet.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Mails written since an instant that were given up.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
}

/// How many mails wait, and how many of those written since an instant were given up.
///
/// # Errors
/// Forbidden, and those of the database.
pub fn count_mails(
    conn: &mut PgConnection,
    actor: &Actor,
    since: DateTime<Utc>,
) -> AppResult<MailCounts> {
    actor.allow(Operation::Payouts)?;
    Ok(sql_query(
        "select count(*) filter (where state in ('new', 'waiting')) as waiting,
           count(*) filter (where state = 'failed' and created_at >= $1) as failed
         from accounting.mails where state <> 'sent'",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(since)
    .get_result(conn)?)
}
