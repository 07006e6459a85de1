//! The keys that sign access tokens.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Text, Timestamptz};
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
}

pub(in crate::auth) fn list_keys(conn: &mut PgConnection) -> AppResult<Vec<StoredKey>> {
    Ok(sql_query("select kid, private_key, public_key from auth.signing_keys where retired_at is null order by created_at desc, kid")
        .load(conn)?)
}

/// Keeps the first key; a second process that comes at the same time keeps none and reads the first one's.
pub(in crate::auth) fn insert_key(
    conn: &mut PgConnection,
    key: &StoredKey,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("select pg_advisory_xact_lock(7781, 5)").execute(conn)?;
    sql_query(
        "insert into auth.signing_keys (kid, private_key, public_key, created_at)
         select $1, $2, $3, $4 where not exists (select from auth.signing_keys where retired_at is null)",
    )
    .bind::<Text, _>(&key.kid)
    .bind::<Binary, _>(&key.private_key)
    .bind::<Binary, _>(&key.public_key)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(())
}
