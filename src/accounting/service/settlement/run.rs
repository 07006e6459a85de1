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
    /// It waits, for this reason in words, and is tried again.
    Waiting(&'static str),
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
            RunStatus::Waiting(reason) => write!(f, "{}: waiting, {reason}", self.business_date),
        }
    }
}
