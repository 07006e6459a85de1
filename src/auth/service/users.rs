//! Registering, changing and deactivating users (A04, A05, A18, A20, A26).

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::account::{CheckedAccount, NewAccount, TAKEN, kept};
use super::own::{end_everything_of, tell_old_address};
use crate::auth::person::{check_email, check_name};
use crate::auth::schemas::{EmailText, NameText, PermissionWord, RoleWord};
use crate::auth::store::{self, NewUser, UserRow};
use crate::auth::{Actor, Operation, PermissionSet, Role, RoleSet, policy};
use crate::events::{self, AccountCreated, AccountDeleted, AccountRecord, AccountUpdated};
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::ids::UserId;

/// Registers a user (A04).
///
/// # Errors
/// Forbidden; 422 for a name or an address that somebody has already.
pub fn register_user(
    tx: &mut Tx<'_>,
    actor: &Actor,
    account: &CheckedAccount,
    hash: &str,
) -> AppResult<UserId> {
    actor.allow(Operation::ManageUsers)?;
    guard_grant(actor, &account.roles)?;
    insert(tx, account, hash)
}

/// Makes an account, tells of it and audits it.
pub(super) fn insert(tx: &mut Tx<'_>, account: &CheckedAccount, hash: &str) -> AppResult<UserId> {
    let id: UserId = tx.new_id();
    let user = NewUser {
        id: id.0,
        username: account.username.clone(),
        email: account.email.clone(),
        name: account.name.clone(),
        surname: account.surname.clone(),
        password_hash: Some(hash.to_owned()),
        roles: names(&account.roles),
    };
    let (by, now) = (tx.origin.actor, tx.now);
    store::insert_users(tx.conn(), &[user], by, now)
        .map_err(|error| AppError::at_constraint(error, &TAKEN))?;
    let record = AccountRecord {
        username: account.username.clone(),
        email: account.email.clone(),
        name: account.name.clone(),
        surname: account.surname.clone(),
        language: None,
        roles: names(&account.roles),
        version: 1,
    };
    events::publish(tx, id, &AccountCreated(record))?;
    tx.audit(
        "auth.user_registered",
        Some(id.0),
        &json!({ "username": account.username, "roles": names(&account.roles) }),
    )?;
    Ok(id)
}

/// The first administrator, from the command line.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    /// The log-in name.
    pub username: String,
    /// Where mails go.
    pub email: String,
    /// The password.
    pub password: String,
    /// Whether another one is made although there is one.
    pub force: bool,
}

/// Makes the first administrator (decision 4); with `force` another one, to recover a lost log-in.
///
/// # Errors
/// 422 for what is typed wrongly; conflict when there is one.
pub fn create_admin(tx: &mut Tx<'_>, new: &NewAdministrator) -> AppResult<UserId> {
    let account = NewAccount {
        username: new.username.clone(),
        email: new.email.clone(),
        name: new.username.clone(),
        surname: "Administrator".into(),
        password: new.password.clone(),
        roles: vec![Role::Administrator.to_string()],
    };
    let account = account.check()?;
    store::lock_users(tx.conn())?;
    if !new.force && store::count_active_administrators(tx.conn())? > 0 {
        return Err(AppError::conflict("error-administrator-exists"));
    }
    let hash = crate::auth::hash_password(&new.password)?;
    insert(tx, &account, &hash)
}

/// What of a user is to be changed; nothing means: leave it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The mail address.
    #[schema(value_type = Option<EmailText>)]
    pub email: Option<String>,
    /// The given name.
    #[schema(value_type = Option<NameText>)]
    pub name: Option<String>,
    /// The family name.
    #[schema(value_type = Option<NameText>)]
    pub surname: Option<String>,
    /// The role set, by name.
    #[schema(value_type = Option<Vec<RoleWord>>, min_items = 1)]
    pub roles: Option<Vec<String>>,
    /// The permissions on top of those of the roles, by name (A14).
    #[schema(value_type = Option<Vec<PermissionWord>>)]
    pub permissions: Option<Vec<String>>,
}

