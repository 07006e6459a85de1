//! Registering, changing and deactivating users (A04, A05, A18, A20, A26).

use diesel::pg::PgConnection;
use serde_json::json;

use crate::auth::password::check_password;
use crate::auth::person::{check_email, check_name, check_username};
use crate::auth::store::{self, NewUser, UserRow};
use crate::auth::{Actor, Operation, Permission, PermissionSet, Role, RoleSet};
use crate::events::{self, AccountCreated, AccountDeleted, AccountRecord, AccountUpdated};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, FieldError};
use crate::platform::ids::UserId;

/// What taken names and addresses are called where somebody typed them.
const TAKEN: [(&str, &str, &str); 2] = [
    ("users_username_key", "username", "field-username-taken"),
    ("users_email_key", "email", "field-email-taken"),
];

/// Somebody to be registered, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The log-in name.
    pub username: String,
    /// Where mails go.
    pub email: String,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// The password; the hash of it is made before the unit of work is opened.
    pub password: String,
    /// The role set, by name.
    pub roles: Vec<String>,
}

impl NewAccount {
    /// The user that this becomes, or everything that is wrong with it.
    ///
    /// # Errors
    /// 422 with each field named.
    pub fn check(&self) -> AppResult<CheckedAccount> {
        let mut errors = Vec::new();
        let username = kept(&mut errors, "username", check_username(&self.username));
        let email = kept(&mut errors, "email", check_email(&self.email));
        let name = kept(&mut errors, "name", check_name(&self.name));
        let surname = kept(&mut errors, "surname", check_name(&self.surname));
        let roles = kept(&mut errors, "roles", RoleSet::parse(&self.roles.join(";")));
        if let Err(message) = check_password(&self.password, &self.username, &self.email) {
            errors.push(FieldError::new("password", message));
        }
        match (username, email, name, surname, roles) {
            (Some(username), Some(email), Some(name), Some(surname), Some(roles))
                if errors.is_empty() =>
            {
                Ok(CheckedAccount {
                    username,
                    email,
                    name,
                    surname,
                    roles,
                })
            }
            _ => Err(AppError::Invalid(errors)),
        }
    }
}

/// Somebody to be registered whose every field is in order.
#[derive(Clone, Debug)]
pub struct CheckedAccount {
    username: String,
    email: String,
    name: String,
    surname: String,
    roles: RoleSet,
}

fn kept<T, E: FieldProblem>(
    errors: &mut Vec<FieldError>,
    field: &'static str,
    checked: Result<T, E>,
) -> Option<T> {
    checked
        .map_err(|problem| errors.push(FieldError::new(field, problem.message())))
        .ok()
}

/// A problem of one field that knows its message.
pub(super) trait FieldProblem {
    fn message(&self) -> &'static str;
}

impl FieldProblem for crate::auth::person::UsernameError {
    fn message(&self) -> &'static str {
        match self {
            Self::Length => "field-username-length",
            Self::Characters => "field-username-characters",
        }
    }
}

impl FieldProblem for crate::auth::person::EmailError {
    fn message(&self) -> &'static str {
        match self {
            Self::TooLong => "field-email-long",
            Self::Form => "field-email-form",
        }
    }
}

impl FieldProblem for crate::auth::person::NameError {
    fn message(&self) -> &'static str {
        match self {
            Self::Empty => "field-name-empty",
            Self::TooLong => "field-name-long",
            Self::Characters => "field-name-characters",
        }
    }
}

impl FieldProblem for crate::auth::RoleError {
    fn message(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "field-roles-unknown",
            Self::NoRole => "field-roles-empty",
        }
    }
}

/// A conflict where nothing is wrong but that somebody has this name or address already (A04, A17); other errors stay what they
/// are.
pub(in crate::auth) fn conflict_if_taken(error: AppError) -> AppError {
    match error {
        AppError::Invalid(errors) if is_only_taken(&errors) => match errors.into_iter().next() {
            Some(taken) => AppError::Conflict(taken.message),
            None => AppError::Invalid(Vec::new()),
        },
        other => other,
    }
}

/// Whether a name or an address that somebody has already is all that is wrong.
pub(in crate::auth) fn is_only_taken(errors: &[FieldError]) -> bool {
    let is_taken = |error: &FieldError| {
        TAKEN
            .iter()
            .any(|(.., message)| *message == error.message.id)
    };
    !errors.is_empty() && errors.iter().all(is_taken)
}

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

