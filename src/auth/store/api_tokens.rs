//! Tokens of scripts and services; shown once, kept as hashes.

use crate::platform::db::Prepare;
use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UserRow;
use super::users::SELECT;
use crate::platform::error::AppResult;

/// A token to be kept.
pub(in crate::auth) struct NewApiToken<'a> {
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: &'a str,
    pub token_hash: &'a [u8],
    pub scopes: &'a [&'static str],
    pub expires_at: DateTime<Utc>,
}

/// A token as its owner sees it in the list.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct ApiTokenRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The user of a token and what it may do.
#[derive(QueryableByName)]
pub(in crate::auth) struct ApiTokenUser {
    #[diesel(embed)]
    pub user: UserRow,
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
}

pub(in crate::auth) fn insert_api_token(
    conn: &mut PgConnection,
    token: &NewApiToken<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.api_tokens (id, user_id, name, token_hash, scopes, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<SqlUuid, _>(token.id)
    .bind::<SqlUuid, _>(token.user_id)
    .bind::<Text, _>(token.name)
    .bind::<Binary, _>(token.token_hash)
    .bind::<Array<Text>, _>(token.scopes)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(token.expires_at)
    .execute(conn)?;
    Ok(())
}

/// The tokens of a user that still count, the newest first.
pub(in crate::auth) fn list_api_tokens(
    conn: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> AppResult<Vec<ApiTokenRow>> {
    Ok(sql_query(
        "select id, name, scopes, expires_at, last_used_at from auth.api_tokens
         where user_id = $1 and revoked_at is null and expires_at > $2 order by created_at desc, id",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Timestamptz, _>(now).prepared()
    .load(conn)?)
}

/// Ends a token of a user; tells whether it counted.
pub(in crate::auth) fn revoke_api_token(
    conn: &mut PgConnection,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "update auth.api_tokens set revoked_at = $3 where id = $2 and user_id = $1 and revoked_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}

/// Ends all tokens of a user.
pub(in crate::auth) fn revoke_api_tokens_of(
    conn: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.api_tokens set revoked_at = $2 where user_id = $1 and revoked_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// The active user of a token that counts; its use is noted once in a while.
pub(in crate::auth) fn find_api_token_user(
    conn: &mut PgConnection,
    token_hash: &[u8],
    note_every: Option<Duration>,
    now: DateTime<Utc>,
) -> AppResult<Option<ApiTokenUser>> {
    let found: Option<ApiTokenUser> = sql_query(format!(
        "select u.*, t.scopes, t.expires_at from auth.api_tokens t cross join lateral ({SELECT} where u.id = t.user_id) u
         where t.token_hash = $1 and t.revoked_at is null and t.expires_at > $2 and u.deactivated_at is null"
    ))
    .bind::<Binary, _>(token_hash)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)
    .optional()?;
    if let (Some(_), Some(note_every)) = (&found, note_every) {
        sql_query(
            "update auth.api_tokens set last_used_at = $2 where token_hash = $1 and (last_used_at is null or last_used_at <= $3)",
        )
        .bind::<Binary, _>(token_hash)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(now - note_every).prepared()
        .execute(conn)?;
    }
    Ok(found)
}
