//! The first visit to an installation without an administrator.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::service::NewAccount;
use crate::auth::web::origin_of;
use crate::auth::{PasswordGate, Setup};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{Flash, FormBody, FormErrors, Frame, redirect_with, render_with};

#[derive(Template)]
#[template(path = "auth/setup.html")]
struct SetupPage {
    frame: Frame,
    errors: FormErrors,
    form: SetupForm,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupForm {
    code: String,
    username: String,
    email: String,
    name: String,
    surname: String,
    password: String,
}

pub(super) async fn show_setup(
    request: HttpRequest,
    db: Data<Db>,
    setup: Data<Setup>,
) -> AppResult<HttpResponse> {
    if !setup.is_open(&db).await? {
        return Err(AppError::NotFound);
    }
    page(&request, SetupForm::default(), &[], StatusCode::OK)
}

fn page(
    request: &HttpRequest,
    form: SetupForm,
    errors: &[FieldError],
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    render_with(
        status,
        &SetupPage {
            errors: FormErrors::new(frame.lang, errors),
            frame,
            form,
        },
    )
}

pub(super) async fn set_up(
    request: HttpRequest,
    db: Data<Db>,
    setup: Data<Setup>,
    gate: Data<PasswordGate>,
    form: FormBody<SetupForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let sent = form.clone();
    let account = NewAccount {
        username: sent.username,
        email: sent.email,
        name: sent.name,
        surname: sent.surname,
        password: sent.password,
        roles: Vec::new(),
    };
    let origin = origin_of(&request, None);
    match setup
        .make_administrator(&db, &gate, origin, &form.code, account)
        .await
    {
        Ok(()) => Ok(redirect_with(
            "/login",
            Flash::ok(Message::new("flash-set-up")),
        )),
        Err(AppError::Invalid(errors)) => {
            page(&request, form, &errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => Err(error),
    }
}
