//! The operator's pages.

mod consumers;
mod events;
mod letters;
mod runs;
mod stop;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig, get, post};

use super::ROLE;
use super::service;
use super::views::ChecksPage;
use crate::auth::Viewer;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::render;

/// Mounts the pages.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/admin/modules", get().to(consumers::list_consumers))
        .route("/admin/modules/{name}", get().to(consumers::show_consumer))
        .route(
            "/admin/modules/{name}/pause",
            post().to(consumers::pause_consumer),
        )
        .route(
            "/admin/modules/{name}/resume",
            post().to(consumers::resume_consumer),
        )
        .route("/admin/dead-letters", get().to(letters::list_letters))
        .route("/admin/dead-letters.csv", get().to(letters::export_letters))
        .route("/admin/dead-letters/choice", get().to(letters::choose))
        .route(
            "/admin/dead-letters/retry",
            post().to(letters::retry_letters),
        )
        .route("/admin/dead-letters/skip", post().to(letters::skip_letters))
        .route(
            "/admin/dead-letters/{name}/{item}",
            get().to(letters::show_letter),
        )
        .route("/admin/events", get().to(events::list_events))
        .route("/admin/events.csv", get().to(events::export_events))
        .route("/admin/events/{uid}", get().to(events::show_event))
        .route("/admin/runs", get().to(runs::list_runs))
        .route("/admin/runs.csv", get().to(runs::export_runs))
        .route("/admin/checks", get().to(show_checks))
        .route("/admin/emergency-stop", get().to(stop::show_stop))
        .route("/admin/emergency-stop", post().to(stop::set_stop))
        .route(
            "/admin/emergency-stop/release",
            post().to(stop::release_stop),
        )
        .configure(super::scenarios::configure)
        .configure(super::audit::configure)
        .configure(super::abuse::configure);
}

async fn show_checks(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    let actor = viewer.actor.clone();
    let agreement = db
        .read(ROLE, move |conn| service::show_checks(conn, &actor))
        .await?;
    render(&ChecksPage::new(viewer.frame, &agreement, db.clock().now()))
}

/// Does something on a thread of its own, as it may have to wait for the step in hand.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    web::block(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}
