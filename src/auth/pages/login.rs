//! The log-in page: one message for every refusal.

use actix_web::cookie::time;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::service::{self, LogIn, LoggedIn, Step};
use crate::auth::web::origin_of;
use crate::auth::{Actor, CompanyProvider, PasswordGate, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, LocalPath, WebSettings, cookies, redirect, redirect_with,
    render, render_with,
};

#[derive(Template)]
#[template(path = "auth/login.html")]
struct LoginPage {
    frame: Frame,
    errors: FormErrors,
    username: String,
    next: String,
    /// Where people log in with their beak, if they may.
    beak: Option<String>,
    /// Whether there can be passkeys at this address.
    passkeys_work: bool,
    provider: Option<ProviderButton>,
}

/// The way to the company's provider.
struct ProviderButton {
    label: String,
    href: String,
}

impl ProviderButton {
    /// The button, if there is a provider.
    fn of(request: &HttpRequest, frame: &Frame, next: Option<&LocalPath>) -> Option<Self> {
        let provider = request.app_data::<Data<CompanyProvider>>()?;
        let target = provider.target()?;
        Some(Self {
            label: match &target.label {
                Some(label) => label.clone(),
                None => frame.text(&Message::new("log-in-by-provider")),
            },
            href: with_next("/login/provider", next),
        })
    }
}

/// Whether there can be passkeys at this address.
pub(super) fn passkeys_work(request: &HttpRequest) -> bool {
    request
        .app_data::<Data<Config>>()
        .is_some_and(|config| service::passkeys_work(config))
}

/// Where people log in with their beak, if they may.
fn beak_path(request: &HttpRequest, next: Option<&LocalPath>) -> Option<String> {
    let config = request.app_data::<Data<Config>>()?;
    config.beak_log_in.then(|| with_next("/login/beak", next))
}

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    pub(super) next: Option<String>,
}

pub(super) async fn show_login(
    request: HttpRequest,
    query: Query<LoginQuery>,
) -> AppResult<HttpResponse> {
    let next = local(query.into_inner().next);
    if actix_web::HttpMessage::extensions(&request)
        .get::<Actor>()
        .is_some()
    {
        return Ok(redirect(next.as_ref().map_or("/", LocalPath::as_str)));
    }
    let frame = Frame::of(&request);
    render(&LoginPage {
        beak: beak_path(&request, next.as_ref()),
        passkeys_work: passkeys_work(&request),
        provider: ProviderButton::of(&request, &frame, next.as_ref()),
        frame,
        errors: FormErrors::none(),
        username: String::new(),
        next: next.map(|path| path.to_string()).unwrap_or_default(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginForm {
    username: String,
    password: String,
    next: Option<String>,
}

pub(super) async fn log_in(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    gate: Data<PasswordGate>,
    form: FormBody<LoginForm>,
) -> AppResult<HttpResponse> {
    let LoginForm {
        username,
        password,
        next,
    } = form.into_inner();
    let next = local(next);
    let attempt = LogIn {
        login: username.clone(),
        password,
    };
    let origin = origin_of(&request, None);
    match service::log_in(&db, &gate, &config, &origin, attempt).await {
        Ok(step) => go_on(&request, &db, step, next.as_ref()).await,
        Err(AppError::Unauthenticated) => refuse(
            &request,
            StatusCode::UNPROCESSABLE_ENTITY,
            "field-log-in-wrong".into(),
            username,
            next,
        ),
        Err(AppError::TooManyRequests {
            message,
            retry_after,
        }) => {
            let mut answer = refuse(
                &request,
                StatusCode::TOO_MANY_REQUESTS,
                message,
                username,
                next,
            )?;
            answer
                .headers_mut()
                .insert(actix_web::http::header::RETRY_AFTER, retry_after.into());
            Ok(answer)
        }
        Err(error) => Err(error),
    }
}

/// Goes where a right first factor leads: into a session, or to the question for a second one.
///
/// # Errors
/// Those of the database.
pub(super) async fn go_on(
    request: &HttpRequest,
    db: &Db,
    step: Step,
    next: Option<&LocalPath>,
) -> AppResult<HttpResponse> {
    Ok(match step {
        Step::In(session) => {
            enter(request, db, session).await?;
            redirect(next.map_or("/", LocalPath::as_str))
        }
        Step::Code(secret) => {
            let settings = WebSettings::of(request);
            let name = cookies::challenge(settings.https);
            let age = time::Duration::minutes(5);
            cookies::set(request, cookies::build(settings, name, secret, Some(age)));
            redirect(&with_next("/login/code", next))
        }
    })
}

/// Gives the browser its session, and takes from it what it had before: a session too, which ends.
///
/// # Errors
/// Those of the database.
pub(super) async fn enter(request: &HttpRequest, db: &Db, session: LoggedIn) -> AppResult<()> {
    if let Some(before) = cookies::session_value(request) {
        service::end_replaced(db, &before).await?;
    }
    let settings = WebSettings::of(request);
    keep_session(request, session);
    for name in [
        cookies::before_login(settings.https),
        cookies::challenge(settings.https),
    ] {
        cookies::set(request, cookies::removal(settings, name));
    }
    Ok(())
}

/// A path that remembers where to go on to.
pub(super) fn with_next(path: &str, next: Option<&LocalPath>) -> String {
    let Some(next) = next else {
        return path.to_owned();
    };
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next.as_str())
        .finish();
    format!("{path}?{query}")
}

/// Gives the browser the cookie of a session.
pub(super) fn keep_session(request: &HttpRequest, session: LoggedIn) {
    let settings = WebSettings::of(request);
    let name = cookies::session(settings.https);
    let age = time::Duration::seconds(session.age.num_seconds());
    cookies::set(
        request,
        cookies::build(settings, name, session.secret, Some(age)),
    );
}

fn refuse(
    request: &HttpRequest,
    status: StatusCode,
    message: Message,
    username: String,
    next: Option<LocalPath>,
) -> AppResult<HttpResponse> {
    refuse_at(
        request,
        status,
        FieldError::new("username", message),
        username,
        next,
    )
}

/// The log-in page with what is wrong, which need not be the form itself.
pub(super) fn refuse_at(
    request: &HttpRequest,
    status: StatusCode,
    error: FieldError,
    username: String,
    next: Option<LocalPath>,
) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    let errors = FormErrors::new(frame.lang, &[error]);
    let provider = ProviderButton::of(request, &frame, next.as_ref());
    let beak = beak_path(request, next.as_ref());
    let next = next.map(|path| path.to_string()).unwrap_or_default();
    render_with(
        status,
        &LoginPage {
            beak,
            passkeys_work: passkeys_work(request),
            provider,
            frame,
            errors,
            username,
            next,
        },
    )
}

pub(super) async fn log_out(
    request: HttpRequest,
    viewer: Viewer,
    db: Data<Db>,
    _form: FormBody<Nothing>,
) -> AppResult<HttpResponse> {
    if let Some(secret) = cookies::session_value(&request) {
        service::log_out(&db, viewer.origin(), &secret).await?;
    }
    let settings = WebSettings::of(&request);
    cookies::set(
        &request,
        cookies::removal(settings, cookies::session(settings.https)),
    );
    Ok(redirect_with(
        "/login",
        Flash::ok(Message::new("flash-logged-out")),
    ))
}

/// A form that says nothing but its token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A place of this site to go on to.
pub(super) fn local(next: Option<String>) -> Option<LocalPath> {
    next.and_then(|path| LocalPath::parse(&path))
}
