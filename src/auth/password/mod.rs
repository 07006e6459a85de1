//! Passwords: the rule and the strength, the hash, and the gate in front of the hashing.

mod gate;
mod hash;
mod rule;

pub use gate::{PasswordGate, hash_password};
pub use hash::Verdict;
pub use rule::{PASSWORD_MAX, PASSWORD_MIN, check_password, judge};
