//! The beak: drawn twice to be kept, drawn once to log in (A02).

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::credentials::{HERE, PasswordForm, refused};
use super::login::{LoginQuery, go_on, local};
use crate::auth::service::{self, BeakLogIn, NewBeak};
use crate::auth::store;
use crate::auth::web::origin_of;
use crate::auth::{PasswordGate, ROLE, Viewer};
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
        Ok(step) => Ok(go_on(&request, step, next.as_ref())),
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
    beak_password: String,
}

pub(super) async fn enrol_beak(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<NewBeakForm>,
) -> AppResult<HttpResponse> {
    if !config.beak_log_in {
        return Err(AppError::NotFound);
    }
    let NewBeakForm {
        shape,
        again,
        beak_password: password,
    } = form.into_inner();
    let kept = enrol(&viewer, &db, &gate, &NewBeak { shape, again }, password).await;
    match kept {
        Ok(()) => Ok(redirect_with(
            HERE,
            Flash::ok(Message::new("flash-beak-enrolled")),
        )),
        Err(error) => refused(viewer, &db, &config, error).await,
    }
}

async fn enrol(
    viewer: &Viewer,
    db: &Db,
    gate: &PasswordGate,
    beak: &NewBeak,
    password: String,
) -> AppResult<()> {
    let shape = service::checked_beak(beak)?;
    let (actor, from) = (viewer.actor.clone(), viewer.origin());
    service::confirm_password(db, gate, &from, actor.id, password)
        .await
        .map_err(at_beak)?;
    db.transaction(ROLE, from, move |tx| {
        service::enrol_beak(tx, &actor, &shape)
    })
    .await
    .and_then(|kept| kept)
}

/// The page has several fields for the password; this is the one beside the beak.
fn at_beak(error: AppError) -> AppError {
    match error {
        AppError::Invalid(errors) => AppError::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError::new("beak_password", error.message))
                .collect(),
        ),
        error => error,
    }
}

pub(super) async fn remove_beak(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<PasswordForm>,
) -> AppResult<HttpResponse> {
    let (actor, from) = (viewer.actor.clone(), viewer.origin());
    let password = form.into_inner().password;
    let id = actor.id.0;
    let known = db
        .read(ROLE, move |conn| store::find_beak(conn, id))
        .await?;
    if known.is_none() {
        return Err(AppError::conflict("error-no-beak"));
    }
    if let Err(error) = service::confirm_password(&db, &gate, &from, actor.id, password).await {
        return refused(viewer, &db, &config, at_beak(error)).await;
    }
    db.transaction(ROLE, from, move |tx| service::remove_beak(tx, &actor))
        .await?;
    Ok(redirect_with(
        HERE,
        Flash::ok(Message::new("flash-beak-removed")),
    ))
}
