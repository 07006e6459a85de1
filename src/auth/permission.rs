//! The seven permissions that a role brings along or an administrator grants (spec: who may do what).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A right beyond one's own tasks and account. Written as in [`Permission::as_str`] everywhere outside the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See all tasks and who has them.
    CanSeeAllTasks,
    /// Shuffle the open tasks and see the run.
    CanReassignTasks,
    /// See the company's earnings, all transfers and the payout runs.
    CanSeeCompanyMoney,
    /// Settle an overdue date.
    CanRunPayouts,
    /// See the analytics.
    CanSeeAnalytics,
    /// Create, change and deactivate users, their roles and permissions.
    CanManageUsers,
    /// Pause modules, look after the bus, stop and release the system.
    CanOperate,
}

/// The text names no permission.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no permission named {0:?}")]
pub struct UnknownPermission(pub String);

impl Permission {
    /// Every permission, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::CanSeeAllTasks,
        Self::CanReassignTasks,
        Self::CanSeeCompanyMoney,
        Self::CanRunPayouts,
        Self::CanSeeAnalytics,
        Self::CanManageUsers,
        Self::CanOperate,
    ];

    /// The name in tokens, forms, files and the database, such as `can_see_all_tasks`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CanSeeAllTasks => "can_see_all_tasks",
            Self::CanReassignTasks => "can_reassign_tasks",
            Self::CanSeeCompanyMoney => "can_see_company_money",
            Self::CanRunPayouts => "can_run_payouts",
            Self::CanSeeAnalytics => "can_see_analytics",
            Self::CanManageUsers => "can_manage_users",
            Self::CanOperate => "can_operate",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

/// A sorted set of permissions, possibly empty; an array of names on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PermissionSet(BTreeSet<Permission>);

impl PermissionSet {
    /// Reads `can_operate;can_see_analytics`; an empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, UnknownPermission> {
        text.split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(Permission::from_str)
            .collect()
    }

    /// Whether `permission` is in the set.
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Whether every permission of `other` is here too: nobody grants beyond his own rights (A46).
    pub fn covers(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }

    /// The permissions of both sets.
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The permissions, in the order of [`Permission::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl IntoIterator for PermissionSet {
    type Item = Permission;
    type IntoIter = std::collections::btree_set::IntoIter<Permission>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_one_name_in_text_and_json() {
        for permission in Permission::ALL {
            assert_eq!(permission.to_string().parse(), Ok(permission));
            let json = serde_json::to_value(permission).expect("a name is json");
            assert_eq!(json, permission.as_str());
        }
        assert!("Can_Operate".parse::<Permission>().is_err());
        assert!("can_complete_others_task".parse::<Permission>().is_err());
    }

    #[test]
    fn a_set_is_an_array_in_the_order_of_the_table() {
        let set = PermissionSet::parse("can_operate; can_see_all_tasks;can_operate");
        let set = set.expect("both are permissions");
        let json = serde_json::to_string(&set).expect("names are json");
        assert_eq!(json, r#"["can_see_all_tasks","can_operate"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&json).ok(), Some(set));
        assert_eq!(PermissionSet::parse(" "), Ok(PermissionSet::default()));
        assert!(PermissionSet::parse("can_fly").is_err());
    }

    #[test]
    fn a46_a_set_covers_only_what_it_has() {
        let one: PermissionSet = [Permission::CanOperate].into_iter().collect();
        let all: PermissionSet = Permission::ALL.into_iter().collect();
        assert!(all.covers(&one) && !one.covers(&all));
        assert_eq!(one.union(&all), all);
    }
}
