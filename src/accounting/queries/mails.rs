//! The mails and how each stands, for those who see the payouts.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::auth::{Actor, Operation};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf};

/// The states of a mail (M34).
pub(in crate::accounting) const MAIL_STATES: [&str; 4] = ["new", "waiting", "sent", "failed"];

/// A mail as it is shown.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct MailView {
    /// The mail.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Its Message-ID.
    #[diesel(sql_type = Text)]
    pub message_id: String,
    /// Who was paid.
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
    /// What was paid.
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
    /// When it left.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
}

const MAIL: &str = "
select id, message_id, employee_id, business_date, recipient, recipient_name, language, amount_minor as amount, state, attempts,
  next_attempt_at, last_error, created_at, sent_at
from accounting.mails";

/// The mails, newest first; of one state when one is named.
///
/// # Errors
/// Forbidden; invalid at `cursor`.
pub(in crate::accounting) fn list_mails(
    conn: &mut PgConnection,
    actor: &Actor,
    state: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<MailView>> {
    actor.allow(Operation::Payouts)?;
    let before: Option<Uuid> = Cursor::key(cursor)?;
    let rows: Vec<MailView> = sql_query(format!(
        "{MAIL} where ($1 is null or state = $1) and ($2 is null or id < $2) order by id desc limit $3"
    ))
    .bind::<Nullable<Text>, _>(state)
    .bind::<Nullable<SqlUuid>, _>(before)
    .bind::<BigInt, _>(limit + 1)
    .load(conn)?;
    Ok(PageOf::from_rows(rows, limit, |mail| mail.id))
}

/// One mail.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::accounting) fn show_mail(
    conn: &mut PgConnection,
    actor: &Actor,
    id: Uuid,
) -> AppResult<MailView> {
    actor.allow(Operation::Payouts)?;
    sql_query(format!("{MAIL} where id = $1"))
        .bind::<SqlUuid, _>(id)
        .get_result(conn)
        .optional()?
        .ok_or(AppError::NotFound)
}
