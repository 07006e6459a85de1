//! Tokens that people make for their scripts, and that an administrator makes for a service (A22).

use chrono::Duration;
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use super::account::kept;
use super::actors::{active, actor_from};
use super::entry::hash_of;
use crate::auth::person::check_name;
use crate::auth::store::{self, NewApiToken, UserRow};
use crate::auth::{Actor, Operation, Role, TokenScope, TokenScopes};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::ids::UserId;

/// What every such token begins with, so that one in the wrong place is recognised.
pub(in crate::auth) const PREFIX: &str = "ates_";

/// Tokens that one user may have at once.
const MOST: usize = 20;

/// The longest life, days.
const LONGEST_DAYS: i64 = 366;

/// A token to be made.
#[derive(Clone, Debug, Default)]
pub(in crate::auth) struct TokenRequest {
    /// What its owner calls it.
    pub name: String,
    /// The names of its scopes.
    pub scopes: Vec<String>,
    /// Its life, days.
    pub days: i64,
}

/// Makes a token and gives it, this once. Everyone makes their own; an administrator makes those of a service, which has no page.
///
/// # Errors
/// Forbidden; 404; 422 for a name, scopes or a life that do not fit, or scopes of which the owner may do nothing; conflict for another
/// person's, and when there are too many.
pub(in crate::auth) fn make_api_token(
    tx: &mut Tx<'_>,
    actor: &Actor,
    owner: UserId,
    request: &TokenRequest,
) -> AppResult<String> {
    let user = owner_of(tx, actor, owner)?;
    let (name, scopes) = checked(&actor_from(&user)?, request)?;
    let now = tx.now;
    if store::list_api_tokens(tx.conn(), owner.0, now)?.len() >= MOST {
        return Err(AppError::Conflict(
            Message::new("error-too-many-tokens").with("most", MOST),
        ));
    }
    let mut random = [0_u8; 32];
    tx.rng.fill_bytes(&mut random);
    let secret = format!("{PREFIX}{}", hex::encode(random));
    let id: Uuid = tx.new_id();
    let token = NewApiToken {
        id,
        user_id: owner.0,
        name: &name,
        token_hash: &hash_of(&secret),
        scopes: &scopes,
        expires_at: now + Duration::days(request.days),
    };
    store::insert_api_token(tx.conn(), &token, now)?;
    let detail = json!({ "token": id, "name": name, "scopes": scopes, "days": request.days });
    tx.audit("auth.api_token_made", Some(owner.0), &detail)?;
    Ok(secret)
}

/// Ends a token.
///
/// # Errors
/// Forbidden; 404 for one that is not the owner's or has ended.
pub(in crate::auth) fn revoke_api_token(
    tx: &mut Tx<'_>,
    actor: &Actor,
    owner: UserId,
    id: Uuid,
) -> AppResult<()> {
    owner_of(tx, actor, owner)?;
    let now = tx.now;
    if !store::revoke_api_token(tx.conn(), owner.0, id, now)? {
        return Err(AppError::NotFound);
    }
    tx.audit(
        "auth.api_token_revoked",
        Some(owner.0),
        &json!({ "token": id }),
    )
}

/// The owner, if the actor may look after their tokens: one's own, or a service's.
fn owner_of(tx: &mut Tx<'_>, actor: &Actor, owner: UserId) -> AppResult<UserRow> {
    if owner == actor.id {
        actor.allow(Operation::OwnSessions)?;
        return active(store::find_user(tx.conn(), owner.0)?);
    }
    actor.allow(Operation::ManageUsers)?;
    let user = active(store::find_user(tx.conn(), owner.0)?)?;
    if actor_from(&user)?.is_service() {
        Ok(user)
    } else {
        Err(AppError::conflict("error-tokens-of-services-only"))
    }
}

fn checked(owner: &Actor, request: &TokenRequest) -> AppResult<(String, Vec<&'static str>)> {
    let mut errors = Vec::new();
    let name = kept(&mut errors, "token_name", check_name(&request.name));
    if !(1..=LONGEST_DAYS).contains(&request.days) {
        errors.push(FieldError::new("days", "field-not-understood"));
    }
    let scopes: Option<Vec<TokenScope>> = request
        .scopes
        .iter()
        .map(|name| TokenScope::parse(name))
        .collect();
    match &scopes {
        Some(scopes) if scopes.is_empty() => {
            errors.push(FieldError::new("scopes", "field-required"));
        }
        Some(scopes) if scopes.iter().all(|scope| may_use(owner, *scope)) => {}
        Some(_) => errors.push(FieldError::new("scopes", "field-scope-beyond-rights")),
        None => errors.push(FieldError::new("scopes", "field-not-understood")),
    }
    match (name, scopes) {
        (Some(name), Some(scopes)) if errors.is_empty() => {
            Ok((name, scopes.into_iter().map(TokenScope::as_str).collect()))
        }
        _ => Err(AppError::Invalid(errors)),
    }
}

/// Whether somebody may do anything of a scope.
pub(in crate::auth) fn may_use(owner: &Actor, scope: TokenScope) -> bool {
    scope
        .operations()
        .iter()
        .any(|operation| owner.may(*operation))
}

/// The scopes of a stored token.
pub(in crate::auth) fn scopes_of(names: &[String]) -> TokenScopes {
    names
        .iter()
        .filter_map(|name| TokenScope::parse(name))
        .collect()
}

/// Whether the password of a user opens the API: not that of a service which has a credential of its own (access M01).
///
/// # Errors
/// Those of the database.
pub(super) fn password_opens_api(tx: &mut Tx<'_>, user: &UserRow) -> AppResult<bool> {
    if user.roles != [Role::Internalservice.to_string()] {
        return Ok(true);
    }
    let now = tx.now;
    Ok(store::list_api_tokens(tx.conn(), user.id, now)?.is_empty())
}

/// The service of a name and a credential.
///
/// # Errors
/// Unauthenticated for everything else.
pub(in crate::auth) fn service_of_credential(
    tx: &mut Tx<'_>,
    username: &str,
    secret: &str,
) -> AppResult<UserRow> {
    let now = tx.now;
    let found =
        store::find_api_token_user(tx.conn(), &hash_of(secret), Some(Duration::zero()), now)?;
    let user = found
        .map(|found| found.user)
        .filter(|user| user.username == username)
        .ok_or(AppError::Unauthenticated)?;
    if !actor_from(&user)?.is_service() {
        return Err(AppError::Unauthenticated);
    }
    tx.origin.actor = Some(user.id);
    tx.audit("auth.service_token_issued", Some(user.id), &json!({}))?;
    Ok(user)
}
