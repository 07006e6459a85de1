//! Mails that are sent once more: by hand, or because the person has another address now.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::accounting::period::Period;
use crate::platform::error::AppResult;

/// How a mail stands that somebody wants to send again.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::accounting) struct Sendable {
    /// Its state.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// When the mail server took it last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
    /// Where it went.
    #[diesel(sql_type = Text)]
    pub recipient: String,
    /// Where it goes now: the person's present address.
    #[diesel(sql_type = Text)]
    pub address: String,
}

/// A mail, locked until the commit.
pub(in crate::accounting) fn find_sendable(
    conn: &mut PgConnection,
    id: Uuid,
) -> AppResult<Option<Sendable>> {
    Ok(sql_query(
        "select m.state, m.kind, m.sent_at, m.recipient, coalesce(nullif(e.email, ''), m.recipient) as address
         from accounting.mails m left join accounting.employees e on e.id = m.employee_id where m.id = $1 for update of m",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)
    .optional()?)
}

/// Sends a mail once more to `address`, under its old Message-ID; the time for retries begins anew.
pub(in crate::accounting) fn send_again(
    conn: &mut PgConnection,
    id: Uuid,
    address: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update accounting.mails set state = 'waiting', recipient = $2, next_attempt_at = $3, retry_since = $3, claimed_until = null,
           failure = null
         where id = $1 and state in ('sent', 'failed')",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(address)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// The mails that were given up, about one kind or all, for some dates or all.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct GivenUp {
    /// Only those about this.
    pub kind: Option<&'static str>,
    /// Only those for these dates.
    pub period: Option<Period>,
}

/// Sends all mails that were given up once more, to the present addresses, under their old Message-IDs; gives which.
pub(in crate::accounting) fn send_given_up_again(
    conn: &mut PgConnection,
    wanted: GivenUp,
    now: DateTime<Utc>,
) -> AppResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let rows: Vec<Row> = sql_query(
        "update accounting.mails m set state = 'waiting', next_attempt_at = $4, retry_since = $4, claimed_until = null, failure = null,
           recipient = coalesce((select nullif(e.email, '') from accounting.employees e where e.id = m.employee_id), m.recipient)
         where m.id in (select id from accounting.mails
           where state = 'failed' and ($1 is null or kind = $1) and ($2 is null or business_date >= $2) and ($3 is null or business_date <= $3)
           order by id for update)
         returning m.id",
    )
    .bind::<Nullable<Text>, _>(wanted.kind)
    .bind::<Nullable<Date>, _>(wanted.period.map(|period| period.from))
    .bind::<Nullable<Date>, _>(wanted.period.map(|period| period.to))
    .bind::<Timestamptz, _>(now)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// What has not left follows people to their present addresses: mails that wait, and those that were given up, which are tried again
/// there. A mail that is being sent is left to its sender. Gives how many go elsewhere now.
pub(in crate::accounting) fn follow_addresses(
    conn: &mut PgConnection,
    people: &[Uuid],
    now: DateTime<Utc>,
) -> AppResult<usize> {
    Ok(sql_query(
        "update accounting.mails m set recipient = e.email, state = case m.state when 'failed' then 'waiting' else m.state end,
           next_attempt_at = case m.state when 'failed' then $2 else m.next_attempt_at end,
           retry_since = case m.state when 'failed' then $2 else m.retry_since end, failure = null
         from accounting.employees e
         where e.id = m.employee_id and m.employee_id = any($1) and m.state <> 'sent'
           and e.email <> '' and m.recipient <> e.email and (m.claimed_until is null or m.claimed_until <= $2)",
    )
    .bind::<Array<SqlUuid>, _>(people)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?)
}
