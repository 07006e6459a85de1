//! Money as people see it: prices, fees, rewards, payouts, mails, exports.

mod bank;
pub mod books;
mod corrections;
mod downloads;
mod export;
mod ledger;
mod mails;
mod million;
mod pages;
mod random;
mod rows;
mod seals;
mod settlement;
mod statements;
mod sweep;
