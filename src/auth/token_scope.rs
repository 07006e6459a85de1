//! What of its owner's rights a token for a script has.

use std::collections::BTreeSet;

use super::Operation;

/// A part of somebody's rights that can be handed to a script. There is none for users, rights and the system: a script never
/// has those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// One's own record.
    Profile,
    /// Reading tasks.
    TasksRead,
    /// Creating, changing and completing tasks.
    TasksWrite,
    /// Shuffling.
    Shuffle,
    /// One's own balance and log.
    Account,
    /// The company's money.
    CompanyMoney,
    /// Settling overdue dates and seeing the runs.
    Payouts,
    /// Analytics.
    Analytics,
    /// Reading the events.
    Events,
}

impl TokenScope {
    /// Every scope, in the order in which they are offered.
    pub const ALL: [Self; 9] = [
        Self::Profile,
        Self::TasksRead,
        Self::TasksWrite,
        Self::Shuffle,
        Self::Account,
        Self::CompanyMoney,
        Self::Payouts,
        Self::Analytics,
        Self::Events,
    ];

    /// Its name in forms and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::TasksRead => "tasks_read",
            Self::TasksWrite => "tasks_write",
            Self::Shuffle => "shuffle",
            Self::Account => "account",
            Self::CompanyMoney => "company_money",
            Self::Payouts => "payouts",
            Self::Analytics => "analytics",
            Self::Events => "events",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// What it allows, as far as the owner may do it.
    #[must_use]
    pub const fn operations(self) -> &'static [Operation] {
        match self {
            Self::Profile => &[Operation::OwnProfile],
            Self::TasksRead => &[Operation::OwnTasks, Operation::AllTasks, Operation::OneTask],
            Self::TasksWrite => &[
                Operation::CreateTask,
                Operation::EditTask,
                Operation::CompleteTask,
            ],
            Self::Shuffle => &[Operation::Shuffle],
            Self::Account => &[Operation::OwnMoney],
            Self::CompanyMoney => &[
                Operation::CompanyEarnings,
                Operation::CompanyTransfers,
                Operation::Payouts,
            ],
            Self::Payouts => &[Operation::RunPayouts, Operation::Payouts],
            Self::Analytics => &[Operation::Analytics],
            Self::Events => &[Operation::EventFeed],
        }
    }
}

/// The scopes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenScopes(BTreeSet<TokenScope>);

impl TokenScopes {
    /// Whether one of them allows an operation.
    #[must_use]
    pub fn allow(&self, operation: Operation) -> bool {
        self.0
            .iter()
            .any(|scope| scope.operations().contains(&operation))
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_never_gets_rights_over_users_or_the_system() {
        for operation in [
            Operation::OwnSessions,
            Operation::ManageUsers,
            Operation::Operate,
            Operation::RequestCorrections,
            Operation::ConfirmCorrections,
        ] {
            assert!(!TokenScopes::from_iter(TokenScope::ALL).allow(operation));
        }
        for scope in TokenScope::ALL {
            assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
        }
    }
}
