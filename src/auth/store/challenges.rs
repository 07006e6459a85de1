//! The step between the first factor and the session.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Binary, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::platform::error::AppResult;

/// Guesses that one log-in has at its second factor.
pub(in crate::auth) const GUESSES: i16 = 5;

/// Somebody who has shown the first factor.
pub(in crate::auth) struct NewChallenge<'a> {
    pub secret_hash: &'a [u8],
    pub user_id: Uuid,
    /// Under which name the attempt is counted.
    pub username: &'a str,
    pub session_version: i64,
    /// By what they logged in.
    pub method: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// A challenge that is not over.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::auth) struct ChallengeRow {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Text)]
    pub username: String,
    #[diesel(sql_type = Text)]
    pub method: String,
    /// Guesses so far, with the present one if it was counted.
    #[diesel(sql_type = SmallInt)]
    pub guesses: i16,
}

/// Keeps a challenge; an earlier one of the same person stays, since it has its own five guesses of a log-in that was counted.
pub(in crate::auth) fn insert_challenge(
    conn: &mut PgConnection,
    challenge: &NewChallenge<'_>,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query(
        "insert into auth.login_challenges (secret_hash, user_id, username, session_version, method, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Binary, _>(challenge.secret_hash)
    .bind::<SqlUuid, _>(challenge.user_id)
    .bind::<Text, _>(challenge.username)
    .bind::<BigInt, _>(challenge.session_version)
    .bind::<Text, _>(challenge.method)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(challenge.expires_at)
    .execute(conn)?;
    Ok(())
}

/// The challenge of a cookie, if it is not over and its user is as they were when it was made.
pub(in crate::auth) fn find_challenge(
    conn: &mut PgConnection,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<Option<ChallengeRow>> {
    Ok(sql_query(
        "select c.user_id, c.username, c.method, c.guesses from auth.login_challenges c
           join auth.users u on u.id = c.user_id and u.session_version = c.session_version and u.deactivated_at is null
         where c.secret_hash = $1 and c.expires_at > $2 and c.guesses < $3",
    )
    .bind::<Binary, _>(secret_hash)
    .bind::<Timestamptz, _>(now)
    .bind::<SmallInt, _>(GUESSES)
    .get_result(conn)
    .optional()?)
}

/// Counts a guess before it is looked at, one after another; nothing when there is none left or the challenge is over.
pub(in crate::auth) fn count_guess(
    conn: &mut PgConnection,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> AppResult<Option<ChallengeRow>> {
    Ok(sql_query(
        "update auth.login_challenges c set guesses = c.guesses + 1 from auth.users u
         where c.secret_hash = $1 and c.expires_at > $2 and c.guesses < $3
           and u.id = c.user_id and u.session_version = c.session_version and u.deactivated_at is null
         returning c.user_id, c.username, c.method, c.guesses",
    )
    .bind::<Binary, _>(secret_hash)
    .bind::<Timestamptz, _>(now)
    .bind::<SmallInt, _>(GUESSES)
    .get_result(conn)
    .optional()?)
}

pub(in crate::auth) fn delete_challenge(
    conn: &mut PgConnection,
    secret_hash: &[u8],
) -> AppResult<()> {
    sql_query("delete from auth.login_challenges where secret_hash = $1")
        .bind::<Binary, _>(secret_hash)
        .execute(conn)?;
    Ok(())
}

/// Removes the challenges whose time is over.
pub(in crate::auth) fn delete_expired_challenges(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> AppResult<()> {
    sql_query("delete from auth.login_challenges where expires_at <= $1")
        .bind::<Timestamptz, _>(now)
        .execute(conn)?;
    Ok(())
}
