//! The operator's own pages, and the invariants of the whole system.
//!
//! The invariants are questions to the auditors' views (`report_v1`) and to the catalogue; each gives the rows that break it, and
//! none on a quiet, healthy system. `ates verify` and the page of checks ask the same ones. Operations reads; all that it
//! changes is whether a subscriber is paused, and that through the bus, and its own alerts about steps of the planned scenarios that did
//! not follow. It publishes nothing, and it knows the domain modules only by what those views show.

mod abuse;
mod api;
mod audit;
mod doctor;
mod invariants;
mod pages;
mod queries;
mod reconciler;
mod scenarios;
mod seals;
mod service;
mod views;
mod window;

use actix_web::web::ServiceConfig;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::auth::{NavEntry, Operation};
use crate::platform::db::DbRole;

pub use audit::{LatestAct, list_latest_acts};
pub use doctor::{Diagnosis, examine, examine_by_hand, examine_nightly};
pub use invariants::{INVARIANTS, Invariant};
pub use queries::{
    BookedAssignment, BookedPayout, BookedTask, BookedTransfer, Books, Finding, UnsentMails,
    read_books, unsent_mails, verify, verify_seals,
};
pub use reconciler::{reconcile, start_reconciler};
pub use scenarios::{PLAN, Proposal, Step, count_open_alerts, watch_scenarios};
pub use service::{Node, Stage, Tree, Visit, release, stop_from_host, trees};
pub use window::{Part, Window};

/// Mounts the pages and the API.
pub fn configure(app: &mut ServiceConfig) {
    pages::configure(app);
    api::configure(app);
}

/// The module's part of the API's document.
#[must_use]
pub fn document() -> OpenApi {
    api::Document::openapi()
}

/// The module's role in the database: it reads the run table of the platform, the bus's cursors and the auditors' views, and keeps the
/// alerts of the scenarios.
pub const ROLE: DbRole = DbRole::new("ates_platform");

/// The module's places in the admin section.
pub const ADMIN: &[NavEntry] = &[
    NavEntry {
        href: "/admin/modules",
        label: "nav-modules",
        operation: Operation::Operate,
    },
    NavEntry {
        href: "/admin/dead-letters",
        label: "nav-letters",
        operation: Operation::Operate,
    },
    NavEntry {
        href: "/admin/events",
        label: "nav-events",
        operation: Operation::Operate,
    },
    NavEntry {
        href: "/admin/runs",
        label: "nav-runs",
        operation: Operation::Operate,
    },
    NavEntry {
        href: "/admin/checks",
        label: "nav-checks",
        operation: Operation::Checks,
    },
    NavEntry {
        href: "/admin/emergency-stop",
        label: "nav-stop",
        operation: Operation::Checks,
    },
    NavEntry {
        href: "/admin/scenarios",
        label: "nav-scenarios",
        operation: Operation::Checks,
    },
    NavEntry {
        href: "/admin/audit",
        label: "nav-audit",
        operation: Operation::MoneyAudit,
    },
    NavEntry {
        href: "/admin/abuse",
        label: "nav-abuse",
        operation: Operation::SecurityAudit,
    },
];
