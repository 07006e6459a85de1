//! Logging in by the company's provider: whose account an identity opens. What the provider says is checked before
//! ([`crate::auth::CompanyProvider`]); rights are never taken from it.

use chrono::Duration;
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use super::entry::{Entry, LoggedIn, begin_session, hash_of};
use super::people::{NewPerson, register_people};
use crate::auth::person::{check_email, check_name, check_username};
use crate::auth::provider::{Identity, Visit};
use crate::auth::store::{self, UserRow, VisitKey, VisitRow};
use crate::auth::{Role, RoleSet};
use crate::platform::config::ProviderTarget;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;

/// How long somebody may take to log in at the provider.
pub(in crate::auth) const VISIT_LASTS: Duration = Duration::minutes(10);

/// A log-in that begins: what goes to the provider, and what is kept of it.
pub(in crate::auth) struct Begun {
    pub state: String,
    pub visit: Visit,
}

/// Notes that a browser, known by the value of a cookie, goes to the provider.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn begin_visit(
    tx: &mut Tx<'_>,
    cookie: &str,
    next: Option<String>,
) -> AppResult<Begun> {
    let state = fresh(tx);
    let row = VisitRow {
        nonce: fresh(tx),
        verifier: fresh(tx),
        next,
    };
    let key = VisitKey {
        state_hash: &hash_of(&state),
        cookie_hash: &hash_of(cookie),
    };
    let now = tx.now;
    store::insert_visit(tx.conn(), &key, &row, now + VISIT_LASTS, now)?;
    Ok(Begun {
        state,
        visit: visit_of(row),
    })
}

/// The log-in that comes back with this state in this browser; it comes back once.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn take_visit(
    tx: &mut Tx<'_>,
    state: &str,
    cookie: &str,
) -> AppResult<Option<Visit>> {
    let key = VisitKey {
        state_hash: &hash_of(state),
        cookie_hash: &hash_of(cookie),
    };
    let now = tx.now;
    Ok(store::take_visit(tx.conn(), &key, now)?.map(visit_of))
}

fn visit_of(row: VisitRow) -> Visit {
    Visit {
        nonce: row.nonce,
        verifier: row.verifier,
        next: row.next,
    }
}

/// 256 random bits in hexadecimal.
fn fresh(tx: &mut Tx<'_>) -> String {
    let mut bytes = [0_u8; 32];
    tx.rng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// Begins a session for whoever an identity belongs to: the user it was linked with before; else, on the first time and if the
/// settings say so, the active user of its verified address, or a new one with the role of the settings. Nobody else comes in, and
/// why is written into the audit.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn enter_by_provider(
    tx: &mut Tx<'_>,
    target: &ProviderTarget,
    identity: &Identity,
    entry: Entry,
) -> AppResult<Option<LoggedIn>> {
    match user_of(tx, target, identity)? {
        Ok(user) => begin_session(tx, user, "openid", entry).map(Some),
        Err((user, reason)) => {
            let detail =
                json!({ "reason": reason, "issuer": identity.issuer, "subject": identity.subject });
            tx.audit("auth.provider_log_in_refused", user, &detail)?;
            Ok(None)
        }
    }
}

type Found = Result<Uuid, (Option<Uuid>, &'static str)>;

fn user_of(tx: &mut Tx<'_>, target: &ProviderTarget, identity: &Identity) -> AppResult<Found> {
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    if let Some(linked) = store::find_linked_user(tx.conn(), issuer, subject)? {
        let user = store::find_user(tx.conn(), linked)?;
        return Ok(admitted(user));
    }
    // Two first log-ins at once are one after the other.
    store::lock_users(tx.conn())?;
    let Some(email) = &identity.verified_email else {
        return Ok(Err((None, "no verified address")));
    };
    let user = match store::find_user_by_email(tx.conn(), email)? {
        Some(user) if target.link_by_email => match admitted(Some(user)) {
            Ok(user) => user,
            refused => return Ok(refused),
        },
        Some(user) => return Ok(Err((Some(user.id), "not linked"))),
        None => match created(tx, target, identity, email)? {
            Ok(user) => user,
            refused => return Ok(refused),
        },
    };
    let now = tx.now;
    if !store::insert_link(tx.conn(), issuer, subject, user, now)? {
        return Ok(Err((Some(user), "linked with another subject")));
    }
    tx.origin.actor = Some(user);
    let detail = json!({ "issuer": issuer, "subject": subject });
    tx.audit("auth.provider_linked", Some(user), &detail)?;
    Ok(Ok(user))
}

/// A person who is active; never a service, which has no page (A22).
fn admitted(user: Option<UserRow>) -> Found {
    let user = user.ok_or((None, "unknown"))?;
    if user.deactivated_at.is_some() {
        return Err((Some(user.id), "deactivated"));
    }
    if user.roles == [Role::Internalservice.to_string()] {
        return Err((Some(user.id), "a service"));
    }
    Ok(user.id)
}

/// A new user for somebody who is unknown here, if the settings name a role for such people.
fn created(
    tx: &mut Tx<'_>,
    target: &ProviderTarget,
    identity: &Identity,
    email: &str,
) -> AppResult<Found> {
    let Some(role) = &target.default_role else {
        return Ok(Err((None, "unknown")));
    };
    let (Ok(roles), Ok(email)) = (RoleSet::parse(role), check_email(email)) else {
        return Ok(Err((None, "the address does not fit")));
    };
    let local = email.split('@').next().unwrap_or_default().to_owned();
    let wanted = identity.username.clone().unwrap_or_else(|| local.clone());
    let Some(username) = free_username(tx, &[&wanted, &local])? else {
        return Ok(Err((None, "no log-in name is free")));
    };
    let named = |name: &Option<String>, otherwise: &str| {
        let given = name.as_deref().and_then(|name| check_name(name).ok());
        given.unwrap_or_else(|| otherwise.to_owned())
    };
    let person = NewPerson {
        line: 1,
        name: named(&identity.name, &username),
        surname: named(&identity.surname, "Popug"),
        username,
        email,
        roles,
        password_hash: None,
    };
    Ok(match register_people(tx, &[person])? {
        Ok(ids) => ids.first().map(|id| id.0).ok_or((None, "unknown")),
        Err(_) => Err((None, "taken")),
    })
}

/// The first of these log-in names, or of them with a number behind, that fits and that nobody has.
fn free_username(tx: &mut Tx<'_>, wanted: &[&str]) -> AppResult<Option<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in wanted {
        names.extend(check_username(name));
        let head: String = name.chars().take(30).collect();
        names.extend((2..=99).filter_map(|number| check_username(&format!("{head}{number}")).ok()));
    }
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let taken = store::find_taken(tx.conn(), &asked, &[])?;
    Ok(names.into_iter().find(|name| !taken.contains(name)))
}
