//! The front door: each role's home.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};

use crate::auth::{Actor, Operation, Role, Viewer};
use crate::platform::web::redirect;

/// Mounts the front door.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/", get().to(show_home));
}

async fn show_home(viewer: Viewer) -> HttpResponse {
    redirect(home_of(&viewer.actor))
}

/// The page that a person needs first.
fn home_of(actor: &Actor) -> &'static str {
    if actor.roles.contains(Role::Administrator) {
        "/analytics"
    } else if actor.roles.contains(Role::Manager) && actor.may(Operation::AllTasks) {
        "/tasks/all"
    } else if actor.roles.contains(Role::Accountant) {
        "/accounting"
    } else {
        "/tasks"
    }
}
