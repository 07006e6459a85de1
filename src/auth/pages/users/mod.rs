//! The administrator's pages about users (A04, A05, A20, A26).

mod access;
mod edit;
mod list;
mod register;

use actix_web::http::StatusCode;
use uuid::Uuid;

use crate::auth::Role;
use crate::auth::service;
use crate::auth::store::UserRow;
use crate::auth::web::role_name;
use crate::platform::error::FieldError;
use crate::platform::i18n::Lang;

pub(super) use access::{
    deactivate_user, end_sessions, mail_reset_link, make_token, remove_factors, revoke_token,
};
pub(super) use edit::{show_user, update_user};
pub(super) use list::{export_users, list_users};
pub(super) use register::{new_user, register_user};

/// A role to be ticked.
struct RoleChoice {
    code: &'static str,
    name: String,
    chosen: bool,
}

fn choices(lang: Lang, chosen: &[String]) -> Vec<RoleChoice> {
    Role::ALL
        .iter()
        .map(|role| RoleChoice {
            code: role.as_str(),
            name: role_name(lang, role.as_str()),
            chosen: chosen.iter().any(|name| name == role.as_str()),
        })
        .collect()
}

/// A row of the list.
struct UserView {
    id: Uuid,
    name: String,
    username: String,
    email: String,
    roles: String,
    active: bool,
}

impl UserView {
    fn of(lang: Lang, user: &UserRow) -> Self {
        let roles: Vec<String> = user
            .roles
            .iter()
            .map(|role| role_name(lang, role))
            .collect();
        Self {
            id: user.id,
            name: user.full_name(),
            username: user.username.clone(),
            email: user.email.clone(),
            roles: roles.join(", "),
            active: user.deactivated_at.is_none(),
        }
    }
}

/// The status of a form that comes back.
fn status_of(errors: &[FieldError]) -> StatusCode {
    if errors.is_empty() {
        StatusCode::OK
    } else if service::is_only_taken(errors) {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}
