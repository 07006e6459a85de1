//! What operations reads: the auditors' views.

mod books;
mod invariants;
mod ledger;
mod mails;
mod seals;
mod shuffles;

pub use books::{BookedAssignment, BookedPayout, BookedTask, BookedTransfer, Books, read_books};
pub use invariants::{Finding, verify};
pub(super) use invariants::{allow_time, ask, touch};
pub(super) use ledger::{
    Journaled, Leg, LogEvent, legs_ahead_of, list_booked_otherwise, list_journaled, list_legs,
    list_log, list_prices, untold,
};
pub use mails::{UnsentMails, unsent_mails};
pub use seals::verify_seals;
pub(super) use shuffles::{ShuffleRun, list_shuffles};
