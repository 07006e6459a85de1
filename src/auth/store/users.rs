//! Users, their role sets and their grants.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::{COUNTED_AT_MOST, Counted, Prepare, counting};
use crate::platform::error::AppResult;

/// A user as the pages and the API read it; no secret in it.
#[derive(Clone, Debug, QueryableByName)]
pub struct UserRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub username: String,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub surname: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub language: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub time_zone: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub theme: Option<String>,
    /// Whether keyboard shortcuts work for them.
    #[diesel(sql_type = Bool)]
    pub shortcuts: bool,
    /// The filters that they want lists to begin with, by path.
    #[diesel(sql_type = Jsonb)]
    pub default_filters: Value,
    #[diesel(sql_type = Jsonb)]
    pub meta: Value,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = BigInt)]
    pub session_version: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub deactivated_at: Option<DateTime<Utc>>,
    /// How often a log-in or a right of theirs has ended.
    #[diesel(sql_type = BigInt)]
    pub access_changes: i64,
    #[diesel(sql_type = Array<Text>)]
    pub roles: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub permissions: Vec<String>,
}

impl UserRow {
    /// Name and surname.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.name, self.surname)
    }

    /// The filters that they want lists to begin with: path and query.
    #[must_use]
    pub fn default_filters(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.default_filters.clone()).unwrap_or_default()
    }
}

pub(super) const SELECT: &str = "select u.id, u.username, u.email, u.name, u.surname, u.language, u.time_zone, u.theme, u.shortcuts, u.default_filters, u.meta, u.version, u.session_version,
    u.deactivated_at, coalesce((select c.changes from platform.access_changes c where c.user_id = u.id), 0) as access_changes,
    array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
    array(select p.permission from auth.user_permissions p where p.user_id = u.id order by p.permission) as permissions
  from auth.users u";

pub(in crate::auth) fn find_user(conn: &mut PgConnection, id: Uuid) -> AppResult<Option<UserRow>> {
    Ok(sql_query(format!("{SELECT} where u.id = $1"))
        .bind::<SqlUuid, _>(id)
        .prepared()
        .get_result(conn)
        .optional()?)
}

/// How often a log-in or a right of somebody has ended; of nobody it never has.
pub(in crate::auth) fn count_access_changes(conn: &mut PgConnection, id: Uuid) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        changes: i64,
    }
    let row: Option<Row> =
        sql_query("select changes from platform.access_changes where user_id = $1")
            .bind::<SqlUuid, _>(id)
            .prepared()
            .get_result(conn)
            .optional()?;
    Ok(row.map_or(0, |row| row.changes))
}

pub(in crate::auth) fn find_user_by_username(
    conn: &mut PgConnection,
    username: &str,
) -> AppResult<Option<UserRow>> {
    Ok(sql_query(format!("{SELECT} where u.username = lower($1)"))
        .bind::<Text, _>(username)
        .prepared()
        .get_result(conn)
        .optional()?)
}

pub(in crate::auth) fn find_user_by_email(
    conn: &mut PgConnection,
    email: &str,
) -> AppResult<Option<UserRow>> {
    Ok(
        sql_query(format!("{SELECT} where lower(u.email) = lower($1)"))
            .bind::<Text, _>(email)
            .get_result(conn)
            .optional()?,
    )
}

pub(in crate::auth) fn lock_user(conn: &mut PgConnection, id: Uuid) -> AppResult<Option<UserRow>> {
    Ok(sql_query(format!("{SELECT} where u.id = $1 for update"))
        .bind::<SqlUuid, _>(id)
        .prepared()
        .get_result(conn)
        .optional()?)
}

/// Serialises all changes of who may do what, so that the last administrator cannot be lost to two at once (A46).
pub(in crate::auth) fn lock_users(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 4)").execute(conn)?;
    Ok(())
}

/// What a list of users is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// A part of name, log-in name or address.
    pub text: Option<String>,
    /// One of the roles.
    pub role: Option<String>,
    /// Only those who work here, or only those who have left.
    pub active: Option<bool>,
    /// The log-in name after which the list goes on.
    pub after: Option<String>,
}

