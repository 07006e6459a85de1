//! Second factors: the secrets of authenticator apps, sealed, and recovery codes, hashed.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// What somebody has beside the first factor.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct FactorsRow {
    /// Since when codes of an authenticator app count.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub totp_since: Option<DateTime<Utc>>,
    /// How many passkeys there are.
    #[diesel(sql_type = BigInt)]
    pub passkeys: i64,
    /// Recovery codes that were not used yet.
    #[diesel(sql_type = BigInt)]
    pub recovery_left: i64,
}

impl FactorsRow {
    /// Whether a second factor is asked for.
    pub fn any(&self) -> bool {
        self.totp_since.is_some() || self.passkeys > 0
    }
}

pub(in crate::auth) fn find_factors(conn: &mut PgConnection, user: Uuid) -> AppResult<FactorsRow> {
    Ok(sql_query(
        "select (select t.confirmed_at from auth.totp t where t.user_id = $1) as totp_since,
           (select count(*) from auth.passkeys p where p.user_id = $1) as passkeys,
           (select count(*) from auth.recovery_codes c where c.user_id = $1 and c.used_at is null) as recovery_left",
    )
    .bind::<SqlUuid, _>(user)
    .get_result(conn)?)
}

/// The secret of an authenticator app.
#[derive(QueryableByName)]
pub(in crate::auth) struct TotpRow {
    #[diesel(sql_type = Binary)]
    pub sealed_secret: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub confirmed_at: Option<DateTime<Utc>>,
}

pub(in crate::auth) fn find_totp(
    conn: &mut PgConnection,
    user: Uuid,
) -> AppResult<Option<TotpRow>> {
    Ok(
        sql_query("select sealed_secret, confirmed_at from auth.totp where user_id = $1")
            .bind::<SqlUuid, _>(user)
            .get_result(conn)
            .optional()?,
    )
}

/// Keeps a secret that does not count yet, in place of an earlier one of that kind; tells whether it was kept: a confirmed one stays.
pub(in crate::auth) fn replace_pending_totp(
    conn: &mut PgConnection,
    user: Uuid,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let kept = sql_query(
        "insert into auth.totp as t (user_id, sealed_secret, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set sealed_secret = $2, created_at = $3, last_step = null where t.confirmed_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Binary, _>(sealed)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(kept == 1)
}

/// Lets a secret count from now on, and takes the step of the code that confirmed it; tells whether it did not count before.
pub(in crate::auth) fn confirm_totp(
    conn: &mut PgConnection,
    user: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let confirmed = sql_query(
        "update auth.totp set confirmed_at = $3, last_step = $2 where user_id = $1 and confirmed_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<BigInt, _>(step)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(confirmed == 1)
}

/// Takes the code of a step, which counts once, and none before it any more; tells whether it counted.
pub(in crate::auth) fn take_totp_step(
    conn: &mut PgConnection,
    user: Uuid,
    step: i64,
) -> AppResult<bool> {
    let taken = sql_query(
        "update auth.totp set last_step = $2
         where user_id = $1 and confirmed_at is not null and (last_step is null or last_step < $2)",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<BigInt, _>(step)
    .execute(conn)?;
    Ok(taken == 1)
}

/// Removes the secret of an authenticator app; tells whether there was one.
pub(in crate::auth) fn delete_totp(conn: &mut PgConnection, user: Uuid) -> AppResult<bool> {
    let deleted = sql_query("delete from auth.totp where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    Ok(deleted == 1)
}

/// Puts fresh recovery codes in place of all earlier ones; none of them means that there are none any more.
pub(in crate::auth) fn replace_recovery_codes(
    conn: &mut PgConnection,
    user: Uuid,
    hashes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.recovery_codes where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    sql_query("insert into auth.recovery_codes (user_id, code_hash, created_at) select $1, h, $3 from unnest($2) as h")
        .bind::<SqlUuid, _>(user)
        .bind::<Array<Binary>, _>(hashes)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Uses a recovery code up; tells whether it counted.
pub(in crate::auth) fn take_recovery_code(
    conn: &mut PgConnection,
    user: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let taken = sql_query(
        "update auth.recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Binary, _>(hash)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(taken == 1)
}
