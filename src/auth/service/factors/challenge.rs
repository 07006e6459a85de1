//! The log-in in steps: after the right first factor there is a challenge, and only its right answer becomes a session.

use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

use super::recovery::take_recovery_code;
use super::totp::take_code;
use crate::auth::ROLE;
use crate::auth::service::entry::{Entry, LoggedIn, begin_session, hash_of};
use crate::auth::store::{self, ChallengeRow, GUESSES, NewChallenge, UserRow};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::AppResult;
use crate::platform::web::cookies;

/// How long somebody may take for the second step.
const LIFE: Duration = Duration::minutes(5);

/// What came of a code.
pub(in crate::auth) enum CodeAnswer {
    /// It was right; so many recovery codes are left if it was one of them.
    In(LoggedIn, Option<i64>),
    /// It was wrong; there are guesses left.
    Wrong,
    /// There is no such challenge any more: its guesses or its time are used up.
    Over,
}

/// Keeps that somebody has shown their first factor; the browser gets the secret, which is no session.
pub(in crate::auth::service) fn begin_challenge(
    tx: &mut Tx<'_>,
    user: &UserRow,
    username: &str,
    method: &str,
    secret: &str,
) -> AppResult<()> {
    let now = tx.now;
    let challenge = NewChallenge {
        secret_hash: &hash_of(secret),
        user_id: user.id,
        username,
        session_version: user.session_version,
        method,
        expires_at: now + LIFE,
    };
    store::insert_challenge(tx.conn(), &challenge, now)
}

/// The challenge of a cookie, if it is not over.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn challenge_of(
    db: &Db,
    secret: &str,
) -> AppResult<Option<ChallengeRow>> {
    let (hash, now) = (hash_of(secret), db.clock().now());
    db.read(ROLE, move |conn| store::find_challenge(conn, &hash, now))
        .await
}

/// Answers a challenge with a code. The guess is counted first, in the statement that locks the challenge, so guesses at once are
/// counted one after another; the fifth wrong one ends it.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn prove_code(
    db: &Db,
    config: &Config,
    origin: &Origin,
    secret: &str,
    code: String,
) -> AppResult<CodeAnswer> {
    let (hash, session) = (hash_of(secret), cookies::new_secret());
    let entry = Entry::new(config, session);
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        let now = tx.now;
        let Some(challenge) = store::count_guess(tx.conn(), &hash, now)? else {
            return Ok(CodeAnswer::Over);
        };
        match check_code(tx, challenge.user_id, &code)? {
            Some(left) => {
                store::delete_challenge(tx.conn(), &hash)?;
                store::release_attempt(tx.conn(), &challenge.username, now)?;
                let logged_in = begin_session(tx, challenge.user_id, &challenge.method, entry)?;
                Ok(CodeAnswer::In(logged_in, left.0))
            }
            None => fail(tx, &challenge, &hash),
        }
    })
    .await
}

/// How many recovery codes are left, if the right code was one of them.
pub(in crate::auth::service) struct Left(pub Option<i64>);

/// Whether a code is right: one of the authenticator app, or a recovery code; it is used up then.
pub(in crate::auth::service) fn check_code(
    tx: &mut Tx<'_>,
    user: Uuid,
    code: &str,
) -> AppResult<Option<Left>> {
    if take_code(tx, user, code)? {
        return Ok(Some(Left(None)));
    }
    if take_recovery_code(tx, user, code)? {
        let left = store::find_factors(tx.conn(), user)?.recovery_left;
        return Ok(Some(Left(Some(left))));
    }
    Ok(None)
}

/// A wrong guess counts like a failed log-in, and the last one ends the challenge.
fn fail(tx: &mut Tx<'_>, challenge: &ChallengeRow, hash: &[u8]) -> AppResult<CodeAnswer> {
    let now = tx.now;
    store::count_failure(tx.conn(), &challenge.username, now)?;
    if challenge.guesses < GUESSES {
        return Ok(CodeAnswer::Wrong);
    }
    store::delete_challenge(tx.conn(), hash)?;
    tx.audit(
        "auth.second_factor_exhausted",
        Some(challenge.user_id),
        &json!({ "guesses": challenge.guesses }),
    )?;
    Ok(CodeAnswer::Over)
}
