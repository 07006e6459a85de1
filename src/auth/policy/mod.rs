//! Who may do what: the table of `access.csv`, asked through [`Actor::allow`] and through nothing else (A15).
//!
//! The HTML page, the API operation and the CSV of one use case make this one call. The roles page and the test that walks
//! over every route read the same table.

mod operation;
mod table;
#[cfg(test)]
mod tests;

use super::permission::{Permission, PermissionSet};
use super::role::{Role, RoleSet};
use super::token_scope::TokenScopes;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
pub use operation::Operation;
pub use table::{Cell, Column, Row, rows};

/// How far a right reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Only what is theirs; the use case checks the object.
    Own,
    /// Everything of the kind.
    Any,
}

/// Who is asking: an active user with what he may do at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// Name and surname, to be shown.
    pub name: String,
    /// The role set.
    pub roles: RoleSet,
    /// What the roles bring along and what was granted.
    pub permissions: PermissionSet,
    /// What of it a script's token has; nothing said: all of it.
    pub limits: Option<TokenScopes>,
}

impl Actor {
    /// How far `operation` is allowed: the union over the roles, the farthest wins.
    ///
    /// # Errors
    /// Forbidden, when no role and no permission allows it.
    pub fn allow(&self, operation: Operation) -> AppResult<Scope> {
        self.scope(operation).ok_or(AppError::Forbidden)
    }

    /// Whether `operation` is allowed at all, be it for one's own things only: what navigation and buttons ask.
    #[must_use]
    pub fn may(&self, operation: Operation) -> bool {
        self.scope(operation).is_some()
    }

    /// Whether this is a machine, which has no page: its only role is internalservice (A22).
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.roles == RoleSet::from(Role::Internalservice)
    }

    fn scope(&self, operation: Operation) -> Option<Scope> {
        if let Some(limits) = &self.limits
            && !limits.allow(operation)
        {
            return None;
        }
        let row = table::row(operation);
        self.roles
            .iter()
            .filter_map(|role| self.scope_of(row.cell(Column::Role(role))))
            .max()
    }

    fn scope_of(&self, cell: Cell) -> Option<Scope> {
        match cell {
            Cell::No => None,
            Cell::Yes => Some(Scope::Any),
            Cell::Own => Some(Scope::Own),
            Cell::With(permission) => self.permissions.contains(permission).then_some(Scope::Any),
        }
    }
}

/// Whether a permission opens anything for somebody of these roles that they could not do without it.
#[must_use]
pub fn opens_something(permission: Permission, roles: &RoleSet) -> bool {
    rows().iter().any(|row| {
        roles
            .iter()
            .any(|role| row.cell(Column::Role(role)) == Cell::With(permission))
    })
}

/// Whether somebody without a session or token may do this.
#[must_use]
pub fn anonymous_may(operation: Operation) -> bool {
    table::row(operation).cell(Column::Anonymous) != Cell::No
}
