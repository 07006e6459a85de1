//! The beak: drawn twice to be kept, drawn once to log in (A02).

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::confirmation::ConfirmedForm;
use super::credentials::{HERE, refused};
use super::login::{LoginQuery, Nothing, go_on, local};
use crate::auth::service::{self, BeakLogIn, NewBeak};
use crate::auth::web::origin_of;
use crate::auth::{ROLE, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, LocalPath, redirect_with, render_with,
};

#[derive(Template)]
#[template(path = "auth/beak.html")]
struct BeakPage {
    frame: Frame,
    errors: FormErrors,
    username: String,
    next: String,
}

pub(super) async fn show_beak_log_in(
    request: HttpRequest,
    config: Data<Config>,
    query: Query<LoginQuery>,
) -> AppResult<HttpResponse> {
    if !config.beak_log_in {
        return Err(AppError::NotFound);
    }
    let next = local(query.into_inner().next);
    page(&request, StatusCode::OK, &[], String::new(), next)
}

fn page(
    request: &HttpRequest,
    status: StatusCode,
    errors: &[FieldError],
    username: String,
    next: Option<LocalPath>,
) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    let errors = FormErrors::new(frame.lang, errors);
    let next = next.map(|path| path.to_string()).unwrap_or_default();
    render_with(
        status,
        &BeakPage {
            frame,
            errors,
            username,
            next,
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeakForm {
    username: String,
    shape: String,
    next: Option<String>,
}

pub(super) async fn log_in_with_beak(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<BeakForm>,
) -> AppResult<HttpResponse> {
    let BeakForm {
        username,
        shape,
        next,
    } = form.into_inner();
    let next = local(next);
    let attempt = BeakLogIn {
        login: username.clone(),
        shape,
    };
    let origin = origin_of(&request, None);
    let wrong = |message: Message| [FieldError::new("username", message)];
    match service::log_in_with_beak(&db, &config, &origin, attempt).await {
        Ok(step) => go_on(&request, &db, step, next.as_ref()).await,
        Err(AppError::Unauthenticated) => page(
            &request,
            StatusCode::UNPROCESSABLE_ENTITY,
            &wrong("field-beak-wrong".into()),
            username,
            next,
        ),
        Err(AppError::TooManyRequests {
            message,
            retry_after,
        }) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = page(&request, status, &wrong(message), username, next)?;
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, retry_after.into());
            Ok(answer)
        }
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBeakForm {
    shape: String,
    again: String,
}

pub(super) async fn enrol_beak(
    mut viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: ConfirmedForm<NewBeakForm>,
) -> AppResult<HttpResponse> {
    let NewBeakForm { shape, again } = form.into_inner(&mut viewer);
    if !config.beak_log_in {
        return Err(AppError::NotFound);
    }
    match enrol(&viewer, &db, &NewBeak { shape, again }).await {
        Ok(()) => Ok(redirect_with(
            HERE,
            Flash::ok(Message::new("flash-beak-enrolled")),
        )),
        Err(error) => refused(viewer, &db, &config, error).await,
    }
}

async fn enrol(viewer: &Viewer, db: &Db, beak: &NewBeak) -> AppResult<()> {
    let (actor, shape) = (viewer.actor.clone(), service::checked_beak(beak)?);
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::enrol_beak(tx, &actor, &shape)
    })
    .await
    .and_then(|kept| kept)
}

pub(super) async fn remove_beak(
    mut viewer: Viewer,
    db: Data<Db>,
    form: ConfirmedForm<Nothing>,
) -> AppResult<HttpResponse> {
    let Nothing {} = form.into_inner(&mut viewer);
    let actor = viewer.actor.clone();
    db.transaction(ROLE, viewer.origin(), move |tx| {
        service::remove_beak(tx, &actor)
    })
    .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-beak-removed")),
    ))
}
