//! A new password by mail (M04, A42).
//!
//! A request does the same for everybody, known or not: it is written down. The mail worker finds out whom it concerns and mails the
//! stored address. The link is made when the mail is sent, 256 random bits of which the hash is kept, and works once, for ten minutes.

use serde_json::json;
use uuid::Uuid;

use super::actor_from;
use super::entry::hash_of;
use super::mailing::{MailKind, write_mail};
use super::throttle::{Throttle, source_of, too_early};
use crate::auth::password::{PasswordGate, check_password};
use crate::auth::store::{self, Purpose, ResetRequest, UserRow};
use crate::auth::{Actor, Operation, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::Lang;
use crate::platform::ids::UserId;

/// The longest log-in name or address that is looked at.
const LOGIN_MAX: usize = 254;

/// Requests that the worker looks at in one step.
const BATCH: i64 = 20;

/// Asks for a link. The answer and the work are the same whether or not there is such a person (A41).
///
/// # Errors
/// 429 for a source that asks too often.
pub(in crate::auth) async fn ask_for_reset(
    db: &Db,
    origin: Origin,
    login: &str,
    lang: Lang,
) -> AppResult<()> {
    let typed = login.trim().chars().filter(|c| !c.is_control());
    let login: String = typed.take(LOGIN_MAX).collect();
    let refused = db
        .transaction_even_stopped(ROLE, origin, move |tx| {
            let source = source_of(&tx.origin);
            if let Some(seconds) = Throttle::RESETS_OF_SOURCE.count(tx, &source)? {
                return Ok(Some(seconds));
            }
            let (id, now, origin) = (tx.new_id(), tx.now, tx.origin.clone());
            let language = lang.code();
            store::insert_reset_request(tx.conn(), id, &login, language, &origin, now)?;
            tx.wake_workers();
            Ok(None)
        })
        .await?;
    refused.map_or(Ok(()), |seconds| Err(too_early(seconds)))
}

/// Mails a link to somebody because an administrator wants it, who learns nothing of it (M-11).
///
/// # Errors
/// Forbidden; 404 for nobody; 409 for somebody deactivated, and for a service.
pub(in crate::auth) fn mail_link_to(
    tx: &mut Tx<'_>,
    config: &Config,
    actor: &Actor,
    user: UserId,
) -> AppResult<()> {
    actor.allow(Operation::ManageUsers)?;
    let user = store::find_user(tx.conn(), user.0)?.ok_or(AppError::NotFound)?;
    if !may_reset(&user)? {
        return Err(AppError::conflict("error-no-link-for-user"));
    }
    write_mail(tx, config, MailKind::PasswordReset, &user, None)?;
    tx.audit(
        "auth.reset_asked",
        Some(user.id),
        &json!({ "outcome": "mailed" }),
    )
}

/// Looks at what was asked for: whoever is known, active and a person gets a mail.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn answer_requests(db: &Db, config: &Config) -> AppResult<bool> {
    let requests = db.read_blocking(ROLE, |conn| store::list_reset_requests(conn, BATCH))?;
    for request in &requests {
        db.transaction_even_stopped_blocking(Lane::Worker, ROLE, request.origin(), |tx| {
            if store::delete_reset_request(tx.conn(), request.id)? {
                answer(tx, config, request)?;
            }
            Ok(())
        })?;
    }
    Ok(!requests.is_empty())
}

fn answer(tx: &mut Tx<'_>, config: &Config, request: &ResetRequest) -> AppResult<()> {
    let found = store::find_credentials(tx.conn(), &request.login)?;
    let user = match found {
        Some(found) => store::find_user(tx.conn(), found.id)?,
        None => None,
    };
    let known = user.as_ref().map(|user| user.id);
    let outcome = match user {
        None => "nobody",
        Some(user) if !may_reset(&user)? => "not_allowed",
        Some(user) => {
            if Throttle::RESETS_OF_ACCOUNT
                .count(tx, &user.id.to_string())?
                .is_some()
            {
                "too_early"
            } else {
                let language = Lang::from_code(&request.language);
                write_mail(tx, config, MailKind::PasswordReset, &user, language)?;
                "mailed"
            }
        }
    };
    tx.audit("auth.reset_asked", known, &json!({ "outcome": outcome }))
}

/// Whether somebody may have a link: active, and not a service.
fn may_reset(user: &UserRow) -> AppResult<bool> {
    Ok(user.deactivated_at.is_none() && actor_from(user)?.may(Operation::ResetPassword))
}

/// Sets the password of whoever the link is about and ends all their sessions and tokens; a beak that opens the same door is forgotten,
/// since somebody else may have enrolled it. The owner is told by mail.
///
/// # Errors
/// 422 at `token` for a link that is unknown, used or too old, at `new_password` for a password that is refused; 429 for a source that
/// tries too often; 503 when too many hash.
pub(in crate::auth) async fn set_password_by_link(
    db: &Db,
    gate: &PasswordGate,
    config: &Config,
    origin: Origin,
    token: &str,
    password: String,
) -> AppResult<()> {
    let hash = hash_of(token.trim());
    let looked_up = hash.clone();
    let found = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| {
            let source = source_of(&tx.origin);
            if let Some(seconds) = Throttle::LINKS_OF_SOURCE.count(tx, &source)? {
                return Ok(Err(too_early(seconds)));
            }
            let now = tx.now;
            let id = store::find_link(tx.conn(), &looked_up, Purpose::PasswordReset, now)?;
            Ok(Ok(match id {
                Some(id) => store::find_user(tx.conn(), id)?,
                None => None,
            }))
        })
        .await??;
    let user = match found {
        Some(user) if may_reset(&user)? => user,
        _ => return Err(over()),
    };
    check_password(&password, &user.username, &user.email)
        .map_err(|message| AppError::field("new_password", message))?;
    let password_hash = gate.hash(password).await?;
    let origin = Origin {
        actor: Some(user.id),
        ..origin
    };
    let config = config.clone();
    db.transaction_even_stopped(ROLE, origin, move |tx| {
        let now = tx.now;
        let id =
            store::use_link(tx.conn(), &hash, Purpose::PasswordReset, now)?.ok_or_else(over)?;
        let user = store::lock_user(tx.conn(), id)?.ok_or_else(over)?;
        if !may_reset(&user)? {
            return Err(over());
        }
        replace_password(tx, id, &password_hash)?;
        store::delete_beak(tx.conn(), id)?;
        store::delete_sessions_of(tx.conn(), id)?;
        tx.audit("auth.password_reset", Some(id), &json!({}))?;
        write_mail(tx, &config, MailKind::PasswordChanged, &user, None)
    })
    .await
}

/// A new password ends everything but sessions that the old one opened: API log-ins, the tokens of scripts, feeds, other links. The sessions
/// are past too, unless they are renewed.
pub(super) fn replace_password(tx: &mut Tx<'_>, user: Uuid, hash: &str) -> AppResult<()> {
    let now = tx.now;
    store::update_password(tx.conn(), user, hash, true)?;
    store::revoke_families_of(tx.conn(), user, now)?;
    store::revoke_api_tokens_of(tx.conn(), user, now)?;
    store::delete_feeds_of(tx.conn(), user)?;
    store::use_up_links_of(tx.conn(), Purpose::PasswordReset, user, now)
}

fn over() -> AppError {
    AppError::field("token", "field-link-over")
}
