//! One-time form keys: a form that is sent twice has one effect and one answer.

use diesel::pg::PgConnection;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use uuid::Uuid;

use super::Tx;
use crate::platform::error::{AppError, AppResult};

/// Runs `work` once for each (user, form key) and keeps where it led; a repetition is told the same place and does nothing. A
/// repetition that comes while the first is under way waits for it.
///
/// # Errors
/// What `work` returns; then the key is free again.
pub fn once(
    tx: &mut Tx<'_>,
    user: Uuid,
    key: Uuid,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<String>,
) -> AppResult<String> {
    let now = tx.now;
    let fresh = diesel::sql_query(
        "insert into platform.form_keys (user_id, key, created_at) values ($1, $2, $3) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())?;
    if fresh == 0 {
        return location_of(tx.conn(), user, key)?
            .ok_or_else(|| AppError::conflict("error-form-already-sent"));
    }
    let location = work(tx)?;
    diesel::sql_query(
        "update platform.form_keys set location = $3 where user_id = $1 and key = $2",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .bind::<Text, _>(&location)
    .execute(tx.conn())?;
    Ok(location)
}

fn location_of(conn: &mut PgConnection, user: Uuid, key: Uuid) -> AppResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        location: Option<String>,
    }
    let row: Option<Row> = diesel::sql_query(
        "select location from platform.form_keys where user_id = $1 and key = $2",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(key)
    .get_result(conn)
    .optional()?;
    Ok(row.and_then(|row| row.location))
}
