//! Logging in over the API: name, password and, where there is a second factor, its code in one request (contract section 3).

use super::api_tokens::password_opens_api;
use super::entry::announce;
use super::factors::{check_code, must_enrol};
use super::login::{LogIn, prove_password};
use super::refresh::{Issued, begin_family};
use crate::auth::ROLE;
use crate::auth::password::PasswordGate;
use crate::auth::store::{self, UserRow};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};

/// What a program gets for a right password.
pub(in crate::auth) enum Grant {
    /// A pair of tokens.
    Tokens(Box<UserRow>, Issued),
    /// The question for a code; the attempt counts as a failed log-in.
    CodeNeeded,
    /// The word that the code was wrong; so does this.
    CodeWrong,
    /// The word that a role of theirs must have a second factor, and they have none.
    EnrolmentNeeded,
}

/// Logs a program in.
///
/// # Errors
/// Unauthenticated for a wrong name or password, whatever the code; 429 after failures; 503 when too many hash.
pub(in crate::auth) async fn log_in_program(
    db: &Db,
    gate: &PasswordGate,
    config: &Config,
    origin: &Origin,
    attempt: LogIn,
    code: Option<String>,
) -> AppResult<Grant> {
    let proven = prove_password(db, gate, origin, attempt).await?;
    let settings = config.clone();
    // The inner error must not undo that the attempt was no failure.
    db.transaction_even_stopped(ROLE, origin.clone(), move |tx| {
        let user = proven.user(tx)?;
        if !password_opens_api(tx, &user)? {
            proven.release(tx)?;
            return Ok(Err(AppError::Unauthenticated));
        }
        if store::find_factors(tx.conn(), user.id)?.any() {
            let Some(code) = code else {
                return Ok(Ok(Grant::CodeNeeded));
            };
            if check_code(tx, user.id, &code)?.is_none() {
                return Ok(Ok(Grant::CodeWrong));
            }
        }
        proven.release(tx)?;
        if must_enrol(tx.conn(), &settings.second_factor_roles, &user)? {
            return Ok(Ok(Grant::EnrolmentNeeded));
        }
        tx.origin.actor = Some(user.id);
        announce(tx, user.id, "password")?;
        let issued = begin_family(tx, &settings, user.id)?;
        Ok(Ok(Grant::Tokens(Box::new(user), issued)))
    })
    .await?
}
