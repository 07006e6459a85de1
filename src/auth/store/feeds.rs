//! Secret addresses of feeds; shown once, kept as hashes.

use crate::platform::db::Prepare;
use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UserRow;
use super::users::SELECT;
use crate::platform::error::AppResult;

/// A feed as its owner sees it in the list.
#[derive(Clone, Debug, QueryableByName)]
pub struct FeedRow {
    /// The name of its kind.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// When its address was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it was read last, to the minute.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Keeps the address of a feed, in place of the one before.
pub(in crate::auth) fn replace_feed(
    conn: &mut PgConnection,
    user: Uuid,
    kind: &str,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.feeds (user_id, kind, token_hash, created_at) values ($1, $2, $3, $4)
         on conflict (user_id, kind) do update set token_hash = excluded.token_hash, created_at = excluded.created_at, last_used_at = null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Text, _>(kind)
    .bind::<Binary, _>(token_hash)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}

/// The feeds of a user.
pub(in crate::auth) fn list_feeds(conn: &mut PgConnection, user: Uuid) -> AppResult<Vec<FeedRow>> {
    Ok(sql_query(
        "select kind, created_at, last_used_at from auth.feeds where user_id = $1 order by kind",
    )
    .bind::<SqlUuid, _>(user)
    .prepared()
    .load(conn)?)
}

/// Ends a feed; whether there was one.
pub(in crate::auth) fn delete_feed(
    conn: &mut PgConnection,
    user: Uuid,
    kind: &str,
) -> AppResult<bool> {
    let rows = sql_query("delete from auth.feeds where user_id = $1 and kind = $2")
        .bind::<SqlUuid, _>(user)
        .bind::<Text, _>(kind)
        .execute(conn)?;
    Ok(rows == 1)
}

/// Ends all feeds of a user.
pub(in crate::auth) fn delete_feeds_of(conn: &mut PgConnection, user: Uuid) -> AppResult<()> {
    sql_query("delete from auth.feeds where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    Ok(())
}

/// The active user of a feed's address; its use is noted once in a while.
pub(in crate::auth) fn find_feed_user(
    conn: &mut PgConnection,
    kind: &str,
    token_hash: &[u8],
    note_every: Option<Duration>,
    now: DateTime<Utc>,
) -> AppResult<Option<UserRow>> {
    let found: Option<UserRow> = sql_query(format!(
        "select u.* from auth.feeds f cross join lateral ({SELECT} where u.id = f.user_id) u
         where f.token_hash = $1 and f.kind = $2 and u.deactivated_at is null"
    ))
    .bind::<Binary, _>(token_hash)
    .bind::<Text, _>(kind)
    .get_result(conn)
    .optional()?;
    if let (Some(_), Some(note_every)) = (&found, note_every) {
        sql_query(
            "update auth.feeds set last_used_at = $2 where token_hash = $1 and (last_used_at is null or last_used_at <= $3)",
        )
        .bind::<Binary, _>(token_hash)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(now - note_every)
        .execute(conn)?;
    }
    Ok(found)
}
