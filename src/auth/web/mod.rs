//! Who is asking: the session behind a page, the token behind an API call, and where they may go.

mod feed;
mod navigation;
mod origin;
mod outage;
mod program;
mod session;
mod viewer;

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::service::actor_from;
use super::store::UserRow;
use super::{Actor, Permission};
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};

pub use feed::{FeedDoor, FeedReader};
pub use navigation::{NavEntry, Navigation};
pub(super) use origin::origin_of;
pub use outage::Recognised;
pub use program::ApiUser;
pub(super) use program::factor_missing;
pub use session::session;
pub(super) use session::{Confirmed, role_name};
pub use viewer::Viewer;

/// What was put into the app's data.
pub(super) fn data<T: 'static>(request: &HttpRequest) -> AppResult<&T> {
    request
        .app_data::<Data<T>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| AppError::internal("the app was built without something that auth needs"))
}

/// Somebody who acts; with a public board everyone but a service sees all tasks (decision 14).
fn actor_of_request(request: &HttpRequest, user: &UserRow) -> AppResult<Actor> {
    let mut actor = actor_from(user)?;
    if data::<Config>(request)?.public_board && !actor.is_service() {
        actor.permissions = actor
            .permissions
            .union(&[Permission::CanSeeAllTasks].into_iter().collect());
    }
    Ok(actor)
}
