//! Who people are and what they may do.
//!
//! Auth keeps users with their roles, passwords and sessions, signs access tokens, and answers every question of the kind
//! "may they?" from one table ([`Actor::allow`]). It publishes `account.created`, `account.updated`, `account.deleted` and
//! `account.logged_in`. It knows nothing of tasks and of money.

mod api;
mod beak;
mod device;
mod feed;
mod pages;
mod password;
mod permission;
mod person;
mod policy;
mod provider;
mod role;
mod schemas;
mod service;
mod store;
mod token_scope;
mod tokens;
mod web;

use actix_web::web::ServiceConfig;
use chrono::Duration;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Lane, Origin};
use crate::platform::error::AppResult;

pub use feed::FeedKind;
pub use pages::ConfirmedForm;
pub use password::{PasswordGate, hash_password};
pub use permission::{Permission, PermissionSet, UnknownPermission};
pub use policy::{
    Actor, Cell, Column, Operation, Row as AccessRow, Scope, anonymous_may, rows as access_table,
};
pub use provider::CompanyProvider;
pub use role::{Role, RoleError, RoleSet};
pub use service::{
    CheckedAccount, FoundUser, ImportedPerson, NewAccount, NewAdministrator, NewPerson,
    PersonError, Setup, UserChange, actor_by_username, actor_of, confirm_password, create_admin,
    deactivate_user, end_feed, first_administrator, list_feeds, mail_step, make_feed, open_setup,
    register_people, register_user, search_users, set_language, set_password_hash, update_user,
};
pub use store::{FeedRow, MailCounts, count_mails, count_users};
pub use token_scope::{TokenScope, TokenScopes};
pub use tokens::{Rotation, TokenKeys, rotate_keys};
pub use web::{ApiUser, FeedDoor, FeedReader, NavEntry, Navigation, Recognised, Viewer, session};

/// The condition in SQL under which [`mail_step`] has work; `$1` is the time.
pub const MAIL_WAITS: &str = store::MAIL_WAITS;

/// How long mails about accounts that have left are shown.
const MAILS_KEPT: Duration = Duration::days(90);

/// The module's role in the database.
pub const ROLE: DbRole = DbRole::new("ates_auth");

/// The module's places in the admin section.
pub const ADMIN: &[NavEntry] = &[
    NavEntry {
        href: "/admin/users",
        label: "nav-users",
        operation: Operation::ManageUsers,
    },
    NavEntry {
        href: "/admin/roles",
        label: "nav-roles",
        operation: Operation::ManageUsers,
    },
    NavEntry {
        href: "/admin/account-mails",
        label: "nav-account-mails",
        operation: Operation::ManageUsers,
    },
];

/// Mounts the module's pages and its API.
pub fn configure(app: &mut ServiceConfig) {
    pages::configure(app);
    api::configure(app);
}

/// The module's part of the API's document.
#[must_use]
pub fn document() -> OpenApi {
    api::Document::openapi()
}

/// Removes sessions, API log-ins, counted failures and tries, log-ins at the provider, links, mails and signing keys whose time is over.
///
/// # Errors
/// Those of the database.
pub fn clean_up(db: &Db, config: &Config) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let now = tx.now;
        store::delete_expired(tx.conn(), now)?;
        store::delete_expired_challenges(tx.conn(), now)?;
        store::delete_expired_ceremonies(tx.conn(), now)?;
        store::delete_expired_families(tx.conn(), now)?;
        store::delete_expired_links(tx.conn(), now)?;
        store::delete_spent_throttles(tx.conn(), now)?;
        store::delete_old_registrations(tx.conn(), now - service::REGISTRATION_LIFE)?;
        store::delete_expired_setup_codes(tx.conn(), now)?;
        store::delete_old_mails(tx.conn(), now - MAILS_KEPT)?;
        store::delete_expired_visits(tx.conn(), now)?;
        tokens::remove_old_keys(tx, config)
    })
}
