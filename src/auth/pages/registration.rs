//! Registering oneself, where a setting allows it, and proving the address.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::PasswordGate;
use crate::auth::service::{self, NewAccount, self_registration};
use crate::auth::web::origin_of;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, lang_of, redirect_with, render_with,
};

#[derive(Template)]
#[template(path = "auth/registration.html")]
struct RegistrationPage {
    frame: Frame,
    errors: FormErrors,
    form: RegistrationForm,
    domains: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationForm {
    username: String,
    email: String,
    name: String,
    surname: String,
    password: String,
}

impl From<RegistrationForm> for NewAccount {
    fn from(form: RegistrationForm) -> Self {
        Self {
            username: form.username,
            email: form.email,
            name: form.name,
            surname: form.surname,
            password: form.password,
            roles: Vec::new(),
        }
    }
}

pub(super) async fn show_registration(
    request: HttpRequest,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    page(&request, &config, RegistrationForm::default(), &[])
}

fn page(
    request: &HttpRequest,
    config: &Config,
    form: RegistrationForm,
    errors: &[FieldError],
) -> AppResult<HttpResponse> {
    let domains = self_registration(config)?.domains.join(", ");
    let frame = Frame::of(request);
    render_with(
        status_of(errors),
        &RegistrationPage {
            errors: FormErrors::new(frame.lang, errors),
            frame,
            form,
            domains,
        },
    )
}

fn status_of(errors: &[FieldError]) -> StatusCode {
    if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

pub(super) async fn ask_to_register(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<RegistrationForm>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let (origin, lang) = (origin_of(&request, None), lang_of(&request));
    let account = NewAccount::from(form.clone());
    match service::ask_to_register(&db, &gate, &config, origin, account, lang).await {
        Ok(()) => Ok(redirect_with(
            "/register/proof",
            Flash::ok(Message::new("flash-registration-asked")),
        )),
        Err(AppError::Invalid(errors)) => page(&request, &config, form, &errors),
        Err(error) => Err(error),
    }
}

#[derive(Template)]
#[template(path = "auth/proof.html")]
struct ProofPage {
    frame: Frame,
    errors: FormErrors,
}

pub(super) async fn show_proof(
    request: HttpRequest,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    self_registration(&config)?;
    proof_page(&request, &[])
}

fn proof_page(request: &HttpRequest, errors: &[FieldError]) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    render_with(
        status_of(errors),
        &ProofPage {
            errors: FormErrors::new(frame.lang, errors),
            frame,
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofForm {
    token: String,
}

pub(super) async fn prove(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<ProofForm>,
) -> AppResult<HttpResponse> {
    let origin = origin_of(&request, None);
    match service::prove_registration(&db, &config, origin, &form.token).await {
        Ok(()) => Ok(redirect_with(
            "/login",
            Flash::ok(Message::new("flash-registered")),
        )),
        Err(AppError::Invalid(errors)) => proof_page(&request, &errors),
        Err(error) => Err(error),
    }
}
