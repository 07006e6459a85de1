//! What is written of users: registered, changed, deactivated.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UserRow;
use crate::platform::error::AppResult;

/// A user to be registered.
#[derive(Clone, Debug)]
pub(in crate::auth) struct NewUser {
    pub id: Uuid,
    pub username: String,
    pub email: String,
    pub name: String,
    pub surname: String,
    pub password_hash: Option<String>,
    pub roles: Vec<String>,
}

pub(in crate::auth) fn insert_users(
    conn: &mut PgConnection,
    users: &[NewUser],
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), diesel::result::Error> {
    fn column<'a, T>(users: &'a [NewUser], field: impl Fn(&'a NewUser) -> T) -> Vec<T> {
        users.iter().map(field).collect()
    }
    sql_query(
        "insert into auth.users (id, username, email, name, surname, password_hash, created_at, created_by, updated_at, updated_by)
         select x.*, $7, $8, $7, $8 from unnest($1, $2, $3, $4, $5, $6) as x(id, username, email, name, surname, password_hash)",
    )
    .bind::<Array<SqlUuid>, _>(column(users, |user| user.id))
    .bind::<Array<Text>, _>(column(users, |user| user.username.as_str()))
    .bind::<Array<Text>, _>(column(users, |user| user.email.as_str()))
    .bind::<Array<Text>, _>(column(users, |user| user.name.as_str()))
    .bind::<Array<Text>, _>(column(users, |user| user.surname.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(users, |user| user.password_hash.as_deref()))
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(by)
    .execute(conn)?;
    let pairs: Vec<(Uuid, &str)> = users
        .iter()
        .flat_map(|user| user.roles.iter().map(|role| (user.id, role.as_str())))
        .collect();
    sql_query("insert into auth.user_roles (user_id, role) select * from unnest($1, $2)")
        .bind::<Array<SqlUuid>, _>(pairs.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(pairs.iter().map(|(_, role)| *role).collect::<Vec<_>>())
        .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_user(
    conn: &mut PgConnection,
    user: &UserRow,
    revoke: bool,
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), diesel::result::Error> {
    sql_query(
        "update auth.users set email = $2, name = $3, surname = $4, version = $5,
           session_version = session_version + case when $6 then 1 else 0 end, updated_at = $7, updated_by = $8, meta = $9
         where id = $1",
    )
    .bind::<SqlUuid, _>(user.id)
    .bind::<Text, _>(&user.email)
    .bind::<Text, _>(&user.name)
    .bind::<Text, _>(&user.surname)
    .bind::<BigInt, _>(user.version)
    .bind::<Bool, _>(revoke)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(by)
    .bind::<Jsonb, _>(&user.meta)
    .execute(conn)
    .map(drop)
}

pub(in crate::auth) fn update_language(
    conn: &mut PgConnection,
    id: Uuid,
    language: &str,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.users set language = $2, version = version + 1, updated_at = $3, updated_by = $1 where id = $1")
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(language)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// What somebody wants of the pages; nothing means: as it was.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::auth) struct Display<'a> {
    /// The zone of times; none in it: the company's.
    pub time_zone: Option<Option<&'a str>>,
    /// The code of the colours.
    pub theme: Option<&'a str>,
    /// Whether keyboard shortcuts work.
    pub shortcuts: Option<bool>,
}

/// Keeps what somebody wants of the pages.
pub(in crate::auth) fn update_display(
    conn: &mut PgConnection,
    id: Uuid,
    display: Display<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.users set theme = coalesce($2, theme), time_zone = case when $3 then $4 else time_zone end,
           shortcuts = coalesce($5, shortcuts), updated_at = $6, updated_by = $1
         where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Nullable<Text>, _>(display.theme)
    .bind::<Bool, _>(display.time_zone.is_some())
    .bind::<Nullable<Text>, _>(display.time_zone.flatten())
    .bind::<Nullable<Bool>, _>(display.shortcuts)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Keeps the filter that somebody wants a list to begin with; none forgets it.
pub(in crate::auth) fn update_default_filter(
    conn: &mut PgConnection,
    id: Uuid,
    list: &str,
    filter: Option<&str>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.users set default_filters = case when $3 is null then default_filters - $2
           else default_filters || jsonb_build_object($2, $3) end, updated_at = $4, updated_by = $1
         where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(list)
    .bind::<Nullable<Text>, _>(filter)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn replace_roles(
    conn: &mut PgConnection,
    id: Uuid,
    roles: &[String],
) -> AppResult<()> {
    sql_query("delete from auth.user_roles where user_id = $1 and role <> all($2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(roles)
        .execute(conn)?;
    sql_query("insert into auth.user_roles (user_id, role) select $1, role from unnest($2) as role on conflict do nothing")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(roles)
        .execute(conn)?;
    Ok(())
}

/// Gives a user exactly these permissions on top of those of the roles.
pub(in crate::auth) fn replace_permissions(
    conn: &mut PgConnection,
    id: Uuid,
    permissions: &[String],
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.user_permissions where user_id = $1 and permission <> all($2)")
        .bind::<SqlUuid, _>(id)
        .bind::<Array<Text>, _>(permissions)
        .execute(conn)?;
    sql_query(
        "insert into auth.user_permissions (user_id, permission, granted_at, granted_by)
         select $1, p, $3, $4 from unnest($2) as p on conflict do nothing",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Array<Text>, _>(permissions)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(by)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_deactivated(
    conn: &mut PgConnection,
    id: Uuid,
    version: i64,
    by: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.users set deactivated_at = $3, version = $2, session_version = session_version + 1, updated_at = $3,
           updated_by = $4 where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(version)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<SqlUuid>, _>(by)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn update_password(
    conn: &mut PgConnection,
    id: Uuid,
    hash: &str,
    revoke: bool,
) -> AppResult<()> {
    sql_query(
        "update auth.users set password_hash = $2, session_version = session_version + case when $3 then 1 else 0 end
         where id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(hash)
    .bind::<Bool, _>(revoke)
    .execute(conn)?;
    Ok(())
}
