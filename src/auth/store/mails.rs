//! Mails about accounts on their way: claimed for a short time, sent outside any transaction, then marked.

use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::db::{COUNTED_AT_MOST, Counted, counting};
use crate::platform::error::AppResult;
use crate::platform::mail::Failure;

/// A mail to be written.
#[derive(Clone, Debug)]
pub(in crate::auth) struct NewMail<'a> {
    pub id: Uuid,
    pub message_id: &'a str,
    pub kind: &'a str,
    pub subject_id: Uuid,
    pub recipient: &'a str,
    pub recipient_name: &'a str,
    pub language: &'a str,
}

/// A mail that this worker alone may send for a while.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct ClaimedMail {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub message_id: String,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub subject_id: Uuid,
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub recipient_name: String,
    #[diesel(sql_type = Text)]
    pub language: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// Until when it is this worker's; by this the worker knows its own claim again.
    #[diesel(sql_type = Timestamptz)]
    pub claimed_until: DateTime<Utc>,
}

/// The condition under which the mail worker of auth has work; `$1` is the time.
pub(in crate::auth) const MAIL_WAITS: &str = "(exists (select from auth.reset_requests)
  or exists (select from auth.registrations where answered_at is null)
  or exists (select from auth.mails
    where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1)))";

pub(in crate::auth) fn insert_mail(
    conn: &mut PgConnection,
    mail: &NewMail<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, next_attempt_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    )
    .bind::<SqlUuid, _>(mail.id)
    .bind::<Text, _>(mail.message_id)
    .bind::<Text, _>(mail.kind)
    .bind::<SqlUuid, _>(mail.subject_id)
    .bind::<Text, _>(mail.recipient)
    .bind::<Text, _>(mail.recipient_name)
    .bind::<Text, _>(mail.language)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Gives up mails of these kinds that were written before an instant and did not leave: what they answer is forgotten by now.
pub(in crate::auth) fn expire_mails(
    conn: &mut PgConnection,
    kinds: &[&str],
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.mails set state = 'failed', failure = 'expired', claimed_until = null
         where kind = any($1) and created_at < $2 and state in ('new', 'waiting') and (claimed_until is null or claimed_until <= $3)",
    )
    .bind::<Array<Text>, _>(kinds)
    .bind::<Timestamptz, _>(before)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Claims due mails for `hold`; a claim that ran out, because its worker died, is due again.
