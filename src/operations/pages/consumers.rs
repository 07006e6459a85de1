//! `/admin/modules`: who hears events, and the switch of each.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::aside;
use crate::auth::Viewer;
use crate::bus::Roster;
use crate::operations::ROLE;
use crate::operations::service;
use crate::operations::views::{ConsumerPage, ModulesPage, PauseWords};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{Flash, FormBody, FormErrors, redirect_with, render, render_with};
use crate::platform::workers::Board;

/// The form of a pause.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseForm {
    #[serde(default)]
    reason: String,
    confirm: Option<String>,
}

/// The form that lets a holder go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumeForm {
    holder: Option<String>,
}

/// Every consumer and every worker.
pub(super) async fn list_consumers(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    roster: Data<Roster>,
    board: Data<Board>,
) -> AppResult<HttpResponse> {
    let (actor, now) = (viewer.actor.clone(), db.clock().now());
    let consumers = db
        .read(ROLE, move |conn| {
            service::list_consumers(conn, &actor, &roster, now)
        })
        .await?;
    render(&ModulesPage::new(
        viewer.frame,
        consumers,
        config.lag_warning,
        board.all(),
    ))
}

/// One consumer.
pub(super) async fn show_consumer(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    roster: Data<Roster>,
    name: Path<String>,
) -> AppResult<HttpResponse> {
    let words = (PauseWords::default(), FormErrors::none());
    show(
        viewer,
        db,
        &config,
        roster,
        name.into_inner(),
        words,
        StatusCode::OK,
    )
    .await
}

async fn show(
    viewer: Viewer,
    db: Data<Db>,
    config: &Config,
    roster: Data<Roster>,
    name: String,
    (words, errors): (PauseWords, FormErrors),
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (actor, now) = (viewer.actor.clone(), db.clock().now());
    let consumer = db
        .read(ROLE, move |conn| {
            service::show_consumer(conn, &actor, &roster, &name, now)
        })
        .await?;
    let page = ConsumerPage::new(viewer.frame, consumer, config.lag_warning, words, errors);
    render_with(status, &page)
}

/// Pauses a consumer; one of money only when the person says that they know what it means.
pub(super) async fn pause_consumer(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    roster: Data<Roster>,
    name: Path<String>,
    form: FormBody<PauseForm>,
) -> AppResult<HttpResponse> {
    let (name, form) = (name.into_inner(), form.into_inner());
    let confirmed = form.confirm.is_some();
    let (actor, origin, reason) = (viewer.actor.clone(), viewer.origin(), form.reason.clone());
    let outcome = if roster.is_money(&name) && !confirmed && !reason.trim().is_empty() {
        viewer.actor.allow(crate::auth::Operation::Operate)?;
        Err(AppError::field("confirm", "modules-confirm-needed"))
    } else {
        let (db, name) = (db.clone(), name.clone());
        aside(move || service::pause(&db, &actor, origin, &name, &reason)).await
    };
    match outcome {
        Ok(()) => {
            let flash = Flash::warn(Message::new("modules-paused-flash").with("name", &name));
            Ok(redirect_with(&format!("/admin/modules/{name}"), flash))
        }
        Err(AppError::Invalid(fields)) => {
            let errors = errors_of(&viewer, &fields);
            let words = PauseWords {
                reason: form.reason,
                confirmed,
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(viewer, db, &config, roster, name, (words, errors), status).await
        }
        Err(error) => Err(error),
    }
}

fn errors_of(viewer: &Viewer, fields: &[FieldError]) -> FormErrors {
    FormErrors::new(viewer.frame.lang, fields)
}

/// Lets a holder of a consumer go.
pub(super) async fn resume_consumer(
    viewer: Viewer,
    db: Data<Db>,
    roster: Data<Roster>,
    name: Path<String>,
    form: FormBody<ResumeForm>,
) -> AppResult<HttpResponse> {
    let (name, holder) = (name.into_inner(), form.into_inner().holder);
    let (actor, origin) = (viewer.actor.clone(), viewer.origin());
    let (own_db, own_name) = (db.clone(), name.clone());
    aside(move || service::resume(&own_db, &actor, origin, &own_name, holder.as_deref())).await?;
    let (actor, now, known) = (viewer.actor.clone(), db.clock().now(), name.clone());
    let consumer = db
        .read(ROLE, move |conn| {
            service::show_consumer(conn, &actor, &roster, &known, now)
        })
        .await?;
    let flash = if consumer.status.paused {
        Flash::warn(Message::new("modules-still-held-flash").with("name", &name))
    } else {
        Flash::ok(Message::new("modules-resumed-flash").with("name", &name))
    };
    Ok(redirect_with(&format!("/admin/modules/{name}"), flash))
}
