//! Money as people see it: prices, fees, rewards, payouts, mails, exports.

pub mod books;
mod corrections;
mod export;
mod ledger;
mod mails;
mod million;
mod pages;
mod random;
mod seals;
mod settlement;
mod sweep;
