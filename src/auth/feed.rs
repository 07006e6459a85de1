//! What people may subscribe to with a program that cannot log in.

use super::Operation;

/// A kind of feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// One's own open tasks.
    Tasks,
    /// The days on which one is paid.
    Payouts,
}

impl FeedKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Tasks, Self::Payouts];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Payouts => "payouts",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What its owner must be allowed to do, each time it is read.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Tasks => Operation::OwnTasks,
            Self::Payouts => Operation::OwnMoney,
        }
    }
}
