//! Prices, the ledger, the settlement of the day, its statements and mails.
//!
//! Accounting hears of people and tasks, prices each task once, charges a fee for each assignment and credits a reward at
//! completion. One row of the ledger is one transfer, signed from the employee's side, with the account it goes against; balances
//! move in the same statement. After the end of a business date it pays out what is above zero, carries debts over and writes the
//! statements of the day. It publishes `task.estimated`, `audit_log_record.created`, `payment_log_record.created`,
//! `business_day.closed`, `email.sent` and `email.failed`.
//!
//! It knows neither how tasks are drawn nor who logs in: names, addresses and titles are its own copies, fed by events, so that
//! its pages work and its mails leave while the other modules are away (M39).

mod api;
mod bank;
mod correction;
mod jobs;
mod model;
mod pages;
mod period;
mod queries;
mod service;
mod store;
mod subscriber;
mod views;

use actix_web::web::ServiceConfig;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::auth::{NavEntry, Operation};
use crate::bus::Subscriber;
use crate::platform::config::Config;
use crate::platform::db::DbRole;

pub use jobs::{
    MAIL_WAITS, export_bank_file, open_first_day, seal_due, settle_date, settle_due, sweep,
    write_mails,
};
pub use model::{Price, Settled, price, settle};
pub use queries::{
    EarningsCheck, EarningsDifference, HeldFigures, JournalFormat, MailCounts, OwnFigures, PaidDay,
    check_earnings, count_mails, count_open_dates, export_journal, export_payouts,
    export_transfers, find_last_run, held_figures, list_paid_days, show_own_figures,
};
pub use service::{Run, RunStatus, mail_step};
pub use store::Seal;

/// The module's role in the database.
pub const ROLE: DbRole = DbRole::new("ates_accounting");

/// Its places in the navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry {
        href: "/accounting",
        label: "nav-accounting",
        operation: Operation::CompanyEarnings,
    },
    NavEntry {
        href: "/account",
        label: "nav-account",
        operation: Operation::OwnMoney,
    },
];

/// Its places in the admin section.
pub const ADMIN: &[NavEntry] = &[
    NavEntry {
        href: "/accounting/payouts",
        label: "nav-payouts",
        operation: Operation::Payouts,
    },
    NavEntry {
        href: "/accounting/corrections",
        label: "nav-corrections",
        operation: Operation::RequestCorrections,
    },
    NavEntry {
        href: "/admin/mails",
        label: "nav-mails",
        operation: Operation::Payouts,
    },
];

/// Its subscribers of the bus.
#[must_use]
pub fn subscribers(config: &Config) -> Vec<Box<dyn Subscriber>> {
    vec![Box::new(subscriber::Ledger::new(config))]
}

/// Mounts its pages and its API.
pub fn configure(app: &mut ServiceConfig) {
    pages::configure(app);
    api::configure(app);
}

/// The module's part of the API's document.
#[must_use]
pub fn document() -> OpenApi {
    api::Document::openapi()
}
