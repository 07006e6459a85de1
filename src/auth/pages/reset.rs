//! A forgotten password: asking for a link, and setting a new one with it (M04).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::PasswordGate;
use crate::auth::service;
use crate::auth::web::origin_of;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, lang_of, redirect_with, render, render_with,
};

#[derive(Template)]
#[template(path = "auth/reset.html")]
struct ResetPage {
    frame: Frame,
    errors: FormErrors,
    /// Whether mails leave the house.
    mails: bool,
}

pub(super) async fn show_reset(
    request: HttpRequest,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    render(&ResetPage {
        frame: Frame::of(&request),
        errors: FormErrors::none(),
        mails: config.smtp_url.is_some(),
    })
}

/// One log-in name or address; a list of them does not fit (A42).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetForm {
    login: String,
}

pub(super) async fn ask_for_reset(
    request: HttpRequest,
    db: Data<Db>,
    form: FormBody<ResetForm>,
) -> AppResult<HttpResponse> {
    let origin = origin_of(&request, None);
    service::ask_for_reset(&db, origin, &form.login, lang_of(&request)).await?;
    Ok(redirect_with(
        "/password/new",
        Flash::ok(Message::new("flash-reset-asked")),
    ))
}

#[derive(Template)]
#[template(path = "auth/new_password.html")]
struct NewPasswordPage {
    frame: Frame,
    errors: FormErrors,
    token: String,
}

pub(super) async fn show_new_password(request: HttpRequest) -> AppResult<HttpResponse> {
    render(&NewPasswordPage {
        frame: Frame::of(&request),
        errors: FormErrors::none(),
        token: String::new(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasswordForm {
    token: String,
    new_password: String,
}

pub(super) async fn set_new_password(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<NewPasswordForm>,
) -> AppResult<HttpResponse> {
    let NewPasswordForm {
        token,
        new_password,
    } = form.into_inner();
    let origin = origin_of(&request, None);
    let outcome =
        service::set_password_by_link(&db, &gate, &config, origin, &token, new_password).await;
    match outcome {
        Ok(()) => Ok(redirect_with(
            "/login",
            Flash::ok(Message::new("flash-password-set")),
        )),
        Err(AppError::Invalid(errors)) => refuse(&request, &errors, token),
        Err(error) => Err(error),
    }
}

/// The form once more; a link that works is kept in it.
fn refuse(request: &HttpRequest, errors: &[FieldError], token: String) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    let is_over = errors.iter().any(|error| error.field == "token");
    render_with(
        StatusCode::UNPROCESSABLE_ENTITY,
        &NewPasswordPage {
            errors: FormErrors::new(frame.lang, errors),
            token: if is_over { String::new() } else { token },
            frame,
        },
    )
}
