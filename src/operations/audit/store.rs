//! Rows of the audit, as the auditors' views show them.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use crate::auth::{Actor, Operation};
use crate::platform::db::{COUNTED_AT_MOST, Counted, counting};
use crate::platform::error::AppResult;
use crate::platform::web::{Cursor, PageOf};

/// What the actions of the money begin with.
const MONEY: &str = "accounting.";

/// Which rows are wanted.
#[derive(Clone, Debug)]
pub(super) struct AuditFilter {
    /// From this instant on.
    pub since: DateTime<Utc>,
    /// Before this instant.
    pub before: DateTime<Utc>,
    /// What this log-in name or id did, or what was done to it.
    pub person: Option<String>,
    /// Actions that begin so.
    pub action: Option<String>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
}

/// A row of the audit.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct AuditRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub actor: Option<Uuid>,
    /// Who acted, by name; none for the system itself.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub action: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub subject: Option<Uuid>,
    /// What it was done to, by name, if that is a person.
    #[diesel(sql_type = Nullable<Text>)]
    pub subject_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub agent: Option<String>,
    /// The id of the request.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub correlation: Option<Uuid>,
    #[diesel(sql_type = Jsonb)]
    pub detail: Value,
}

/// A piece of the audit, newest first unless asked otherwise.
///
/// # Errors
/// Forbidden; invalid at `cursor`; those of the database.
pub(super) fn list_audit(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &AuditFilter,
    cursor: Option<&str>,
    limit: i64,
) -> AppResult<PageOf<AuditRow>> {
    let within = within_of(actor)?;
    let after: Option<(DateTime<Utc>, Uuid)> = Cursor::key(cursor)?;
    let (beyond, direction) = if filter.oldest_first {
        (">", "asc")
    } else {
        ("<", "desc")
    };
    let rows: Vec<AuditRow> = sql_query(format!(
        "select a.id, a.at, a.actor, p.name as actor_name, a.action, a.subject, s.name as subject_name, a.address, a.agent,
           a.correlation, a.detail
         from (
           select a.* from report_v1.audit a where {OF_LIST} and ($7 is null or (a.at, a.id) {beyond} ($7, $8))
           order by a.at {direction}, a.id {direction} limit $6
         ) a left join report_v1.people p on p.user_id = a.actor left join report_v1.people s on s.user_id = a.subject
         order by a.at {direction}, a.id {direction}"
    ))
    .bind::<Timestamptz, _>(filter.since)
    .bind::<Timestamptz, _>(filter.before)
    .bind::<Text, _>(within)
    .bind::<Text, _>(filter.action.as_deref().unwrap_or_default())
    .bind::<Nullable<Text>, _>(filter.person.as_deref())
    .bind::<BigInt, _>(limit + 1)
    .bind::<Nullable<Timestamptz>, _>(after.map(|(at, _)| at))
    .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
    .load(conn)?;
    Ok(PageOf::from_rows(rows, limit, |row| (row.at, row.id)))
}

/// What a row `a` has to be to be in the list of a filter.
const OF_LIST: &str = "a.at >= $1 and a.at < $2 and starts_with(a.action, $3) and starts_with(a.action, $4)
  and ($5 is null or a.actor in (select user_id from report_v1.people where username = $5 or user_id::text = $5)
    or a.subject in (select user_id from report_v1.people where username = $5 or user_id::text = $5))";

/// What the actions begin with that somebody may see: all of them, or those of the money.
fn within_of(actor: &Actor) -> AppResult<&'static str> {
    actor.allow(Operation::MoneyAudit)?;
    Ok(if actor.may(Operation::SecurityAudit) {
        ""
    } else {
        MONEY
    })
}

/// How many rows that list has, counted no further than lists are.
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn count_audit(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &AuditFilter,
) -> AppResult<i64> {
    let sql = format!("select from report_v1.audit a where {OF_LIST} limit $6");
    let rows = sql_query(counting(&sql))
        .bind::<Timestamptz, _>(filter.since)
        .bind::<Timestamptz, _>(filter.before)
        .bind::<Text, _>(within_of(actor)?)
        .bind::<Text, _>(filter.action.as_deref().unwrap_or_default())
        .bind::<Nullable<Text>, _>(filter.person.as_deref())
        .bind::<BigInt, _>(COUNTED_AT_MOST)
        .load(conn)?;
    Ok(Counted::of(&rows))
}

/// Something that was done, in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestAct {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it, with a name if there is one; none for the system itself.
    pub actor: Option<(Uuid, Option<String>)>,
    /// What was done.
    pub action: String,
}

/// The last things that were done before `now`, the newest first; to those who see the money alone, what was done to it.
///
/// # Errors
/// Forbidden, and those of the database.
pub fn list_latest(
    conn: &mut PgConnection,
    actor: &Actor,
    now: DateTime<Utc>,
    limit: i64,
) -> AppResult<Vec<LatestAct>> {
    let filter = AuditFilter {
        since: DateTime::UNIX_EPOCH,
        before: now + chrono::TimeDelta::seconds(1),
        person: None,
        action: None,
        oldest_first: false,
    };
    let page = list_audit(conn, actor, &filter, None, limit)?;
    let act = |row: AuditRow| LatestAct {
        at: row.at,
        actor: row.actor.map(|id| (id, row.actor_name)),
        action: row.action,
    };
    Ok(page.items.into_iter().map(act).collect())
}
