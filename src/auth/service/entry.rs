//! Into a session and out of it: a new one each time, after every factor that is asked for (A06, A38).

use chrono::Duration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::factors::begin_challenge;
use super::login::Proven;
use crate::auth::store::{self, NewSession};
use crate::auth::{ROLE, Role};
use crate::events::{self, AccountLoggedIn};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::cookies;

/// Somebody who has just logged in with a browser.
pub(in crate::auth) struct LoggedIn {
    /// The value of the session's cookie, known to the browser alone.
    pub secret: String,
    /// How long the cookie is kept.
    pub age: Duration,
}

/// Where a right first factor leads.
pub(in crate::auth) enum Step {
    /// There is a session.
    In(LoggedIn),
    /// A second factor is asked for; the value of the challenge's cookie, which is no session.
    Code(String),
}

/// What a session is begun with: the new secret and its life.
pub(in crate::auth) struct Entry {
    secret: String,
    life: Duration,
}

impl Entry {
    /// A session with this secret, for as long as the settings say.
    pub fn new(config: &Config, secret: String) -> Self {
        let life = Duration::from_std(config.session_absolute).unwrap_or(Duration::hours(12));
        Self { secret, life }
    }
}

/// Goes on with somebody whose first factor was right.
///
/// # Errors
/// Unauthenticated for a service and for somebody who was deactivated meanwhile.
pub(super) async fn enter(
    db: &Db,
    config: &Config,
    origin: &Origin,
    proven: Proven,
    method: &'static str,
) -> AppResult<Step> {
    let entry = Entry::new(config, cookies::new_secret());
    // The inner error must not undo that the attempt was no failure.
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        let user = proven.user(tx)?;
        if user.roles == [Role::Internalservice.to_string()] {
            proven.release(tx)?;
            return Ok(Err(AppError::Unauthenticated));
        }
        if store::find_factors(tx.conn(), user.id)?.any() {
            begin_challenge(tx, &user, proven.name(), method, &entry.secret)?;
            return Ok(Ok(Step::Code(entry.secret)));
        }
        proven.release(tx)?;
        begin_session(tx, user.id, method, entry).map(|session| Ok(Step::In(session)))
    })
    .await?
}

/// Begins a session of a new id, never one that the browser brought along (A38), and tells of it.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn begin_session(
    tx: &mut Tx<'_>,
    user: Uuid,
    method: &str,
    entry: Entry,
) -> AppResult<LoggedIn> {
    tx.origin.actor = Some(user);
    let (now, from) = (tx.now, tx.origin.clone());
    let session = NewSession {
        id_hash: &hash_of(&entry.secret),
        user_id: user,
        expires_at: now + entry.life,
        address: from.address.as_deref(),
        user_agent: from.agent.as_deref(),
    };
    store::insert_session(tx.conn(), &session, now)?;
    announce(tx, user, method)?;
    Ok(LoggedIn {
        secret: entry.secret,
        age: entry.life,
    })
}

/// Tells that somebody logged in, and writes it into the audit (A06).
pub(in crate::auth) fn announce(tx: &mut Tx<'_>, user: Uuid, method: &str) -> AppResult<()> {
    events::publish(
        tx,
        user,
        &AccountLoggedIn {
            method: method.to_owned(),
        },
    )?;
    tx.audit(
        "auth.logged_in",
        Some(user),
        &serde_json::json!({ "method": method }),
    )
}

/// Ends the session that a browser held when it logged in anew: nobody goes on with an id from before the log-in (A38).
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn end_replaced(db: &Db, secret: &str) -> AppResult<()> {
    let hash = hash_of(secret);
    db.transaction_even_stopped(ROLE, Origin::system(), move |tx| {
        store::delete_session(tx.conn(), &hash)
    })
    .await
}

/// Ends the session of a cookie.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) async fn log_out(db: &Db, origin: Origin, secret: &str) -> AppResult<()> {
    let hash = hash_of(secret);
    db.transaction_even_stopped(ROLE, origin, move |tx| {
        store::delete_session(tx.conn(), &hash)?;
        let actor = tx.origin.actor;
        tx.audit("auth.logged_out", actor, &serde_json::json!({}))
    })
    .await
}

/// What is stored of a session's id.
pub(in crate::auth) fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
