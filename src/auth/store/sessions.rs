//! Browser sessions; the cookie's id is stored only as its hash.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Sessions that one user may have at once; the oldest is dropped for the next.
const LIVE_SESSIONS: i64 = 10;

/// A session to be kept.
pub(in crate::auth) struct NewSession<'a> {
    pub id_hash: &'a [u8],
    pub user_id: Uuid,
    pub expires_at: DateTime<Utc>,
    pub address: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

/// A live session.
#[derive(QueryableByName)]
pub(in crate::auth) struct StoredSession {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
    /// Why nothing may change now, while the emergency stop is set.
    #[diesel(sql_type = Nullable<Text>)]
    pub stop_reason: Option<String>,
    /// The check that set it.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub stop_check: Option<i16>,
}

pub(in crate::auth) fn insert_session(
    conn: &mut PgConnection,
    session: &NewSession<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.sessions (id_hash, user_id, session_version, created_at, last_seen_at, expires_at, address, user_agent)
         select $1, u.id, u.session_version, $3, $3, $4, $5, $6 from auth.users u where u.id = $2",
    )
    .bind::<Binary, _>(session.id_hash)
    .bind::<SqlUuid, _>(session.user_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(session.expires_at)
    .bind::<Nullable<Text>, _>(session.address)
    .bind::<Nullable<Text>, _>(session.user_agent)
    .execute(conn)?;
    sql_query(
        "delete from auth.sessions where user_id = $1 and id_hash not in
           (select id_hash from auth.sessions where user_id = $1 order by created_at desc, id_hash limit $2)",
    )
    .bind::<SqlUuid, _>(session.user_id)
    .bind::<BigInt, _>(LIVE_SESSIONS)
    .execute(conn)?;
    Ok(())
}

/// The session of an id with the emergency stop of the moment, if it is neither over nor idle for too long nor revoked, and its user is active.
pub(in crate::auth) fn find_session(
    conn: &mut PgConnection,
    id_hash: &[u8],
    idle_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<Option<StoredSession>> {
    Ok(sql_query(
        "select s.user_id, s.last_seen_at, e.reason as stop_reason, e.check_number as stop_check
         from auth.sessions s join auth.users u on u.id = s.user_id
           left join platform.emergency_stops e on e.released_at is null
         where s.id_hash = $1 and s.expires_at > $3 and s.last_seen_at > $2 and s.session_version = u.session_version
           and u.deactivated_at is null",
    )
    .bind::<Binary, _>(id_hash)
    .bind::<Timestamptz, _>(idle_since)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .optional()?)
}

pub(in crate::auth) fn touch_session(
    conn: &mut PgConnection,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.sessions set last_seen_at = $2 where id_hash = $1")
        .bind::<Binary, _>(id_hash)
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn delete_session(conn: &mut PgConnection, id_hash: &[u8]) -> AppResult<()> {
    sql_query("delete from auth.sessions where id_hash = $1")
        .bind::<Binary, _>(id_hash)
        .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn delete_sessions_of(conn: &mut PgConnection, user: Uuid) -> AppResult<()> {
    sql_query("delete from auth.sessions where user_id = $1")
        .bind::<SqlUuid, _>(user)
        .execute(conn)?;
    Ok(())
}

/// Removes what is over: sessions, and counted failures whose cycle has ended.
pub(in crate::auth) fn delete_expired(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.sessions where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    sql_query("delete from auth.login_failures where cycle_ends_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
