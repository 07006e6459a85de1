//! The log-in page: one message for every refusal.

use actix_web::cookie::time;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use crate::auth::service::{self, LogIn, LoggedIn};
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
    provider: Option<ProviderButton>,
}

/// The way to the company's provider.
struct ProviderButton {
    label: String,
    href: String,
}

impl ProviderButton {
    /// The button, if there is a provider.
    fn of(provider: &CompanyProvider, frame: &Frame, next: &str) -> Option<Self> {
        let target = provider.target()?;
        let label = match &target.label {
            Some(label) => label.clone(),
            None => frame.text(&Message::new("log-in-by-provider")),
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Some(Self {
            label,
            href: format!("/login/provider?next={next}"),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    pub(super) next: Option<String>,
}

pub(super) async fn show_login(
    request: HttpRequest,
    provider: Data<CompanyProvider>,
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
    let next = next.map(|path| path.to_string()).unwrap_or_default();
    render(&LoginPage {
        provider: ProviderButton::of(&provider, &frame, &next),
        frame,
        errors: FormErrors::none(),
        username: String::new(),
        next,
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
        Ok(session) => let_in(&request, &db, session, next).await,
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

/// Hands the session to the browser, ends the one that it held before, and leads on.
pub(super) async fn let_in(
    request: &HttpRequest,
    db: &Db,
    session: LoggedIn,
    next: Option<LocalPath>,
) -> AppResult<HttpResponse> {
    if let Some(before) = cookies::session_value(request) {
        service::end_replaced(db, &before).await?;
    }
    keep_session(request, session);
    let settings = WebSettings::of(request);
    cookies::set(
        request,
        cookies::removal(settings, cookies::before_login(settings.https)),
    );
    Ok(redirect(next.as_ref().map_or("/", LocalPath::as_str)))
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
    let field = FieldError::new("username", message);
    let next = next.map(|path| path.to_string());
    render_login(request, status, field, username, next)
}

/// The log-in page with an error that is not of the form itself.
pub(super) fn refuse_at(
    request: &HttpRequest,
    status: StatusCode,
    error: FieldError,
    next: Option<String>,
) -> AppResult<HttpResponse> {
    render_login(request, status, error, String::new(), next)
}

fn render_login(
    request: &HttpRequest,
    status: StatusCode,
    error: FieldError,
    username: String,
    next: Option<String>,
) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    let errors = FormErrors::new(frame.lang, &[error]);
    let next = next.unwrap_or_default();
    let provider = request
        .app_data::<Data<CompanyProvider>>()
        .and_then(|provider| ProviderButton::of(provider, &frame, &next));
    render_with(
        status,
        &LoginPage {
            frame,
            errors,
            username,
            next,
            provider,
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
