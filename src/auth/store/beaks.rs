//! The shapes of beaks, as keyed hashes.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Bool, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};

/// Somebody's shape.
#[derive(Clone, QueryableByName)]
pub(in crate::auth) struct BeakRow {
    #[diesel(sql_type = Binary)]
    pub shape_hash: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

pub(in crate::auth) fn find_beak(
    conn: &mut PgConnection,
    user: Uuid,
) -> AppResult<Option<BeakRow>> {
    Ok(
        sql_query("select shape_hash, created_at, last_used_at from auth.beaks where user_id = $1")
            .bind::<SqlUuid, _>(user)
            .get_result(conn)
            .optional()?,
    )
}

/// Whether somebody else has this shape.
pub(in crate::auth) fn is_beak_taken(
    conn: &mut PgConnection,
    user: Uuid,
    hash: &[u8],
) -> AppResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    let row: Row = sql_query(
        "select exists (select from auth.beaks where shape_hash = $2 and user_id <> $1) as taken",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Binary, _>(hash)
    .get_result(conn)?;
    Ok(row.taken)
}

/// Keeps a shape, in place of an earlier one of the same person; a shape that somebody else has is an error at `shape`.
pub(in crate::auth) fn replace_beak(
    conn: &mut PgConnection,
    user: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.beaks (user_id, shape_hash, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set shape_hash = $2, created_at = $3, last_used_at = null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Binary, _>(hash)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .map(drop)
    .map_err(|error| {
        AppError::at_constraint(
            error,
            &[("beaks_shape_hash_key", "shape", "field-beak-taken")],
        )
    })
}

/// Removes somebody's shape; tells whether there was one.
pub(in crate::auth) fn delete_beak(conn: &mut PgConnection, user: Uuid) -> AppResult<bool> {
    let deleted = sql_query("delete from auth.beaks where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    Ok(deleted == 1)
}

pub(in crate::auth) fn touch_beak(
    conn: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.beaks set last_used_at = $2 where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