impl UserFilter {
    /// The text as a pattern for `ilike`, its own wildcards taken literally.
    fn pattern(&self) -> Option<String> {
        self.text.as_deref().map(|text| {
            let escaped = text
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            format!("%{escaped}%")
        })
    }
}

pub(in crate::auth) fn list_users(
    conn: &mut PgConnection,
    filter: &UserFilter,
    limit: i64,
) -> AppResult<Vec<UserRow>> {
    Ok(sql_query(format!(
        "{SELECT} where {OF_LIST} and ($5 is null or u.username > $5) order by u.username limit $3"
    ))
    .bind::<Nullable<Text>, _>(filter.pattern())
    .bind::<Nullable<Text>, _>(filter.role.as_deref())
    .bind::<BigInt, _>(limit)
    .bind::<Nullable<Bool>, _>(filter.active)
    .bind::<Nullable<Text>, _>(filter.after.as_deref())
    .load(conn)?)
}

/// What a user `u` has to be to be in the list of a filter.
const OF_LIST: &str = "($1 is null or u.username ilike $1 or u.email ilike $1 or (u.name || ' ' || u.surname) ilike $1)
  and ($2 is null or exists (select from auth.user_roles r where r.user_id = u.id and r.role = $2))
  and ($4 is null or (u.deactivated_at is null) = $4)";

/// How many users that list has, counted no further than lists are.
pub(in crate::auth) fn count_listed_users(
    conn: &mut PgConnection,
    filter: &UserFilter,
) -> AppResult<i64> {
    let sql = format!("select from auth.users u where {OF_LIST} limit $3");
    let rows = sql_query(counting(&sql))
        .bind::<Nullable<Text>, _>(filter.pattern())
        .bind::<Nullable<Text>, _>(filter.role.as_deref())
        .bind::<BigInt, _>(COUNTED_AT_MOST)
        .bind::<Nullable<Bool>, _>(filter.active)
        .load(conn)?;
    Ok(Counted::of(&rows))
}

/// A role with its descriptions.
#[derive(Clone, Debug, QueryableByName)]
pub struct RoleRow {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub description_en: String,
    #[diesel(sql_type = Text)]
    pub description_ru: String,
}

pub(in crate::auth) fn list_roles(conn: &mut PgConnection) -> AppResult<Vec<RoleRow>> {
    Ok(
        sql_query("select name, description_en, description_ru from auth.roles order by name")
            .load(conn)?,
    )
}

/// What log-in needs to know of a user.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct Credentials {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub username: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub password_hash: Option<String>,
    #[diesel(sql_type = Bool)]
    pub active: bool,
}

/// The user of a log-in name or an e-mail address.
pub(in crate::auth) fn find_credentials(
    conn: &mut PgConnection,
    login: &str,
) -> AppResult<Option<Credentials>> {
    Ok(sql_query(
        "select id, username, password_hash, deactivated_at is null as active from auth.users
         where username = lower($1) or lower(email) = lower($1) order by (username = lower($1)) desc limit 1",
    )
    .bind::<Text, _>(login)
    .get_result(conn)
    .optional()?)
}

/// Log-in names and addresses, of these, that somebody has already.
pub(in crate::auth) fn find_taken(
    conn: &mut PgConnection,
    usernames: &[&str],
    emails: &[&str],
) -> AppResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        taken: String,
    }
    let rows: Vec<Row> = sql_query(
        "select username as taken from auth.users where username = any($1)
         union all select lower(email) from auth.users where lower(email) = any($2)",
    )
    .bind::<Array<Text>, _>(usernames)
    .bind::<Array<Text>, _>(
        emails
            .iter()
            .map(|email| email.to_lowercase())
            .collect::<Vec<_>>(),
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.taken).collect())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(in crate::auth) fn count_active_administrators(conn: &mut PgConnection) -> AppResult<i64> {
    let row: Count = sql_query(
        "select count(*) as count from auth.users u join auth.user_roles r on r.user_id = u.id and r.role = 'administrator'
         where u.deactivated_at is null",
    )
    .get_result(conn)?;
    Ok(row.count)
}

/// How many users there are, active or not.
///
/// # Errors
/// Those of the database.
pub fn count_users(conn: &mut PgConnection) -> AppResult<i64> {
    let row: Count = sql_query("select count(*) as count from auth.users").get_result(conn)?;
    Ok(row.count)
}
