//! What people change of their own record, and the password of those who were imported without one.

use chrono::Duration;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::{TAKEN, kept};
use super::actors::active;
use super::mailing::{MailKind, write_mail};
use super::reset::replace_password;
use super::users::record_of;
use crate::auth::person::{check_email, check_name};
use crate::auth::schemas::{EmailText, NameText};
use crate::auth::store::{self, Display, Purpose, UserRow};
use crate::auth::{Actor, Operation};
use crate::events::{self, AccountUpdated};
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::web::{LISTS, kept_part};

/// Changes one's own password after the old one was checked. Every other session and API log-in and every token of a script ends; the
/// session that asks goes on under a new id (A36). The owner is told by mail.
///
/// Gives for how long the session is kept at most.
///
/// # Errors
/// Unauthenticated, when the session has ended meanwhile.
pub(in crate::auth) fn change_password(
    tx: &mut Tx<'_>,
    config: &Config,
    actor: &Actor,
    hash: &str,
    session: &RenewedSession,
) -> AppResult<Duration> {
    actor.allow(Operation::OwnProfile)?;
    let user = active(store::lock_user(tx.conn(), actor.id.0)?)?;
    store::delete_other_sessions(tx.conn(), user.id, &session.old_hash)?;
    replace_password(tx, user.id, hash)?;
    let now = tx.now;
    store::renew_session(tx.conn(), &session.old_hash)?;
    let ends = store::confirm_session(tx.conn(), &session.old_hash, &session.new_hash, now)?
        .ok_or(AppError::Unauthenticated)?;
    tx.audit("auth.password_changed", Some(user.id), &json!({}))?;
    write_mail(tx, config, MailKind::PasswordChanged, &user, None)?;
    Ok(ends - now)
}

/// A session that goes on under another id, by the hashes of both.
pub(in crate::auth) struct RenewedSession {
    pub old_hash: Vec<u8>,
    pub new_hash: Vec<u8>,
}

/// Ends all sessions and all API log-ins of a user.
pub(super) fn end_everything_of(tx: &mut Tx<'_>, user: Uuid) -> AppResult<()> {
    let now = tx.now;
    store::delete_sessions_of(tx.conn(), user)?;
    store::revoke_families_of(tx.conn(), user, now)
}

/// What somebody changes of their own record; nothing means: leave it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnChange {
    /// The mail address.
    #[schema(value_type = Option<EmailText>)]
    pub email: Option<String>,
    /// The given name.
    #[schema(value_type = Option<NameText>)]
    pub name: Option<String>,
    /// The family name.
    #[schema(value_type = Option<NameText>)]
    pub surname: Option<String>,
    /// Meta information, a JSON object that the product keeps and does not read (A09).
    #[schema(value_type = Option<Object>)]
    pub meta: Option<Map<String, Value>>,
}

/// The longest meta information, bytes of its JSON.
const META_MAX: usize = 4_096;

/// Changes one's own record (A05, A09). Another address is told to the old one, and links that went there are worth nothing any more.
///
/// # Errors
/// Forbidden, also for the address by the token of a script; 422 for what is typed wrongly or taken.
pub fn update_me(
    tx: &mut Tx<'_>,
    config: &Config,
    actor: &Actor,
    change: &OwnChange,
) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    if change.email.is_some() && actor.limits.is_some() {
        // Whoever finds a script's token could have the password mailed to themselves.
        return Err(AppError::Refused("error-address-by-script".into()));
    }
    let before = active(store::lock_user(tx.conn(), actor.id.0)?)?;
    let mut after = before.clone();
    let mut errors = Vec::new();
    if let Some(email) = &change.email {
        after.email = kept(&mut errors, "email", check_email(email)).unwrap_or_default();
    }
    if let Some(name) = &change.name {
        after.name = kept(&mut errors, "name", check_name(name)).unwrap_or_default();
    }
    if let Some(surname) = &change.surname {
        after.surname = kept(&mut errors, "surname", check_name(surname)).unwrap_or_default();
    }
    if let Some(meta) = &change.meta {
        after.meta = Value::Object(meta.clone());
        let text = after.meta.to_string();
        if text.len() > META_MAX || text.contains("\\u0000") {
            errors.push(FieldError::new("meta", "field-meta"));
        }
    }
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors));
    }
    after.version += 1;
    let (by, now) = (tx.origin.actor, tx.now);
    store::update_user(tx.conn(), &after, false, by, now)
        .map_err(|error| AppError::at_constraint(error, &TAKEN))?;
    events::publish(tx, actor.id, &AccountUpdated(record_of(&after)))?;
    tell_old_address(tx, config, &before, &after)?;
    let shown = |user: &UserRow| json!({ "email": user.email, "name": user.full_name() });
    let detail = json!({ "before": shown(&before), "after": shown(&after) });
    tx.audit("auth.own_record_updated", Some(actor.id.0), &detail)
}

/// Tells the address that mails went to that they go elsewhere from now on; links that went there are worth nothing any more.
pub(super) fn tell_old_address(
    tx: &mut Tx<'_>,
    config: &Config,
    before: &UserRow,
    after: &UserRow,
) -> AppResult<()> {
    if after.email == before.email {
        return Ok(());
    }
    let now = tx.now;
    store::use_up_links_of(tx.conn(), Purpose::PasswordReset, after.id, now)?;
    write_mail(tx, config, MailKind::AddressChanged, before, None)
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

/// Keeps in which zone somebody wants to see times, in which colours, and whether keys do something; what is not given stays.
///
/// # Errors
/// 422 for a zone that there is not.
pub(in crate::auth) fn set_display(
    tx: &mut Tx<'_>,
    actor: &Actor,
    display: Display<'_>,
) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    let zone = display.time_zone.flatten();
    if zone.is_some_and(|zone| zone.parse::<Tz>().is_err()) {
        return Err(AppError::field("time_zone", "field-not-understood"));
    }
    let now = tx.now;
    store::update_display(tx.conn(), actor.id.0, display, now)?;
    let mut detail = Map::new();
    if let Some(zone) = display.time_zone {
        detail.insert("time_zone".to_owned(), json!(zone));
    }
    if let Some(theme) = display.theme {
        detail.insert("theme".to_owned(), json!(theme));
    }
    if let Some(shortcuts) = display.shortcuts {
        detail.insert("shortcuts".to_owned(), json!(shortcuts));
    }
    tx.audit("auth.display_changed", Some(actor.id.0), &detail.into())
}

/// Keeps the filter that somebody wants a list to begin with, or forgets it (S-4).
///
/// # Errors
/// 422 for what is no list, or for nothing that can be kept.
pub(in crate::auth) fn set_default_filter(
    tx: &mut Tx<'_>,
    actor: &Actor,
    list: &str,
    query: Option<&str>,
) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    let misread = || AppError::field("list", "field-not-understood");
    if LISTS.iter().all(|(path, _)| *path != list) {
        return Err(misread());
    }
    let filter = query
        .map(|query| kept_part(query).ok_or_else(misread))
        .transpose()?;
    let now = tx.now;
    store::update_default_filter(tx.conn(), actor.id.0, list, filter.as_deref(), now)?;
    tx.audit(
        "auth.default_filter_changed",
        Some(actor.id.0),
        &json!({ "list": list, "filter": filter }),
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
