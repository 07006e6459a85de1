//! Users as those who act.

use diesel::pg::PgConnection;

use crate::auth::store::{self, UserRow};
use crate::auth::{Actor, Permission, PermissionSet, Role, RoleSet};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;

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
        limits: None,
    })
}

/// A user who is active; 404 for any other.
pub(super) fn active(user: Option<UserRow>) -> AppResult<UserRow> {
    user.filter(|user| user.deactivated_at.is_none())
        .ok_or(AppError::NotFound)
}
