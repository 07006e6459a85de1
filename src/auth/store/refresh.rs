//! Refresh tokens in their families; the secrets are stored only as hashes.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UserRow;
use super::users::SELECT;
use crate::platform::db::Prepare;
use crate::platform::error::AppResult;

/// Families that one user may have at once; the oldest is dropped for the next.
const LIVE_FAMILIES: i64 = 50;

/// A log-in over the API to be kept.
pub(in crate::auth) struct NewFamily<'a> {
    pub id: Uuid,
    pub user_id: Uuid,
    pub expires_at: DateTime<Utc>,
    pub address: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

/// A refresh token to be kept.
pub(in crate::auth) struct NewRefreshToken<'a> {
    pub token_hash: &'a [u8],
    pub pair_id: Uuid,
    pub family_id: Uuid,
    pub parent_hash: Option<&'a [u8]>,
}

/// A refresh token, seen under the lock of its family.
#[derive(QueryableByName)]
pub(in crate::auth) struct StoredRefreshToken {
    #[diesel(sql_type = SqlUuid)]
    pub family_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// Whether the family is over: by time, by revocation, or because the user's sessions were ended.
    #[diesel(sql_type = Bool)]
    pub over: bool,
    /// The pair that it was exchanged for, if it was.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub child_pair_id: Option<Uuid>,
    /// Whether either token of that pair was used.
    #[diesel(sql_type = Bool)]
    pub child_used: bool,
}

pub(in crate::auth) fn insert_family(
    conn: &mut PgConnection,
    family: &NewFamily<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.token_families (id, user_id, session_version, created_at, last_used_at, expires_at, address, user_agent)
         select $1, u.id, u.session_version, $3, $3, $4, $5, $6 from auth.users u where u.id = $2",
    )
    .bind::<SqlUuid, _>(family.id)
    .bind::<SqlUuid, _>(family.user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(family.expires_at)
    .bind::<Nullable<Text>, _>(family.address)
    .bind::<Nullable<Text>, _>(family.user_agent)
    .execute(conn)?;
    sql_query(
        "delete from auth.token_families where id in
           (select id from auth.token_families where user_id = $1 order by created_at desc, id desc offset $2)",
    )
    .bind::<SqlUuid, _>(family.user_id)
    .bind::<BigInt, _>(LIVE_FAMILIES)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn insert_refresh_token(
    conn: &mut PgConnection,
    token: &NewRefreshToken<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.refresh_tokens (token_hash, pair_id, family_id, parent_hash, created_at) values ($1, $2, $3, $4, $5)",
    )
    .bind::<Binary, _>(token.token_hash)
    .bind::<SqlUuid, _>(token.pair_id)
    .bind::<SqlUuid, _>(token.family_id)
    .bind::<Nullable<Binary>, _>(token.parent_hash)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Locks the family of a refresh token, then reads the token as it stands under the lock; none for an unknown one.
pub(in crate::auth) fn lock_refresh_token(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<Option<StoredRefreshToken>> {
    sql_query(
        "select from auth.token_families where id = (select family_id from auth.refresh_tokens where token_hash = $1) for update",
    )
    .bind::<Binary, _>(token_hash)
    .execute(conn)?;
    Ok(sql_query(
        "select f.id as family_id, f.user_id, c.pair_id as child_pair_id,
           f.revoked_at is not null or f.expires_at <= $2 or f.session_version <> u.session_version
             or u.deactivated_at is not null as over,
           coalesce(c.exchanged_at, c.pair_used_at) is not null as child_used
         from auth.refresh_tokens t join auth.token_families f on f.id = t.family_id join auth.users u on u.id = f.user_id
           left join auth.refresh_tokens c on c.parent_hash = t.token_hash
         where t.token_hash = $1",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?)
}

pub(in crate::auth) fn update_exchanged(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "with exchanged as (
           update auth.refresh_tokens set exchanged_at = $2 where token_hash = $1 and exchanged_at is null returning family_id)
         update auth.token_families f set last_used_at = $2 from exchanged e where f.id = e.family_id",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// Ends a family and with it all its tokens. Tells whether it was alive.
pub(in crate::auth) fn revoke_family(
    conn: &mut PgConnection,
    family: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let rows = sql_query(
        "update auth.token_families set revoked_at = $2 where id = $1 and revoked_at is null",
    )
    .bind::<SqlUuid, _>(family)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(rows == 1)
}

/// Ends all families of a user.
pub(in crate::auth) fn revoke_families_of(
    conn: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "update auth.token_families set revoked_at = $2 where user_id = $1 and revoked_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// The user of an access token, and whether this is the first use of its pair.
#[derive(QueryableByName)]
pub(in crate::auth) struct TokenUser {
    #[diesel(embed)]
    pub user: UserRow,
    #[diesel(sql_type = Bool)]
    pub first_use: bool,
}

/// The active user of a pair whose family is alive.
pub(in crate::auth) fn find_token_user(
    conn: &mut PgConnection,
    pair: Uuid,
    session_version: i64,
    now: DateTime<Utc>,
) -> AppResult<Option<TokenUser>> {
    Ok(sql_query(format!(
        "select u.*, t.pair_used_at is null as first_use
         from auth.refresh_tokens t join auth.token_families f on f.id = t.family_id
           cross join lateral ({SELECT} where u.id = f.user_id) u
         where t.pair_id = $1 and u.session_version = $2 and f.session_version = $2 and u.deactivated_at is null
           and f.revoked_at is null and f.expires_at > $3"
    ))
    .bind::<SqlUuid, _>(pair)
    .bind::<BigInt, _>(session_version)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)
    .optional()?)
}

pub(in crate::auth) fn update_pair_used(
    conn: &mut PgConnection,
    pair: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.refresh_tokens set pair_used_at = $2 where pair_id = $1 and pair_used_at is null")
        .bind::<SqlUuid, _>(pair)
        .bind::<Timestamptz, _>(now)
        .prepared()
        .execute(conn)?;
    Ok(())
}

/// Removes families whose time is over, with their tokens.
pub(in crate::auth) fn delete_expired_families(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.token_families where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
