//! All SQL that writes the schema `accounting`, and what is read under its locks.
//!
//! The ledger's lock is the advisory lock (7781, 3): bookings hold it shared; who begins the close of a date, or lets a held account
//! go, holds it alone. So the date and the holds that a booking goes by cannot change before its commit, and that costs it no write.

mod bank;
mod corrected;
mod corrections;
mod days;
mod figures;
mod held;
mod ledger;
mod mails;
mod people;
mod prices;
mod seals;
mod settlement;
mod unbooked;

pub(super) use bank::{
    StoredFile, UNORDERED, has_account, insert_bank_file, insert_bank_file_lines,
    list_bank_file_lines, list_bank_files, put_bank_account,
};
pub(super) use corrected::{Corrected, find_date, find_transfer};
pub(super) use corrections::{
    Booked, Missing, NewCorrection, OpenCorrection, decide_correction, find_dead_item,
    find_employee, find_missing, insert_correction, list_missing_of, lock_correction,
};
pub(super) use days::{
    ALL_ACCOUNTS, BusinessDay, begin_closing, close_business_day, find_day, first_open_day,
    insert_day, is_turn_of, last_closed_day, lock_begun_day, lock_days, next_unclosed_day,
    note_settled_through,
};
pub(super) use figures::Figures;
pub(super) use held::{WaitsFor, count_held, hold_accounts, list_free_accounts, release_accounts};
pub(super) use ledger::{OpenLedger, Posted};
pub(super) use mails::{
    ClaimedMail, DayDigest, GivenUp, MAIL_WAITS, Matter, Unwritten, claim_mails, find_matter,
    find_sendable, follow_addresses, insert_mails_of, list_unwritten_digests,
    list_unwritten_statements, postpone_mails, release_mails, send_again, send_given_up_again,
    update_failed, update_sent, update_waiting,
};
pub(super) use people::{NewEmployee, deactivate_employee, upsert_employees};
pub(super) use prices::{NewTitle, insert_prices, list_prices, upsert_titles};
pub use seals::Seal;
pub(super) use seals::seal_next_day;
pub(super) use settlement::{
    Line, StatementRow, Totals, insert_mails, insert_payouts, insert_statements, list_lines,
    list_turns, sum_statements,
};
pub(super) use unbooked::{
    Unbooked, is_paused, list_unbooked_assignments, list_unbooked_completions, list_unpriced_tasks,
};
