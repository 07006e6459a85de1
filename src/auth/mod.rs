//! Who people are and what they may do.
//!
//! Auth keeps users with their roles, passwords and sessions, signs access tokens, and answers every question of the kind
//! "may they?" from one table ([`Actor::allow`]). It publishes `account.created`, `account.updated`, `account.deleted` and
//! `account.logged_in`. It knows nothing of tasks and of money.

mod permission;
mod person;
mod policy;
mod role;

use crate::platform::db::DbRole;

pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use policy::{
    Actor, Cell, Column, Operation, Row as AccessRow, Scope, anonymous_may, rows as access_table,
};
pub use role::{Role, RoleError, RoleSet};

/// The module's role in the database.
pub const ROLE: DbRole = DbRole::new("ates_auth");