fn insert(tx: &mut Tx<'_>, account: &CheckedAccount, hash: &str) -> AppResult<UserId> {
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
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// The mail address.
    pub email: Option<String>,
    /// The given name.
    pub name: Option<String>,
    /// The family name.
    pub surname: Option<String>,
    /// The role set, by name.
    pub roles: Option<Vec<String>>,
}

/// Changes a user's record or roles; a change of roles ends the user's sessions and tokens (A05, A26).
///
/// # Errors
/// Forbidden; 404; 422 for what is typed wrongly or taken; conflict for a deactivated user and for the last administrator.
pub fn update_user(
    tx: &mut Tx<'_>,
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
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors));
    }
    after.version += 1;
    let roles_changed = before.roles != after.roles;
    let (by, now) = (tx.origin.actor, tx.now);
    store::update_user(tx.conn(), &after, roles_changed, by, now)
        .map_err(|error| AppError::at_constraint(error, &TAKEN))?;
    if roles_changed {
        store::replace_roles(tx.conn(), id.0, &after.roles)?;
        guard_last_administrator(tx)?;
    }
    events::publish(tx, id, &AccountUpdated(record_of(&after)))?;
    let detail = json!({
        "before": { "email": before.email, "name": before.full_name(), "roles": before.roles },
        "after": { "email": after.email, "name": after.full_name(), "roles": after.roles },
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
    store::delete_sessions_of(tx.conn(), id.0)?;
    events::publish(tx, id, &AccountDeleted { version })?;
    tx.audit(
        "auth.user_deactivated",
        Some(id.0),
        &json!({ "username": user.username }),
    )
}

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
    events::publish(tx, actor.id, &AccountUpdated(record_of(&user))).map(drop)
}

/// Gives a user a password that was hashed before: for people who were imported without one.
///
/// # Errors
/// 404 for an unknown log-in name.
pub fn set_password_hash(tx: &mut Tx<'_>, username: &str, hash: &str) -> AppResult<()> {
    let user = store::find_user_by_username(tx.conn(), username)?.ok_or(AppError::NotFound)?;
    store::update_password(tx.conn(), user.id, hash, true)
}

/// An active user as somebody who acts.
///
/// # Errors
/// 404 for an unknown or deactivated one.
pub fn actor_of(conn: &mut PgConnection, id: UserId) -> AppResult<Actor> {
    actor_from(&active(store::find_user(conn, id.0)?)?)
}

/// The active user of a log-in name as somebody who acts.
///
/// # Errors
/// 404 for an unknown or deactivated one.
pub fn actor_by_username(conn: &mut PgConnection, username: &str) -> AppResult<Actor> {
    actor_from(&active(store::find_user_by_username(conn, username)?)?)
}

/// The administrator with the first log-in name.
///
/// # Errors
/// 404 when there is none.
pub fn first_administrator(conn: &mut PgConnection) -> AppResult<Actor> {
    let filter = store::UserFilter {
        role: Some(Role::Administrator.to_string()),
        ..store::UserFilter::default()
    };
    let administrators = store::list_users(conn, &filter, 1_000)?;
    let first = administrators
        .into_iter()
        .find(|user| user.deactivated_at.is_none());
    actor_from(&active(first)?)
}

/// Somebody who acts, with what roles and grants allow at this moment.
pub(in crate::auth) fn actor_from(user: &UserRow) -> AppResult<Actor> {
    let broken = |reason: String| AppError::internal(format!("user {}: {reason}", user.id));
    let roles = RoleSet::parse(&user.roles.join(";")).map_err(|error| broken(error.to_string()))?;
    let granted: PermissionSet = user
        .permissions
        .iter()
        .map(|name| name.parse::<Permission>())
        .collect::<Result<_, _>>()
        .map_err(|error| broken(error.to_string()))?;
    let permissions = roles.default_permissions().union(&granted);
    Ok(Actor {
        id: UserId(user.id),
        name: user.full_name(),
        roles,
        permissions,
    })
}

fn active(user: Option<UserRow>) -> AppResult<UserRow> {
    user.filter(|user| user.deactivated_at.is_none())
        .ok_or(AppError::NotFound)
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

fn record_of(user: &UserRow) -> AccountRecord {
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