pub(in crate::auth) fn claim_mails(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    hold: Duration,
    limit: i64,
) -> AppResult<Vec<ClaimedMail>> {
    Ok(sql_query(
        "with due as (
           select id from auth.mails
           where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1)
           order by next_attempt_at, id limit $3 for update skip locked
         ), claimed as (
           update auth.mails m set state = 'waiting', attempts = m.attempts + 1, claimed_until = $2
           from due where m.id = due.id returning m.*
         )
         select * from claimed order by next_attempt_at, id",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(now + hold)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Gives mails back that were claimed together and not tried; those that are another worker's by now are left to it.
pub(in crate::auth) fn release_mails(
    conn: &mut PgConnection,
    mails: &[&ClaimedMail],
) -> AppResult<()> {
    let Some(first) = mails.first() else {
        return Ok(());
    };
    let ids: Vec<Uuid> = mails.iter().map(|mail| mail.id).collect();
    sql_query(
        "update auth.mails set claimed_until = null, attempts = attempts - 1
         where id = any($1) and state = 'waiting' and claimed_until = $2",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(first.claimed_until)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_mail_sent(
    conn: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.mails set state = 'sent', sent_at = $2, claimed_until = null, last_error = null
         where id = $1 and state = 'waiting'",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_mail_waiting(
    conn: &mut PgConnection,
    mail: &ClaimedMail,
    next: DateTime<Utc>,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update auth.mails set next_attempt_at = $2, claimed_until = null, last_error = $3 where id = $1 and state = 'waiting' and claimed_until = $4",
    )
    .bind::<SqlUuid, _>(mail.id)
    .bind::<Timestamptz, _>(next)
    .bind::<Text, _>(error)
    .bind::<Timestamptz, _>(mail.claimed_until)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_mail_failed(
    conn: &mut PgConnection,
    mail: &ClaimedMail,
    failure: Failure,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update auth.mails set state = 'failed', failure = $2, claimed_until = null, last_error = $3
         where id = $1 and state = 'waiting' and claimed_until = $4",
    )
    .bind::<SqlUuid, _>(mail.id)
    .bind::<Text, _>(failure.as_str())
    .bind::<Text, _>(error)
    .bind::<Timestamptz, _>(mail.claimed_until)
    .execute(conn)?;
    Ok(())
}

/// The server cannot be reached: every mail that is due waits until `next`, without an attempt of its own.
pub(in crate::auth) fn postpone_mails(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    next: DateTime<Utc>,
    error: &str,
) -> AppResult<()> {
    sql_query(
        "update auth.mails set state = 'waiting', next_attempt_at = $2, last_error = $3
         where id in (select id from auth.mails
           where state in ('new', 'waiting') and next_attempt_at <= $1 and (claimed_until is null or claimed_until <= $1)
           order by id for update skip locked)",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(next)
    .bind::<Text, _>(error)
    .execute(conn)?;
    Ok(())
}

/// A mail as it is shown.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct MailRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub recipient: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

/// Mails, in one state if one is asked for, the newest first, after the one that was seen last.
pub(in crate::auth) fn list_mails(
    conn: &mut PgConnection,
    state: Option<&str>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> AppResult<Vec<MailRow>> {
    Ok(sql_query(
        "select id, kind, recipient, state, created_at, last_error from auth.mails
         where ($1 is null or state = $1) and ($2 is null or (created_at, id) < ($2, $3))
         order by created_at desc, id desc limit $4",
    )
    .bind::<Nullable<Text>, _>(state)
    .bind::<Nullable<Timestamptz>, _>(after.map(|(at, _)| at))
    .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// How many mails that list has, counted no further than lists are.
pub(in crate::auth) fn count_listed_mails(
    conn: &mut PgConnection,
    state: Option<&str>,
) -> AppResult<i64> {
    let rows = sql_query(counting(
        "select from auth.mails where $1 is null or state = $1 limit $2",
    ))
    .bind::<Nullable<Text>, _>(state)
    .bind::<BigInt, _>(COUNTED_AT_MOST)
    .load(conn)?;
    Ok(Counted::of(&rows))
}

/// One mail as it is shown.
pub(in crate::auth) fn find_mail_row(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<MailRow>> {
    Ok(sql_query(
        "select id, kind, recipient, state, created_at, last_error from auth.mails where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?)
}

/// One mail as it is written.
pub(in crate::auth) fn find_mail(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<ClaimedMail>> {
    Ok(sql_query(
        "select id, message_id, kind, subject_id, recipient, recipient_name, language, attempts, created_at,
           coalesce(claimed_until, created_at) as claimed_until
         from auth.mails where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?)
}

/// Removes mails that were written before an instant and have left or were given up.
pub(in crate::auth) fn delete_old_mails(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.mails where created_at < $1 and state in ('sent', 'failed')")
        .bind::<Timestamptz, _>(before)
        .execute(conn)?;
    Ok(())
}

/// How the mails about accounts stand.
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
/// Those of the database.
pub fn count_mails(conn: &mut PgConnection, since: DateTime<Utc>) -> AppResult<MailCounts> {
    Ok(sql_query(
        "select (select count(*) from auth.mails where state in ('new', 'waiting')) as waiting,
           (select count(*) from auth.mails where state = 'failed' and created_at >= $1) as failed",
    )
    .bind::<Timestamptz, _>(since)
    .get_result(conn)?)
}
