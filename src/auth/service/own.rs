//! What people change of their own record, and the password of those who were imported without one.

use serde_json::json;

use super::actors::active;
use super::users::record_of;
use crate::auth::store;
use crate::auth::{Actor, Operation};
use crate::events::{self, AccountUpdated};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// Changes one's own password after the old one was checked; ends all other sessions and tokens (A36).
///
/// # Errors
/// Those of the database.
pub fn change_password(tx: &mut Tx<'_>, actor: &Actor, hash: &str) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    store::update_password(tx.conn(), actor.id.0, hash, true)?;
    store::delete_sessions_of(tx.conn(), actor.id.0)?;
    tx.audit("auth.password_changed", Some(actor.id.0), &json!({}))
}

/// Keeps the language in which somebody wants pages and mails (D18).
///
/// # Errors
/// Those of the database.
pub fn set_language(tx: &mut Tx<'_>, actor: &Actor, language: &str) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    let now = tx.now;
    store::update_language(tx.conn(), actor.id.0, language, now)?;
    let user = active(store::find_user(tx.conn(), actor.id.0)?)?;
    events::publish(tx, actor.id, &AccountUpdated(record_of(&user)))?;
    tx.audit(
        "auth.language_changed",
        Some(actor.id.0),
        &json!({ "language": language }),
    )
}

/// Gives a user a password that was hashed before: for people who were imported without one.
///
/// # Errors
/// 404 for an unknown log-in name.
pub fn set_password_hash(tx: &mut Tx<'_>, username: &str, hash: &str) -> AppResult<()> {
    let user = store::find_user_by_username(tx.conn(), username)?.ok_or(AppError::NotFound)?;
    store::update_password(tx.conn(), user.id, hash, true)
}
