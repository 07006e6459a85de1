//! The keys that sign access tokens, and the secrets that this installation made for itself.

use chrono::{DateTime, Duration, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::platform::error::AppResult;

/// A key as it is stored, the newest first in a list.
#[derive(Clone, QueryableByName)]
pub(in crate::auth) struct StoredKey {
    #[diesel(sql_type = Text)]
    pub kid: String,
    /// PKCS#8.
    #[diesel(sql_type = Binary)]
    pub private_key: Vec<u8>,
    /// The 32 bytes of Ed25519.
    #[diesel(sql_type = Binary)]
    pub public_key: Vec<u8>,
    /// From when it signs; it is published before.
    #[diesel(sql_type = Timestamptz)]
    pub signs_from: DateTime<Utc>,
    /// Since when another one signs.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub retired_at: Option<DateTime<Utc>>,
}

/// The keys whose tokens may still be in use: a retired one stays for `keep`.
pub(in crate::auth) fn list_keys(
    conn: &mut PgConnection,
    keep: Duration,
    now: DateTime<Utc>,
) -> AppResult<Vec<StoredKey>> {
    Ok(sql_query(
        "select kid, private_key, public_key, coalesce(signs_from, created_at) as signs_from, retired_at
         from auth.signing_keys where retired_at is null or retired_at > $1 order by 4 desc, kid",
    )
    .bind::<Timestamptz, _>(now - keep)
    .load(conn)?)
}

/// Keeps all others from making keys until the commit.
pub(in crate::auth) fn lock_keys(conn: &mut PgConnection) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 5)").execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn insert_key(
    conn: &mut PgConnection,
    key: &StoredKey,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.signing_keys (kid, private_key, public_key, created_at, signs_from) values ($1, $2, $3, $4, $5)",
    )
    .bind::<Text, _>(&key.kid)
    .bind::<Binary, _>(&key.private_key)
    .bind::<Binary, _>(&key.public_key)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(key.signs_from)
    .execute(conn)?;
    Ok(())
}

/// Retires every key but one at the instant from which that one signs.
pub(in crate::auth) fn retire_keys_before(
    conn: &mut PgConnection,
    successor: &StoredKey,
) -> AppResult<()> {
    sql_query("update auth.signing_keys set retired_at = $2 where kid <> $1 and (retired_at is null or retired_at > $2)")
        .bind::<Text, _>(&successor.kid)
        .bind::<Timestamptz, _>(successor.signs_from)
        .execute(conn)?;
    Ok(())
}

/// Removes the keys that were retired before an instant.
pub(in crate::auth) fn delete_keys_retired_before(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.signing_keys where retired_at <= $1")
        .bind::<Timestamptz, _>(before)
        .execute(conn)?;
    Ok(())
}

/// The secret of a name; `fresh` is kept when there is none yet.
pub(in crate::auth) fn secret_or_insert(
    conn: &mut PgConnection,
    name: &str,
    fresh: &[u8; 32],
    now: DateTime<Utc>,
) -> AppResult<Vec<u8>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Binary)]
        value: Vec<u8>,
    }
    let find = |conn: &mut PgConnection| -> AppResult<Option<Vec<u8>>> {
        let rows: Vec<Row> = sql_query("select value from auth.secrets where name = $1")
            .bind::<Text, _>(name)
            .load(conn)?;
        Ok(rows.into_iter().next().map(|row| row.value))
    };
    if let Some(value) = find(conn)? {
        return Ok(value);
    }
    sql_query("insert into auth.secrets (name, value, created_at) values ($1, $2, $3) on conflict do nothing")
        .bind::<Text, _>(name)
        .bind::<Binary, _>(fresh.as_slice())
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    find(conn)?.ok_or_else(|| {
        crate::platform::error::AppError::internal(format!("the secret {name} could not be kept"))
    })
}
