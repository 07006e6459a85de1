//! Tasks: who has which, by chance, and what happened to each.
//!
//! A task is drawn to somebody eligible when it is created, is saving until accounting has priced it, then open, then done for
//! ever. A press of the shuffle draws all open tasks anew. Publishes `task.created`, `task.assigned`, `task.updated`,
//! `task.completed` and `tasks.reassigned`; hears of people from auth and of prices from accounting. It knows nothing of
//! balances, of payouts and of who pays.

mod api;
mod draw;
mod jobs;
mod model;
mod note;
mod pages;
mod proof;
mod purse;
mod queries;
mod service;
mod store;
mod subscriber;
mod title;
mod views;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::auth::{NavEntry, Operation};
use crate::bus::Subscriber;
use crate::platform::db::DbRole;

pub use draw::{Seed, commitment_of, digest_of, draw};
pub use jobs::{SHUFFLE_WAITS, shuffle_step};
pub use model::{Task, TaskText};
pub use pages::configure;
pub use proof::{Chunk, Drawn, RunRecord, Unfair};
pub use purse::{Purse, PurseSource};
pub use queries::{
    FoundPerson, FoundTask, NEWEST, OwnTask, find_record, list_open_assignments, list_to_do,
    search_people, search_tasks,
};
pub use service::{
    ImportReport, TaskRow, complete_task, create_task, import_tasks, request_shuffle, update_task,
};
pub use title::display_title;
pub use views::{status_kind, status_word};

/// The module's part of the API's document.
#[must_use]
pub fn document() -> OpenApi {
    api::Document::openapi()
}

/// The module's role in the database.
pub const ROLE: DbRole = DbRole::new("ates_tasks");

/// The module's places in the navigation.
pub const NAV: &[NavEntry] = &[
    NavEntry {
        href: "/tasks",
        label: "nav-my-tasks",
        operation: Operation::OwnTasks,
    },
    NavEntry {
        href: "/tasks/all",
        label: "nav-all-tasks",
        operation: Operation::AllTasks,
    },
];

/// The module's places in the admin section.
pub const ADMIN: &[NavEntry] = &[NavEntry {
    href: "/shuffles",
    label: "nav-shuffles",
    operation: Operation::Shuffle,
}];

/// What the module wants to be told of.
#[must_use]
pub fn subscribers() -> Vec<Box<dyn Subscriber>> {
    vec![
        Box::new(subscriber::Employees),
        Box::new(subscriber::Prices),
    ]
}
