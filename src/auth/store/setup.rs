//! The codes of an installation without an administrator.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Bool, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Whether there has ever been an administrator.
pub(in crate::auth) fn has_administrator(conn: &mut PgConnection) -> AppResult<bool> {
    let row: Answer = sql_query(
        "select exists (select from auth.user_roles where role = 'administrator') as yes",
    )
    .get_result(conn)?;
    Ok(row.yes)
}

pub(in crate::auth) fn insert_setup_code(
    conn: &mut PgConnection,
    code_hash: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.setup_codes (code_hash, created_at, expires_at) values ($1, $2, $3)",
    )
    .bind::<Binary, _>(code_hash)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at)
    .execute(conn)?;
    Ok(())
}

/// Whether a code opens the setup now.
pub(in crate::auth) fn is_setup_code(
    conn: &mut PgConnection,
    code_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let row: Answer = sql_query(
        "select exists (select from auth.setup_codes where code_hash = $1 and expires_at > $2) as yes",
    )
    .bind::<Binary, _>(code_hash)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)?;
    Ok(row.yes)
}

/// Removes codes whose time is over.
pub(in crate::auth) fn delete_expired_setup_codes(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.setup_codes where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Removes all codes: there is an administrator now.
pub(in crate::auth) fn delete_setup_codes(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("delete from auth.setup_codes").execute(conn)?;
    Ok(())
}
