//! Second factors: codes of an authenticator app, recovery codes, and the log-in in steps (D12).

mod challenge;
mod mandatory;
mod recovery;
mod removal;
mod totp;

pub(in crate::auth) use challenge::{CodeAnswer, challenge_of, prove_code};
pub(super) use challenge::{begin_challenge, check_code};
pub(in crate::auth) use mandatory::must_enrol;
pub(in crate::auth) use recovery::renew_recovery_codes;
pub(super) use recovery::{forget_recovery_codes, fresh_recovery_codes};
pub(in crate::auth) use removal::remove_factors_of;
pub(in crate::auth) use totp::{PendingTotp, begin_totp, confirm_totp, pending_totp, remove_totp};
