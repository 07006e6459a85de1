//! Mails that follow from what is booked and are not written yet. The payout's mail is written with the payout itself.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Date, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// A mail that somebody should get about a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::accounting) struct Unwritten {
    /// Whom it is for.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The date.
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
}

/// The statements of dates closed after `since`, or closing now, whose people were paid nothing and have no mail about it.
pub(in crate::accounting) fn list_unwritten_statements(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> AppResult<Vec<Unwritten>> {
    Ok(sql_query(
        "select s.account_id as employee_id, s.business_date
         from accounting.business_days d join accounting.statements s using (business_date)
           join accounting.employees e on e.id = s.account_id
         where (d.closed_at > $1 or d.state = 'closing') and s.payout_minor = 0 and e.active and e.email <> ''
           and not exists (select from accounting.mails m
             where m.kind = 'statement' and m.employee_id = s.account_id and m.business_date = s.business_date)
         order by s.business_date, s.account_id",
    )
    .bind::<Timestamptz, _>(since)
    .load(conn)?)
}

/// The dates closed and sealed after `since` that no accountant and no administrator was told of, once for each of them.
pub(in crate::accounting) fn list_unwritten_digests(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> AppResult<Vec<Unwritten>> {
    Ok(sql_query(
        "select e.id as employee_id, s.business_date
         from accounting.day_seals s join accounting.business_days d using (business_date)
           cross join accounting.employees e
         where d.closed_at > $1 and e.active and e.email <> '' and e.roles && array['accountant', 'administrator']
           and not exists (select from accounting.mails m where m.kind = 'day_digest' and m.business_date = s.business_date)
         order by s.business_date, e.id",
    )
    .bind::<Timestamptz, _>(since)
    .load(conn)?)
}

/// Writes mails of a kind, each under an id of its own, with the address and the name as they are now. Who has one about the date
/// already gets no second one.
pub(in crate::accounting) fn insert_mails_of(
    conn: &mut PgConnection,
    kind: &str,
    mails: &[(Uuid, Unwritten)],
    domain: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language,
           amount_minor, next_attempt_at, created_at)
         select n.id, format('<%s.%s.%s@%s>', $1, n.business_date, n.employee_id, $5), $1, n.employee_id, n.business_date,
           e.email, coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username), coalesce(e.language, 'en'),
           case $1 when 'statement' then s.closing_minor else coalesce(d.paid_minor, 0) end, $6, $6
         from unnest($2, $3, $4) as n(id, employee_id, business_date)
           join accounting.employees e on e.id = n.employee_id
           join accounting.business_days d on d.business_date = n.business_date
           left join accounting.statements s on s.account_id = n.employee_id and s.business_date = n.business_date
         where $1 <> 'statement' or s.account_id is not null
         order by n.id
         on conflict on constraint mails_once_key do nothing",
    )
    .bind::<Text, _>(kind)
    .bind::<Array<SqlUuid>, _>(mails.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(mails.iter().map(|(_, mail)| mail.employee_id).collect::<Vec<_>>())
    .bind::<Array<Date>, _>(mails.iter().map(|(_, mail)| mail.business_date).collect::<Vec<_>>())
    .bind::<Text, _>(domain)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
