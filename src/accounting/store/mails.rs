//! Mails on their way: claimed for a short time, sent outside any transaction, then marked.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Date, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;
use crate::platform::money::Money;

/// A mail that this worker alone may send for a while.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct ClaimedMail {
    /// The mail.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Its stable Message-ID.
    #[diesel(sql_type = Text)]
    pub message_id: String,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Who was paid.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The settled date.
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
    pub amount_minor: Money,
    /// Which attempt this is, from 1.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When the retries began to count.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
}

/// The condition under which a mail is due; `$1` is the time.
pub(in crate::accounting) const MAIL_WAITS: &str = "exists (select from accounting.mails
  where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1))";

/// Claims due mails for `hold`; a claim that ran out, because its worker died, is due again.
pub(in crate::accounting) fn claim_mails(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    hold: Duration,
    limit: i64,
) -> AppResult<Vec<ClaimedMail>> {
    Ok(sql_query(
        "with due as (
           select id from accounting.mails
           where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1)
           order by next_attempt_at, id limit $3 for update skip locked
         ), claimed as (
           update accounting.mails m set state = 'waiting', attempts = m.attempts + 1, claimed_until = $2
           from due where m.id = due.id
           returning m.id, m.message_id, m.kind, m.employee_id, m.business_date, m.recipient, m.recipient_name, m.language,
             m.amount_minor, m.attempts, m.created_at, m.next_attempt_at
         )
         select * from claimed order by next_attempt_at, id",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(now + hold)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The server took it. Tells whether the mail was still waiting, so that its event is published once.
pub(in crate::accounting) fn update_sent(
    conn: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "update accounting.mails set state = 'sent', sent_at = $2, claimed_until = null, last_error = null
         where id = $1 and state = 'waiting'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}

/// It did not go out and is tried again at `next`.
pub(in crate::accounting) fn update_waiting(
    conn: &mut PgConnection,
    id: Uuid,
    next: DateTime<Utc>,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update accounting.mails set next_attempt_at = $2, claimed_until = null, last_error = $3
         where id = $1 and state = 'waiting'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(next)
    .bind::<Text, _>(error)
    .execute(conn)?;
    Ok(())
}

/// It is given up. Tells whether the mail was still waiting.
pub(in crate::accounting) fn update_failed(
    conn: &mut PgConnection,
    id: Uuid,
    error: &str,
) -> AppResult<bool> {
    let rows = sql_query(
        "update accounting.mails set state = 'failed', claimed_until = null, last_error = $2 where id = $1 and state = 'waiting'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(error)
    .execute(conn)?;
    Ok(rows == 1)
}

/// A mail that was given up is tried once more, under its old Message-ID. Tells whether it had been given up.
pub(in crate::accounting) fn retry_mail(
    conn: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "update accounting.mails set state = 'waiting', next_attempt_at = $2, claimed_until = null where id = $1 and state = 'failed'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}
