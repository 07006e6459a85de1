//! An authenticator app: a secret that it and we know, and the codes that follow from it and the time (RFC 6238).

use rand::Rng;
use serde_json::json;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use super::recovery::{forget_recovery_codes, fresh_recovery_codes};
use crate::auth::service::secrets::{open, seal};
use crate::auth::store;
use crate::auth::{Actor, Operation};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// What the key is called that secrets are sealed with.
const SEAL: &str = "totp_seal";

/// The name that apps show beside the code.
const ISSUER: &str = "aTES";

/// A secret that waits for its first code.
pub(in crate::auth) struct PendingTotp {
    /// For typing in: base 32.
    pub secret: String,
    /// For the QR code: what apps understand.
    pub url: String,
}

/// Makes a secret that counts once a code of it is shown; an earlier one that was not confirmed is dropped.
///
/// # Errors
/// Forbidden; conflict when there is one that counts.
pub(in crate::auth) fn begin_totp(tx: &mut Tx<'_>, actor: &Actor) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    let mut secret = [0_u8; 20];
    tx.rng.fill_bytes(&mut secret);
    let sealed = seal(tx, SEAL, actor.id.0.as_bytes(), &secret)?;
    let now = tx.now;
    if !store::replace_pending_totp(tx.conn(), actor.id.0, &sealed, now)? {
        return Err(AppError::conflict("error-totp-exists"));
    }
    tx.audit("auth.totp_begun", Some(actor.id.0), &json!({}))
}

/// The secret that waits for its first code.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn pending_totp(
    tx: &mut Tx<'_>,
    user: Uuid,
    username: &str,
) -> AppResult<Option<PendingTotp>> {
    let Some(row) = store::find_totp(tx.conn(), user)?.filter(|row| row.confirmed_at.is_none())
    else {
        return Ok(None);
    };
    let totp = totp_of(
        open(tx, SEAL, user.as_bytes(), &row.sealed_secret)?,
        username,
    )?;
    Ok(Some(PendingTotp {
        secret: totp.secret().to_base32(),
        url: totp
            .to_url()
            .map_err(|error| AppError::Internal(Box::new(error)))?,
    }))
}

/// Lets the secret count that a code of it was shown of; gives recovery codes when it is the first second factor.
///
/// # Errors
/// Forbidden; 422 at `code`; conflict when nothing waits for a code.
pub(in crate::auth) fn confirm_totp(
    tx: &mut Tx<'_>,
    actor: &Actor,
    code: &str,
) -> AppResult<Vec<String>> {
    actor.allow(Operation::OwnProfile)?;
    let row = store::find_totp(tx.conn(), actor.id.0)?.filter(|row| row.confirmed_at.is_none());
    let row = row.ok_or_else(|| AppError::conflict("error-totp-not-begun"))?;
    let secret = open(tx, SEAL, actor.id.0.as_bytes(), &row.sealed_secret)?;
    let step =
        step_of(tx, secret, code)?.ok_or_else(|| AppError::field("code", "field-code-wrong"))?;
    let now = tx.now;
    let first = !store::find_factors(tx.conn(), actor.id.0)?.any();
    if !store::confirm_totp(tx.conn(), actor.id.0, step, now)? {
        return Err(AppError::conflict("error-totp-not-begun"));
    }
    tx.audit("auth.totp_enrolled", Some(actor.id.0), &json!({}))?;
    if first {
        fresh_recovery_codes(tx, actor.id.0)
    } else {
        Ok(Vec::new())
    }
}

/// Removes the authenticator app, and the recovery codes when no other second factor is left.
///
/// # Errors
/// Forbidden; conflict when there is none.
pub(in crate::auth) fn remove_totp(tx: &mut Tx<'_>, actor: &Actor) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    if !store::delete_totp(tx.conn(), actor.id.0)? {
        return Err(AppError::conflict("error-no-second-factor"));
    }
    forget_recovery_codes(tx, actor.id.0)?;
    tx.audit("auth.totp_removed", Some(actor.id.0), &json!({}))
}

/// Whether a code is right at this moment and was not shown before; it is used up then.
///
/// # Errors
/// Those of the database.
pub(super) fn take_code(tx: &mut Tx<'_>, user: Uuid, code: &str) -> AppResult<bool> {
    let Some(row) = store::find_totp(tx.conn(), user)?.filter(|row| row.confirmed_at.is_some())
    else {
        return Ok(false);
    };
    let secret = open(tx, SEAL, user.as_bytes(), &row.sealed_secret)?;
    match step_of(tx, secret, code)? {
        Some(step) => store::take_totp_step(tx.conn(), user, step),
        None => Ok(false),
    }
}

/// The step whose code this is: the present one, that before or that after it.
fn step_of(tx: &Tx<'_>, secret: Vec<u8>, code: &str) -> AppResult<Option<i64>> {
    let digits: String = code.split_whitespace().collect();
    let seconds = u64::try_from(tx.now.timestamp()).unwrap_or_default();
    let step = totp_of(secret, "")?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Six digits, thirty seconds, SHA-1, one step of drift: what every app does.
fn totp_of(secret: Vec<u8>, username: &str) -> AppResult<Totp> {
    Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_issuer(Some(ISSUER))
        .with_account_name(username)
        .build()
        .map_err(|error| AppError::Internal(Box::new(error)))
}
