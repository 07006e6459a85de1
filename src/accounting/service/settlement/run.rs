//! What a settlement has to say.

use std::fmt;

use chrono::NaiveDate;

use crate::platform::money::Money;

/// How the settlement of a date stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The date.
    pub business_date: NaiveDate,
    /// Whether it is done.
    pub status: RunStatus,
    /// How many were paid.
    pub people: i32,
    /// What was paid in all.
    pub total: Money,
}

/// Whether a date is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It is.
    Done,
    /// It waits for something and is tried again.
    Waiting(Wait),
}

/// What a settlement waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The ledger has not yet heard of everything that happened before the end of the date.
    Ledger,
    /// Some events of the date could not be booked.
    Repair,
}

impl Wait {
    /// In English, for the run table, the log and the command line.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ledger => {
                "the ledger has not yet heard of everything that happened before the end of the date"
            }
            Self::Repair => "some events of the date could not be booked and wait for repair",
        }
    }

    /// What the words in the run table mean, if they are of a settlement that waits.
    #[must_use]
    pub fn of_words(words: &str) -> Option<Self> {
        [Self::Ledger, Self::Repair]
            .into_iter()
            .find(|wait| wait.words() == words)
    }
}

impl RunStatus {
    /// The word in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting(_) => "waiting",
        }
    }
}

/// One line for the command line.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            RunStatus::Done => {
                write!(
                    f,
                    "{}: settled, {} people were paid {} in all",
                    self.business_date, self.people, self.total
                )
            }
            RunStatus::Waiting(wait) => {
                write!(f, "{}: waiting, {}", self.business_date, wait.words())
            }
        }
    }
}
