//! All SQL that writes the schema `accounting`, and what is read under its locks.
//!
//! The ledger's lock is the advisory lock (7781, 3): bookings hold it shared, the close of a day holds it alone, so a date cannot
//! be closed while something is being booked on it, and a booking costs no write for that.

mod corrections;
mod days;
mod ledger;
mod mails;
mod people;
mod prices;
mod seals;
mod settlement;
mod unbooked;

pub(super) use corrections::{
    Booked, Missing, NewCorrection, OpenCorrection, decide_correction, find_dead_item,
    find_employee, find_missing, find_transfer, insert_correction, list_missing_of,
    lock_correction,
};
pub(super) use days::{
    BusinessDay, close_business_day, find_day, first_open_day, insert_day, last_closed_day,
    lock_days,
};
pub(super) use ledger::{OpenLedger, Posted};
pub(super) use mails::{
    ClaimedMail, MAIL_WAITS, claim_mails, retry_mail, update_failed, update_sent, update_waiting,
};
pub(super) use people::{NewEmployee, deactivate_employee, upsert_employees};
pub(super) use prices::{NewTitle, insert_prices, list_prices, upsert_titles};
pub use seals::Seal;
pub(super) use seals::seal_next_day;
pub(super) use settlement::{
    Line, StatementRow, insert_mails, insert_payouts, insert_statements, list_lines,
};
pub(super) use unbooked::{
    Unbooked, is_paused, list_unbooked_assignments, list_unbooked_completions, list_unpriced_tasks,
};
