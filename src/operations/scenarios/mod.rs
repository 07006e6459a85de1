//! The scenario validator (R16, E17): what must follow what, and an alert where it does not in time.
//!
//! The plan is data: for each step, what starts it and how to see that it was done, both as questions to the auditors' views. Each
//! look judges only what started since the last one, less the limit that a step has, and looks again at the alerts that are open: a late
//! step clears its alert. What a paused or late consumer has not heard yet is not judged; that it is late is an alert of its own.

mod pages;
mod plan;
mod store;
mod views;
mod watch;

pub(super) use pages::configure;
pub use plan::{PLAN, Proposal, Step};
pub use store::count_open as count_open_alerts;
pub use watch::watch as watch_scenarios;
