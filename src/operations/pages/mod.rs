//! The operator's pages: modules and checks.

mod events;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path, ServiceConfig, get, post};
use serde::Deserialize;

use super::views::{ChecksPage, ModulesPage};
use super::{ROLE, service};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::db::{Db, Origin, READER};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{Flash, FormBody, redirect_with, render};
use crate::platform::workers::Board;

/// A form of nothing but its button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchForm {}

/// A switch of a subscriber.
type Switch = fn(&Db, &Actor, Origin, &str) -> AppResult<()>;

/// Mounts the pages.
pub fn configure(app: &mut ServiceConfig) {
    app.route("/admin/modules", get().to(show_modules))
        .route("/admin/modules/{name}/pause", post().to(pause_module))
        .route("/admin/modules/{name}/resume", post().to(resume_module))
        .route("/admin/events", get().to(events::list_events))
        .route("/admin/events.csv", get().to(events::export_events))
        .route("/admin/events/{uid}", get().to(events::show_event))
        .route("/admin/checks", get().to(show_checks));
}

async fn show_modules(viewer: Viewer, db: Data<Db>, board: Data<Board>) -> AppResult<HttpResponse> {
    let actor = viewer.actor.clone();
    let running = db
        .read(ROLE, move |conn| service::show_running(conn, &actor))
        .await?;
    render(&ModulesPage::new(viewer.frame, running, board.all()))
}

async fn pause_module(
    viewer: Viewer,
    db: Data<Db>,
    name: Path<String>,
    _: FormBody<SwitchForm>,
) -> AppResult<HttpResponse> {
    let name = switch(&viewer, db, name, service::pause).await?;
    let flash = Flash::warn(Message::new("modules-paused-flash").with("name", name));
    Ok(redirect_with("/admin/modules", flash))
}

async fn resume_module(
    viewer: Viewer,
    db: Data<Db>,
    name: Path<String>,
    _: FormBody<SwitchForm>,
) -> AppResult<HttpResponse> {
    let name = switch(&viewer, db, name, service::resume).await?;
    let flash = Flash::ok(Message::new("modules-resumed-flash").with("name", name));
    Ok(redirect_with("/admin/modules", flash))
}

/// Switches on a thread of its own, as it waits for the step in hand; gives the name back.
async fn switch(
    viewer: &Viewer,
    db: Data<Db>,
    name: Path<String>,
    switch: Switch,
) -> AppResult<String> {
    let (actor, origin, name) = (viewer.actor.clone(), viewer.origin(), name.into_inner());
    web::block(move || switch(&db, &actor, origin, &name).map(|()| name))
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}

async fn show_checks(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    let (actor, now) = (viewer.actor.clone(), db.clock().now());
    let operates = actor.may(Operation::Operate);
    let findings = db
        .read(READER, move |conn| service::run_checks(conn, &actor, now))
        .await?;
    render(&ChecksPage::new(viewer.frame, findings, now, operates))
}
