//! What the company earned, who is in the minus, and which closed tasks were the dearest (N02 to N05).
//!
//! Analytics hears events of auth, tasks and accounting and keeps its own sums of them, so its pages work while the others are
//! down, and its tables can be thrown away and built again from the log. It publishes nothing, and it knows none of the modules
//! that it hears of: neither their code nor their tables.

mod api;
mod model;
mod pages;
mod queries;
mod service;
mod store;
mod subscriber;
mod views;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::auth::{NavEntry, Operation};
use crate::bus::Subscriber;
use crate::platform::config::Config;
use crate::platform::db::DbRole;

pub use pages::configure;
pub use subscriber::PROJECTION;

/// The module's part of the API's document.
#[must_use]
pub fn document() -> OpenApi {
    api::Document::openapi()
}

/// The module's role in the database.
pub const ROLE: DbRole = DbRole::new("ates_analytics");

/// The module's places in the navigation.
pub const NAV: &[NavEntry] = &[NavEntry {
    href: "/analytics",
    label: "nav-analytics",
    operation: Operation::Analytics,
}];

/// What the module wants to be told of.
#[must_use]
pub fn subscribers(config: &Config) -> Vec<Box<dyn Subscriber>> {
    vec![Box::new(subscriber::Projection::new(config.zone))]
}
