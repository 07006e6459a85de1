//! The use cases: book what happened to tasks, settle a date, send the mails.

mod bank;
mod booking;
mod corrections;
mod mailing;
mod seals;
mod settlement;

pub(super) use bank::{make_bank_file, set_bank_account};
pub(super) use booking::{Happened, Terms, Work, book};
pub(super) use corrections::{
    Adjustment, confirm, reject, request_adjustment, request_missing, withdraw,
};
pub use mailing::mail_step;
pub(super) use mailing::{Content, Letters, Notice, send_again, send_given_up_again, write_mails};
pub(super) use seals::seal_next_day;
pub(super) use settlement::{JOB, Units, Wait, close_date, close_dates, is_due, pay_to_workers};
pub use settlement::{Run, RunStatus};

/// The name of the subscriber that fills the ledger.
pub(super) const LEDGER: &str = "accounting.ledger";
