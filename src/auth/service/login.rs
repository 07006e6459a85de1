//! The first factor: one message for every refusal, failures counted first (A03, A41).

use uuid::Uuid;

use super::actors::active;
use super::entry::{Step, enter};
use super::throttle::{count_guess, forget_guess};
use crate::auth::ROLE;
use crate::auth::password::{PasswordGate, Verdict};
use crate::auth::store::{self, Credentials, UserRow};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::UserId;

/// The longest log-in name or address that is looked at.
const LOGIN_MAX: usize = 254;

/// Name or address, and password, as they were typed.
pub(in crate::auth) struct LogIn {
    pub login: String,
    pub password: String,
}

/// Somebody whose first factor was right. The attempt is still counted as a failure, until it is settled.
pub(in crate::auth) struct Proven {
    id: Uuid,
    /// Under which name the attempt is counted.
    name: String,
    new_hash: Option<String>,
}

impl Proven {
    /// Somebody who was recognised otherwise than by a password.
    pub(super) fn new(id: Uuid, name: String) -> Self {
        Self {
            id,
            name,
            new_hash: None,
        }
    }

    /// The user, if still active; a stronger hash of the password is kept.
    ///
    /// # Errors
    /// Unauthenticated for somebody who was deactivated meanwhile.
    pub fn user(&self, tx: &mut Tx<'_>) -> AppResult<UserRow> {
        if let Some(hash) = &self.new_hash {
            store::update_password(tx.conn(), self.id, hash, false)?;
        }
        let user =
            store::find_user(tx.conn(), self.id)?.filter(|user| user.deactivated_at.is_none());
        user.ok_or(AppError::Unauthenticated)
    }

    /// Takes back the count of the attempt: it was no failure.
    ///
    /// # Errors
    /// Those of the database.
    pub fn release(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        let now = tx.now;
        store::release_attempt(tx.conn(), &self.name, now)
    }

    /// Under which name the attempt is counted.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Checks name and password, for somebody of whom nothing more is asked.
///
/// # Errors
/// Unauthenticated for everything that does not fit, in the same time; 429 after failures; 503 when too many hash.
pub(in crate::auth) async fn authenticate(
    db: &Db,
    gate: &PasswordGate,
    origin: &Origin,
    attempt: LogIn,
) -> AppResult<UserRow> {
    let proven = prove_password(db, gate, origin, attempt).await?;
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        proven.release(tx)?;
        proven.user(tx)
    })
    .await
}

/// Checks name and password; the attempt stays counted as a failure.
///
/// # Errors
/// As [`authenticate`].
pub(in crate::auth) async fn prove_password(
    db: &Db,
    gate: &PasswordGate,
    origin: &Origin,
    attempt: LogIn,
) -> AppResult<Proven> {
    let login = cleaned(&attempt.login);
    count_guess(db, origin, gate.limit()).await?;
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
    forget_guess(db, origin, gate.limit()).await?;
    let id = credentials
        .map(|user| user.id)
        .ok_or(AppError::Unauthenticated)?;
    Ok(Proven { id, name, new_hash })
}

/// A log-in name as it is looked up.
pub(super) fn cleaned(login: &str) -> String {
    login
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(LOGIN_MAX)
        .collect()
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

pub(super) type Found = AppResult<(String, Option<Credentials>)>;

/// Counts the attempt; the count stays even when the answer is a refusal.
pub(super) fn reserve(tx: &mut Tx<'_>, login: &str) -> AppResult<Found> {
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

/// The first step of a log-in with a browser: a session, or the question for a second factor.
///
/// # Errors
/// As [`authenticate`]; unauthenticated for a service, which has no page (A22).
pub(in crate::auth) async fn log_in(
    db: &Db,
    gate: &PasswordGate,
    config: &Config,
    origin: &Origin,
    attempt: LogIn,
) -> AppResult<Step> {
    let proven = prove_password(db, gate, origin, attempt).await?;
    enter(db, config, origin, proven, "password").await
}