/// Changes a user's record, roles or permissions; a change of rights ends the user's sessions and tokens (A05, A14, A26). Another address
/// is told to the old one, and links that went there are worth nothing any more.
///
/// # Errors
/// Forbidden; 404; 422 for what is typed wrongly or taken; conflict for a deactivated user and for the last administrator.
pub fn update_user(
    tx: &mut Tx<'_>,
    config: &Config,
    actor: &Actor,
    id: UserId,
    change: &UserChange,
) -> AppResult<()> {
    actor.allow(Operation::ManageUsers)?;
    store::lock_users(tx.conn())?;
    let before = lock_active(tx, id)?;
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
    if let Some(roles) = &change.roles
        && let Some(set) = kept(&mut errors, "roles", RoleSet::parse(&roles.join(";")))
    {
        guard_grant(actor, &set)?;
        after.roles = names(&set);
    }
    if let Some(permissions) = &change.permissions
        && let Some(set) = kept(
            &mut errors,
            "permissions",
            PermissionSet::parse(&permissions.join(";")),
        )
    {
        after.permissions = granted(actor, &before, &after, &set, &mut errors)?;
    }
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors));
    }
    after.version += 1;
    let roles_changed = before.roles != after.roles;
    let grants_changed = before.permissions != after.permissions;
    let (by, now) = (tx.origin.actor, tx.now);
    store::update_user(tx.conn(), &after, roles_changed || grants_changed, by, now)
        .map_err(|error| AppError::at_constraint(error, &TAKEN))?;
    if roles_changed {
        store::replace_roles(tx.conn(), id.0, &after.roles)?;
        guard_last_administrator(tx)?;
    }
    if grants_changed {
        store::replace_permissions(tx.conn(), id.0, &after.permissions, by, now)?;
    }
    if roles_changed || grants_changed {
        end_everything_of(tx, id.0)?;
    }
    events::publish(tx, id, &AccountUpdated(record_of(&after)))?;
    tell_old_address(tx, config, &before, &after)?;
    let detail = json!({
        "before": { "email": before.email, "name": before.full_name(), "roles": before.roles, "permissions": before.permissions },
        "after": { "email": after.email, "name": after.full_name(), "roles": after.roles, "permissions": after.permissions },
    });
    tx.audit("auth.user_updated", Some(id.0), &detail)
}

/// Deactivates a user: no log-in, no tasks, but every row stays (A20).
///
/// # Errors
/// Forbidden; 404; conflict for the last administrator and for one who is deactivated already.
pub fn deactivate_user(tx: &mut Tx<'_>, actor: &Actor, id: UserId) -> AppResult<()> {
    actor.allow(Operation::ManageUsers)?;
    store::lock_users(tx.conn())?;
    let user = lock_active(tx, id)?;
    let (by, now, version) = (tx.origin.actor, tx.now, user.version + 1);
    store::update_deactivated(tx.conn(), id.0, version, by, now)?;
    guard_last_administrator(tx)?;
    end_everything_of(tx, id.0)?;
    store::delete_feeds_of(tx.conn(), id.0)?;
    events::publish(tx, id, &AccountDeleted { version })?;
    tx.audit(
        "auth.user_deactivated",
        Some(id.0),
        &json!({ "username": user.username }),
    )
}

/// A user to be changed.
fn lock_active(tx: &mut Tx<'_>, id: UserId) -> AppResult<UserRow> {
    let user = store::lock_user(tx.conn(), id.0)?.ok_or(AppError::NotFound)?;
    if user.deactivated_at.is_some() {
        return Err(AppError::conflict("error-user-deactivated"));
    }
    Ok(user)
}

/// Nobody gives what they do not have (A46).
fn guard_grant(actor: &Actor, roles: &RoleSet) -> AppResult<()> {
    if actor.permissions.covers(&roles.default_permissions()) {
        Ok(())
    } else {
        Err(AppError::Forbidden)
    }
}

/// The permissions that a user has of their own from now on: no new one that the giver does not have (A46), and none that would
/// open nothing for these roles.
fn granted(
    actor: &Actor,
    before: &UserRow,
    after: &UserRow,
    wanted: &PermissionSet,
    errors: &mut Vec<FieldError>,
) -> AppResult<Vec<String>> {
    let roles = super::actor_from(after)?.roles;
    let own = roles.default_permissions();
    let mut kept = Vec::new();
    for permission in wanted
        .iter()
        .filter(|permission| !own.contains(*permission))
    {
        let name = permission.to_string();
        if !before.permissions.contains(&name) && !actor.permissions.contains(permission) {
            return Err(AppError::Forbidden);
        }
        if !policy::opens_something(permission, &roles) {
            errors.push(FieldError::new(
                "permissions",
                Message::new("field-permission-opens-nothing").with("permission", &name),
            ));
        }
        kept.push(name);
    }
    kept.sort_unstable();
    Ok(kept)
}

/// There is always an administrator (A46); counted under the lock of all such changes.
fn guard_last_administrator(tx: &mut Tx<'_>) -> AppResult<()> {
    if store::count_active_administrators(tx.conn())? == 0 {
        return Err(AppError::conflict("error-last-administrator"));
    }
    Ok(())
}

fn names(roles: &RoleSet) -> Vec<String> {
    roles.iter().map(|role| role.to_string()).collect()
}

pub(super) fn record_of(user: &UserRow) -> AccountRecord {
    AccountRecord {
        username: user.username.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        surname: user.surname.clone(),
        language: user.language.clone(),
        roles: user.roles.clone(),
        version: user.version,
    }
}
