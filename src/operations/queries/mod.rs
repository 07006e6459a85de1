//! What operations reads: the auditors' views.

mod invariants;
mod ledger;
mod seals;
mod shuffles;

pub use invariants::{Finding, verify};
pub(super) use invariants::{allow_time, ask, touch};
pub(super) use ledger::{
    Journaled, Leg, LogEvent, legs_ahead_of, list_booked_otherwise, list_journaled, list_legs,
    list_log, list_prices, untold,
};
pub use seals::verify_seals;
pub(super) use shuffles::{ShuffleRun, list_shuffles};
