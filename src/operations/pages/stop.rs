//! `/admin/emergency-stop`: the state, the two forms, and the history (R14).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Deserialize;

use crate::auth::{Operation, PasswordGate, Viewer};
use crate::operations::ROLE;
use crate::operations::service;
use crate::operations::views::{StopPage, StopWords};
use crate::platform::agreement;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::stop;
use crate::platform::web::{Flash, FormBody, FormErrors, redirect_with, render_with};

const PATH: &str = "/admin/emergency-stop";

/// Stops that the page shows.
const SHOWN: i64 = 50;

/// Either form of the page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopForm {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    password: String,
}

/// Whether it is stopped, since when and why, and what was before.
pub(super) async fn show_stop(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    show(viewer, &db, StopWords::default(), &[], StatusCode::OK).await
}

async fn show(
    viewer: Viewer,
    db: &Db,
    words: StopWords,
    errors: &[FieldError],
    status: StatusCode,
) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::Checks)?;
    let (stops, agreement) = db
        .read(ROLE, |conn| {
            Ok((stop::list(conn, SHOWN)?, agreement::find(conn)?))
        })
        .await?;
    let badge = viewer.frame.badge(&agreement, db.clock().now());
    let errors = FormErrors::new(viewer.frame.lang, errors);
    let page = StopPage::new(viewer.frame, &viewer.actor, stops, badge, words, errors);
    render_with(status, &page)
}

/// Sets the stop.
pub(super) async fn set_stop(
    viewer: Viewer,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    form: FormBody<StopForm>,
) -> AppResult<HttpResponse> {
    let StopForm { reason, password } = form.into_inner();
    let (origin, password) = (viewer.origin(), Some(password));
    let outcome = service::stop(&db, &gate, &viewer.actor, origin, &reason, password).await;
    let flash = Flash::warn(Message::new("stop-set-flash"));
    answer(viewer, &db, reason, outcome, flash).await
}

/// Releases it.
pub(super) async fn release_stop(
    viewer: Viewer,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    form: FormBody<StopForm>,
) -> AppResult<HttpResponse> {
    let StopForm { reason, password } = form.into_inner();
    let origin = viewer.origin();
    let outcome = service::release(&db, &gate, &viewer.actor, origin, &reason, password).await;
    let flash = Flash::ok(Message::new("stop-released-flash"));
    answer(viewer, &db, reason, outcome.map(drop), flash).await
}

async fn answer(
    viewer: Viewer,
    db: &Db,
    reason: String,
    outcome: AppResult<()>,
    flash: Flash,
) -> AppResult<HttpResponse> {
    match outcome {
        Ok(()) => Ok(redirect_with(PATH, flash)),
        Err(AppError::Invalid(errors)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(viewer, db, StopWords { reason }, &errors, status).await
        }
        Err(error) => Err(error),
    }
}
