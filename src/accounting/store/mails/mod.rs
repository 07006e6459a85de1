//! Mails on their way: claimed for a short time, sent outside any transaction, then marked.

mod again;
mod content;
mod written;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Date, Integer, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;
use crate::platform::mail::Failure;
use crate::platform::money::Money;

pub(in crate::accounting) use again::{
    GivenUp, find_sendable, follow_addresses, send_again, send_given_up_again,
};
pub(in crate::accounting) use content::{DayDigest, Matter, find_matter};
pub(in crate::accounting) use written::{
    Unwritten, insert_mails_of, list_unwritten_digests, list_unwritten_statements,
};

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
    /// Whom it is for.
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
    /// What was paid; of a statement, what is carried over; of a day, what was paid in all.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: Money,
    /// Which attempt this is, from 1.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When the retries began to count.
    #[diesel(sql_type = Timestamptz)]
    pub retry_since: DateTime<Utc>,
    /// Until when it is this worker's; by this the worker knows its own claim again.
    #[diesel(sql_type = Timestamptz)]
    pub claimed_until: DateTime<Utc>,
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
             m.amount_minor, m.attempts, coalesce(m.retry_since, m.created_at) as retry_since, m.claimed_until,
             m.next_attempt_at
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

/// It did not go out and is tried again at `next`, unless it is another worker's by now.
pub(in crate::accounting) fn update_waiting(
    conn: &mut PgConnection,
    mail: &ClaimedMail,
    next: DateTime<Utc>,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update accounting.mails set next_attempt_at = $2, claimed_until = null, last_error = $3
         where id = $1 and state = 'waiting' and claimed_until = $4",
    )
    .bind::<SqlUuid, _>(mail.id)
    .bind::<Timestamptz, _>(next)
    .bind::<Text, _>(error)
    .bind::<Timestamptz, _>(mail.claimed_until)
    .execute(conn)?;
    Ok(())
}

/// It is given up. Tells whether the mail was still waiting, and this worker's.
pub(in crate::accounting) fn update_failed(
    conn: &mut PgConnection,
    mail: &ClaimedMail,
    failure: Failure,
    error: &str,
) -> AppResult<bool> {
    let rows = sql_query(
        "update accounting.mails set state = 'failed', failure = $2, claimed_until = null, last_error = $3
         where id = $1 and state = 'waiting' and claimed_until = $4",
    )
    .bind::<SqlUuid, _>(mail.id)
    .bind::<Text, _>(failure.as_str())
    .bind::<Text, _>(error)
    .bind::<Timestamptz, _>(mail.claimed_until)
    .execute(conn)?;
    Ok(rows == 1)
}

/// Gives mails back that were claimed together and not tried; those that are another worker's by now are left to it.
pub(in crate::accounting) fn release_mails(
    conn: &mut PgConnection,
    mails: &[&ClaimedMail],
) -> AppResult<()> {
    let Some(first) = mails.first() else {
        return Ok(());
    };
    let ids: Vec<Uuid> = mails.iter().map(|mail| mail.id).collect();
    sql_query(
        "update accounting.mails set claimed_until = null, attempts = attempts - 1,
           state = case when attempts = 1 and sent_at is null then 'new' else 'waiting' end
         where id = any($1) and state = 'waiting' and claimed_until = $2",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(first.claimed_until)
    .execute(conn)?;
    Ok(())
}

/// The server cannot be reached: every mail that is due waits until `next` together with the one that was tried, without an attempt
/// of its own.
pub(in crate::accounting) fn postpone_mails(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    next: DateTime<Utc>,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update accounting.mails set state = 'waiting', next_attempt_at = $2, last_error = $3
         where id in (select id from accounting.mails
           where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1)
           order by id for update skip locked)",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(next)
    .bind::<Text, _>(error)
    .execute(conn)?;
    Ok(())
}
