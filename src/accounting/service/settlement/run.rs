//! What a settlement has to say.

use std::fmt;

use chrono::NaiveDate;

use crate::accounting::store::BusinessDay;
use crate::platform::money::Money;

/// How the settlement of a date stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The date.
    pub business_date: NaiveDate,
    /// Whether it is done.
    pub status: RunStatus,
    /// How many were paid, up to now.
    pub people: i32,
    /// What was paid in all, up to now.
    pub total: Money,
}

impl Run {
    pub(super) fn closed(day: &BusinessDay) -> Self {
        Self {
            business_date: day.business_date,
            status: RunStatus::Done,
            people: day.people.unwrap_or_default(),
            total: day.paid_minor.unwrap_or_default(),
        }
    }

    pub(super) const fn waiting(date: NaiveDate, wait: Wait) -> Self {
        Self {
            business_date: date,
            status: RunStatus::Waiting(wait),
            people: 0,
            total: Money::ZERO,
        }
    }
}

/// Whether a date is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It is closed: everybody is settled.
    Done,
    /// It waits for something and is tried again; nobody is paid yet.
    Waiting(Wait),
    /// Accounts are being settled; the job goes on with it.
    Running,
    /// So many accounts are held until their events are repaired; everybody else is settled.
    Held(i64),
}

/// What a settlement waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The ledger has not yet heard of everything that happened before the end of the date.
    Ledger,
    /// Some events of the date cannot be understood, so nobody knows whose account they concern.
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
            Self::Repair => "some events of the date cannot be understood and wait for repair",
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
    /// Every word in the API.
    pub const WORDS: [&'static str; 4] = ["done", "waiting", "running", "held"];

    /// The word in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting(_) => "waiting",
            Self::Running => "running",
            Self::Held(_) => "held",
        }
    }

    /// Why it is not done, in English; none when it is.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        (*self != Self::Done).then(|| self.to_string())
    }

    /// Whether the close of the next date may begin: nobody is left but held accounts.
    #[must_use]
    pub const fn lets_the_next_begin(&self) -> bool {
        matches!(self, Self::Done | Self::Held(_))
    }
}

/// In words, for the run table and the command line.
impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("settled"),
            Self::Waiting(wait) => f.write_str(wait.words()),
            Self::Running => f.write_str("accounts are being settled"),
            Self::Held(1) => f.write_str("1 account is held until its events are repaired"),
            Self::Held(held) => {
                write!(
                    f,
                    "{held} accounts are held until their events are repaired"
                )
            }
        }
    }
}

/// One line for the command line.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            business_date,
            status,
            people,
            total,
        } = self;
        match status {
            RunStatus::Done => write!(
                f,
                "{business_date}: settled, {people} people were paid {total} in all"
            ),
            RunStatus::Waiting(wait) => write!(f, "{business_date}: waiting, {}", wait.words()),
            left => write!(
                f,
                "{business_date}: {people} people were paid {total} so far, {left}"
            ),
        }
    }
}
