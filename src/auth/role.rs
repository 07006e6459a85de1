//! The seven roles, sets of them, and what a role brings along.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::permission::{Permission, PermissionSet};

/// What somebody is in the company. Written in lower case everywhere outside the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks after users and the system.
    Administrator,
    /// Sees and shuffles all tasks.
    Manager,
    /// Does tasks.
    Developer,
    /// Does tasks too.
    Boss,
    /// Sees the company's money.
    Accountant,
    /// A machine that triggers the payout; has no page.
    Internalservice,
    /// Anybody else.
    Other,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Administrator,
        Self::Manager,
        Self::Developer,
        Self::Boss,
        Self::Accountant,
        Self::Internalservice,
        Self::Other,
    ];

    /// The name in tokens, forms, files and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Manager => "manager",
            Self::Developer => "developer",
            Self::Boss => "boss",
            Self::Accountant => "accountant",
            Self::Internalservice => "internalservice",
            Self::Other => "other",
        }
    }

    /// The permissions that come with the role, without any grant.
    pub fn default_permissions(self) -> PermissionSet {
        let permissions: &[Permission] = match self {
            Self::Administrator => &Permission::ALL,
            Self::Manager => &[Permission::CanSeeAllTasks, Permission::CanReassignTasks],
            Self::Accountant => &[Permission::CanSeeCompanyMoney],
            Self::Internalservice => &[Permission::CanRunPayouts],
            Self::Developer | Self::Boss | Self::Other => &[],
        };
        permissions.iter().copied().collect()
    }

    /// Whether the role keeps its holder out of the draw of assignees (T07).
    pub const fn bars_assignment(self) -> bool {
        matches!(
            self,
            Self::Administrator | Self::Manager | Self::Internalservice
        )
    }

    /// The place in the order of strength; the highest becomes the token's one role.
    const fn strength(self) -> u8 {
        match self {
            Self::Administrator => 7,
            Self::Manager => 6,
            Self::Accountant => 5,
            Self::Boss => 4,
            Self::Developer => 3,
            Self::Other => 2,
            Self::Internalservice => 1,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| RoleError::Unknown(text.to_owned()))
    }
}

/// Why a text or list is no set of roles.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RoleError {
    /// Not one of the seven names.
    #[error("there is no role named {0:?}")]
    Unknown(String),
    /// Everybody has at least one role.
    #[error("at least one role is needed")]
    NoRole,
}

/// The roles of one user: sorted as in [`Role::ALL`], never empty; an array of names on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Role>", into = "Vec<Role>")]
pub struct RoleSet(BTreeSet<Role>);

impl RoleSet {
    /// The set of the given roles; one named twice counts once.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Self, RoleError> {
        let roles: BTreeSet<Role> = roles.into_iter().collect();
        if roles.is_empty() {
            return Err(RoleError::NoRole);
        }
        Ok(Self(roles))
    }

    /// Reads `manager;accountant`, with or without spaces.
    pub fn parse(text: &str) -> Result<Self, RoleError> {
        let roles: Vec<Role> = text
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(Role::from_str)
            .collect::<Result<_, _>>()?;
        Self::new(roles)
    }

    /// Whether `role` is among them.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether the holder, if active, takes part in the draw: no role of his bars it (T07).
    pub fn is_assignable(&self) -> bool {
        !self.iter().any(Role::bars_assignment)
    }

    /// The one role to show where only one fits: administrator, manager, accountant, boss, developer, other,
    /// internalservice, in this order.
    pub fn strongest(&self) -> Role {
        self.iter()
            .max_by_key(|role| role.strength())
            .expect("a role set is never empty")
    }

    /// The union of what the roles bring along.
    pub fn default_permissions(&self) -> PermissionSet {
        self.iter().flat_map(Role::default_permissions).collect()
    }

    /// The roles, in the order of [`Role::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }
}

impl From<Role> for RoleSet {
    fn from(role: Role) -> Self {
        Self(BTreeSet::from([role]))
    }
}

impl TryFrom<Vec<Role>> for RoleSet {
    type Error = RoleError;

    fn try_from(roles: Vec<Role>) -> Result<Self, Self::Error> {
        Self::new(roles)
    }
}

impl From<RoleSet> for Vec<Role> {
    fn from(roles: RoleSet) -> Self {
        roles.into_iter().collect()
    }
}

impl IntoIterator for RoleSet {
    type Item = Role;
    type IntoIter = std::collections::btree_set::IntoIter<Role>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for RoleSet {
    /// As [`RoleSet::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Role::as_str).collect();
        f.pad(&names.join(";"))
    }
}

#[cfg(test)]
mod tests;
