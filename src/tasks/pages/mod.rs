//! The pages: each handler reads its input, calls one use case or query, and answers with a page or sends the browser on.

mod all;
mod form;
mod mine;
mod progress;
mod shuffles;
mod task;

use actix_web::web::{ServiceConfig, get, post, resource};

use uuid::Uuid;

use super::api;
use crate::auth::Actor;
use crate::platform::db::{Tx, once};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::web::{FlashKind, FlashView, Frame};

/// Mounts the pages and the API.
pub fn configure(app: &mut ServiceConfig) {
    app.service(
        resource("/tasks")
            .route(get().to(mine::list_my_tasks))
            .route(post().to(form::create_task)),
    )
    .service(resource("/tasks.csv").route(get().to(mine::export_my_tasks)))
    .service(resource("/tasks/all").route(get().to(all::list_all_tasks)))
    .service(resource("/tasks/all.csv").route(get().to(all::export_all_tasks)))
    .service(resource("/tasks/new").route(get().to(form::new_task)))
    .service(
        resource("/tasks/{uid}")
            .route(get().to(task::show_task))
            .route(post().to(form::update_task)),
    )
    .service(resource("/tasks/{uid}/edit").route(get().to(form::edit_task)))
    .service(resource("/tasks/{uid}/completion").route(post().to(mine::complete_task)))
    .service(
        resource("/shuffles")
            .route(get().to(shuffles::list_shuffles))
            .route(post().to(shuffles::request_shuffle)),
    )
    .service(resource("/shuffles.csv").route(get().to(shuffles::export_shuffles)))
    .service(resource("/shuffles/new").route(get().to(shuffles::new_shuffle)))
    .service(resource("/shuffles/{uid}").route(get().to(shuffles::show_shuffle)))
    .service(resource("/shuffles/{uid}/progress").route(get().to(progress::stream_progress)))
    .service(resource("/shuffles/{uid}/draw.csv").route(get().to(progress::export_draw)))
    .service(resource("/shuffles/{uid}/people.csv").route(get().to(progress::export_candidates)))
    .configure(api::configure);
}

/// The reason of a refusal that its page can show in place, if it is one.
fn reason_of(error: &AppError) -> Option<&Message> {
    match error {
        AppError::Conflict(message)
        | AppError::Refused(message)
        | AppError::TooManyRequests { message, .. } => Some(message),
        _ => None,
    }
}

/// Shows why something was not done on the page where it was tried.
fn tell(frame: &mut Frame, reason: &Message) {
    frame.flash = Some(FlashView {
        kind: FlashKind::Error,
        text: frame.text(reason),
        link: None,
    });
}

/// Runs `work` once for each key of a form; a form without a key is taken at its word.
fn once_if_keyed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    key: Option<Uuid>,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<String>,
) -> AppResult<String> {
    match key {
        Some(key) => once(tx, actor.id.0, key, work),
        None => work(tx),
    }
}
