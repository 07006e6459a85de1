//! Logging in and out: one message for every refusal, failures counted first, a new session each time (A03, A06, A41).

use chrono::Duration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actors::active;
use super::sources;
use crate::auth::password::{PasswordGate, Verdict};
use crate::auth::store::{self, Credentials, NewSession, UserRow};
use crate::auth::{ROLE, Role};
use crate::events::{self, AccountLoggedIn};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::UserId;
use crate::platform::web::cookies;

/// The longest log-in name or address that is looked at.
const LOGIN_MAX: usize = 254;

/// Name or address, and password, as they were typed.
pub(in crate::auth) struct LogIn {
    pub login: String,
    pub password: String,
}

/// Somebody who has just logged in with a browser.
pub(in crate::auth) struct LoggedIn {
    /// The value of the session's cookie, known to the browser alone.
    pub secret: String,
    /// How long the cookie is kept.
    pub age: Duration,
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

/// Checks name and password.
///
/// # Errors
/// Unauthenticated for everything that does not fit, in the same time; 429 after failures; 503 when too many hash.
pub(in crate::auth) async fn authenticate(
    db: &Db,
    gate: &PasswordGate,
    origin: &Origin,
    attempt: LogIn,
) -> AppResult<UserRow> {
    let login: String = attempt
        .login
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(LOGIN_MAX)
        .collect();
    sources::take_try(db, origin, gate.limit()).await?;
    let found = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| reserve(tx, &login))
        .await?;
    let (name, credentials) = found?;
    let stored = credentials
        .as_ref()
        .filter(|user| user.active)
        .and_then(|user| user.password_hash.clone());
    let verdict = gate.verify(attempt.password, stored).await?;
    let new_hash = match verdict {
        Verdict::Wrong => return Err(AppError::Unauthenticated),
        Verdict::Right => None,
        Verdict::RightAndRehashed(hash) => Some(hash),
    };
    sources::give_back_try(db, origin, gate.limit()).await?;
    let id = credentials
        .map(|user| user.id)
        .ok_or(AppError::Unauthenticated)?;
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        let now = tx.now;
        store::release_attempt(tx.conn(), &name, now)?;
        if let Some(hash) = new_hash {
            store::update_password(tx.conn(), id, &hash, false)?;
        }
        let user = store::find_user(tx.conn(), id)?.filter(|user| user.deactivated_at.is_none());
        user.ok_or(AppError::Unauthenticated)
    })
    .await
}

/// Checks the password of somebody who is known, before something grave (M22); counts as an attempt to log in.
///
/// # Errors
/// 422 at `password` when it does not fit; 404 for somebody who is not active; else as [`authenticate`].
pub async fn confirm_password(
    db: &Db,
    gate: &PasswordGate,
    origin: &Origin,
    user: UserId,
    password: String,
) -> AppResult<()> {
    let known = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| {
            active(store::find_user(tx.conn(), user.0)?)
        })
        .await?;
    let attempt = LogIn {
        login: known.username,
        password,
    };
    match authenticate(db, gate, origin, attempt).await {
        Ok(_) => Ok(()),
        Err(AppError::Unauthenticated) => Err(AppError::field("password", "field-password-wrong")),
        Err(error) => Err(error),
    }
}

type Found = AppResult<(String, Option<Credentials>)>;

/// Counts the attempt; the count stays even when the answer is a refusal.
fn reserve(tx: &mut Tx<'_>, login: &str) -> AppResult<Found> {
    let credentials = store::find_credentials(tx.conn(), login)?;
    let name = credentials
        .as_ref()
        .map_or_else(|| login.to_lowercase(), |user| user.username.clone());
    let now = tx.now;
    let state = store::reserve_attempt(tx.conn(), &name, now)?;
    if state.admitted {
        return Ok(Ok((name, credentials)));
    }
    let seconds = u32::try_from((state.locked_until - now).num_seconds() + 1)
        .unwrap_or(1)
        .max(1);
    let message = Message::new("error-log-in-throttled").with("seconds", seconds);
    Ok(Err(AppError::TooManyRequests {
        message,
        retry_after: seconds,
    }))
}

/// Logs somebody in with a browser: a session of a new id, never one that the browser brought along (A38).
///
/// # Errors
/// As [`authenticate`]; unauthenticated for a service, which has no page (A22).
pub(in crate::auth) async fn log_in(
    db: &Db,
    gate: &PasswordGate,
    config: &Config,
    origin: &Origin,
    attempt: LogIn,
) -> AppResult<LoggedIn> {
    let user = authenticate(db, gate, origin, attempt).await?;
    if user.roles == [Role::Internalservice.to_string()] {
        return Err(AppError::Unauthenticated);
    }
    let entry = Entry::new(config, cookies::new_secret());
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        begin_session(tx, user.id, "password", entry)
    })
    .await
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
