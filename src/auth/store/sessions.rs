//! Browser sessions; the cookie's id is stored only as its hash.

use crate::platform::db::Prepare;
use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{
    BigInt, Binary, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use super::UserRow;
use super::users::SELECT;
use crate::auth::device::device_of;
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
    #[diesel(embed)]
    pub user: UserRow,
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
    /// When its owner last showed a credential.
    #[diesel(sql_type = Timestamptz)]
    pub confirmed_at: DateTime<Utc>,
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
    Ok(sql_query(format!(
        "select u.*, s.expires_at, s.last_seen_at, coalesce(s.confirmed_at, s.created_at) as confirmed_at, e.reason as stop_reason,
           e.check_number as stop_check
         from auth.sessions s cross join lateral ({SELECT} where u.id = s.user_id) u
           left join platform.emergency_stops e on e.released_at is null
         where s.id_hash = $1 and s.expires_at > $3 and s.last_seen_at > $2 and s.session_version = u.session_version
           and u.deactivated_at is null"
    ))
    .bind::<Binary, _>(id_hash)
    .bind::<Timestamptz, _>(idle_since)
    .bind::<Timestamptz, _>(now)
    .prepared()
    .get_result(conn)
    .optional()?)
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct SessionRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Bool)]
    pub current: bool,
    /// Whether it is one over the API rather than of a browser.
    #[diesel(sql_type = Bool)]
    pub api: bool,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub last_seen_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    pub address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub user_agent: Option<String>,
}

impl SessionRow {
    /// The device, if it said what it is.
    pub fn device(&self) -> Option<String> {
        let device = device_of(self.user_agent.as_deref()?);
        (!device.is_empty()).then_some(device)
    }
}

/// The live sessions of a user, those of browsers and those over the API, the one that was seen last first; `current` is the hash
/// of the one that asks.
pub(in crate::auth) fn list_sessions(
    conn: &mut PgConnection,
    user: Uuid,
    current: Option<&[u8]>,
    idle_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> AppResult<Vec<SessionRow>> {
    Ok(sql_query(
        "select s.id, s.id_hash is not distinct from $2 as current, false as api, s.created_at, s.last_seen_at, s.address, s.user_agent
         from auth.sessions s join auth.users u on u.id = s.user_id and u.session_version = s.session_version
         where s.user_id = $1 and s.last_seen_at > $3 and s.expires_at > $4
         union all
         select f.id, false, true, f.created_at, f.last_used_at, f.address, f.user_agent
         from auth.token_families f join auth.users u on u.id = f.user_id and u.session_version = f.session_version
         where f.user_id = $1 and f.revoked_at is null and f.expires_at > $4
         order by last_seen_at desc, id",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Nullable<Binary>, _>(current)
    .bind::<Timestamptz, _>(idle_since)
    .bind::<Timestamptz, _>(now).prepared()
    .load(conn)?)
}

/// Ends one session of a user, of either kind; tells whether there was one.
pub(in crate::auth) fn end_session_of(
    conn: &mut PgConnection,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let ended = sql_query("delete from auth.sessions where user_id = $1 and id = $2")
        .bind::<SqlUuid, _>(user)
        .bind::<SqlUuid, _>(id)
        .execute(conn)?;
    let revoked = sql_query(
        "update auth.token_families set revoked_at = $3 where user_id = $1 and id = $2 and revoked_at is null",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)?;
    Ok(ended + revoked == 1)
}

/// Ends all sessions of a user but the one of this hash.
pub(in crate::auth) fn delete_other_sessions(
    conn: &mut PgConnection,
    user: Uuid,
    current: &[u8],
) -> AppResult<()> {
    sql_query("delete from auth.sessions where user_id = $1 and id_hash <> $2")
        .bind::<SqlUuid, _>(user)
        .bind::<Binary, _>(current)
        .execute(conn)?;
    Ok(())
}

/// Lets a session outlive a new version of the log-ins of its user.
pub(in crate::auth) fn renew_session(conn: &mut PgConnection, id_hash: &[u8]) -> AppResult<()> {
    sql_query(
        "update auth.sessions s set session_version = u.session_version
         from auth.users u where u.id = s.user_id and s.id_hash = $1",
    )
    .bind::<Binary, _>(id_hash)
    .execute(conn)?;
    Ok(())
}

pub(in crate::auth) fn touch_session(
    conn: &mut PgConnection,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("update auth.sessions set last_seen_at = $2 where id_hash = $1")
        .bind::<Binary, _>(id_hash)
        .bind::<Timestamptz, _>(now)
        .prepared()
        .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Ends {
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

/// Notes that the owner of a session has shown a credential again, and gives the session a new id; tells when it ends, unless it
/// has ended.
pub(in crate::auth) fn confirm_session(
    conn: &mut PgConnection,
    id_hash: &[u8],
    new_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<Option<DateTime<Utc>>> {
    let ends: Option<Ends> = sql_query(
        "update auth.sessions set id_hash = $2, confirmed_at = $3, last_seen_at = $3 where id_hash = $1 returning expires_at",
    )
    .bind::<Binary, _>(id_hash)
    .bind::<Binary, _>(new_hash)
    .bind::<Timestamptz, _>(now).prepared()
    .get_result(conn)
    .optional()?;
    Ok(ends.map(|row| row.expires_at))
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
