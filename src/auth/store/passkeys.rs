//! Passkeys, and the ceremonies that are under way.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::{AppError, AppResult};

/// A passkey.
#[derive(Clone, QueryableByName)]
pub(in crate::auth) struct PasskeyRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Binary)]
    pub credential_id: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Binary)]
    pub public_key: Vec<u8>,
    #[diesel(sql_type = Binary)]
    pub state: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "select id, user_id, credential_id, name, public_key, state, created_at, last_used_at from auth.passkeys";

pub(in crate::auth) fn list_passkeys(
    conn: &mut PgConnection,
    user: Uuid,
) -> AppResult<Vec<PasskeyRow>> {
    Ok(sql_query(format!(
        "{SELECT} where user_id = $1 order by created_at, id"
    ))
    .bind::<SqlUuid, _>(user)
    .load(conn)?)
}

/// The passkey of a credential id, locked until the commit.
pub(in crate::auth) fn lock_passkey(
    conn: &mut PgConnection,
    credential_id: &[u8],
) -> AppResult<Option<PasskeyRow>> {
    Ok(
        sql_query(format!("{SELECT} where credential_id = $1 for update"))
            .bind::<Binary, _>(credential_id)
            .get_result(conn)
            .optional()?,
    )
}

/// Keeps a passkey; one that is known already is an error at `credential`.
pub(in crate::auth) fn insert_passkey(
    conn: &mut PgConnection,
    passkey: &PasskeyRow,
) -> AppResult<()> {
    sql_query(
        "insert into auth.passkeys (id, user_id, credential_id, name, public_key, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<SqlUuid, _>(passkey.id)
    .bind::<SqlUuid, _>(passkey.user_id)
    .bind::<Binary, _>(&passkey.credential_id)
    .bind::<Text, _>(&passkey.name)
    .bind::<Binary, _>(&passkey.public_key)
    .bind::<Binary, _>(&passkey.state)
    .bind::<Timestamptz, _>(passkey.created_at)
    .execute(conn)
    .map(drop)
    .map_err(|error| {
        let known = (
            "passkeys_credential_id_key",
            "credential",
            "field-passkey-known",
        );
        AppError::at_constraint(error, &[known])
    })
}

/// Notes that a passkey was used, with what changed of it.
pub(in crate::auth) fn update_passkey_used(
    conn: &mut PgConnection,
    id: Uuid,
    state: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.passkeys set state = $2, last_used_at = $3 where id = $1")
        .bind::<SqlUuid, _>(id)
        .bind::<Binary, _>(state)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

/// Removes a passkey of somebody; tells whether there was one.
pub(in crate::auth) fn delete_passkey(
    conn: &mut PgConnection,
    user: Uuid,
    id: Uuid,
) -> AppResult<bool> {
    let deleted = sql_query("delete from auth.passkeys where user_id = $1 and id = $2")
        .bind::<SqlUuid, _>(user)
        .bind::<SqlUuid, _>(id)
        .execute(conn)?;
    Ok(deleted == 1)
}

/// Removes all passkeys of somebody.
pub(in crate::auth) fn delete_passkeys_of(conn: &mut PgConnection, user: Uuid) -> AppResult<()> {
    sql_query("delete from auth.passkeys where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    Ok(())
}

/// Keeps a question that was asked, by its challenge.
pub(in crate::auth) fn insert_ceremony(
    conn: &mut PgConnection,
    challenge: &[u8],
    user: Option<Uuid>,
    state: &[u8],
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.passkey_ceremonies (challenge, user_id, state, created_at, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind::<Binary, _>(challenge)
    .bind::<Nullable<SqlUuid>, _>(user)
    .bind::<Binary, _>(state)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at)
    .execute(conn)?;
    Ok(())
}

/// Takes a question out, so that it is answered once: one of this user, or one of nobody in particular.
pub(in crate::auth) fn take_ceremony(
    conn: &mut PgConnection,
    challenge: &[u8],
    user: Option<Uuid>,
    now: DateTime<Utc>,
) -> AppResult<Option<Vec<u8>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Binary)]
        state: Vec<u8>,
    }
    let row: Option<Row> = sql_query(
        "delete from auth.passkey_ceremonies where challenge = $1 and user_id is not distinct from $2 and expires_at > $3
         returning state",
    )
    .bind::<Binary, _>(challenge)
    .bind::<Nullable<SqlUuid>, _>(user)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| row.state))
}

/// Removes the questions that nobody answered in time.
pub(in crate::auth) fn delete_expired_ceremonies(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.passkey_ceremonies where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
