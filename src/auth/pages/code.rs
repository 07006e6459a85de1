//! The second step of a log-in: a code of the authenticator app, or a recovery code.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use i18n_embed_fl::fl;
use serde::Deserialize;

use super::login::{LoginQuery, enter, local, passkeys_work, with_next};
use crate::auth::service::{self, CodeAnswer};
use crate::auth::web::origin_of;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppResult, FieldError, Message};
use crate::platform::web::{
    Flash, FormBody, FormErrors, Frame, LocalPath, WebSettings, cookies, redirect, redirect_with,
    render_with,
};

#[derive(Template)]
#[template(path = "auth/code.html")]
struct CodePage {
    frame: Frame,
    errors: FormErrors,
    next: String,
    passkeys_work: bool,
}

/// The challenge's cookie.
fn challenge(request: &HttpRequest) -> Option<String> {
    cookies::value(request, cookies::challenge(WebSettings::of(request).https))
}

pub(super) async fn show_code(
    request: HttpRequest,
    db: Data<Db>,
    query: Query<LoginQuery>,
) -> AppResult<HttpResponse> {
    let next = local(query.into_inner().next);
    let known = match challenge(&request) {
        Some(secret) => service::challenge_of(&db, &secret).await?.is_some(),
        None => false,
    };
    if !known {
        return Ok(redirect(&with_next("/login", next.as_ref())));
    }
    page(&request, next, &[], StatusCode::OK)
}

fn page(
    request: &HttpRequest,
    next: Option<LocalPath>,
    errors: &[FieldError],
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let frame = Frame::of(request);
    let errors = FormErrors::new(frame.lang, errors);
    let next = next.map(|path| path.to_string()).unwrap_or_default();
    render_with(
        status,
        &CodePage {
            frame,
            errors,
            next,
            passkeys_work: passkeys_work(request),
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeForm {
    code: String,
    next: Option<String>,
}

pub(super) async fn send_code(
    request: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<CodeForm>,
) -> AppResult<HttpResponse> {
    let CodeForm { code, next } = form.into_inner();
    let next = local(next);
    let answer = match challenge(&request) {
        Some(secret) => {
            let origin = origin_of(&request, None);
            service::prove_code(&db, &config, &origin, &secret, code).await?
        }
        None => CodeAnswer::Over,
    };
    match answer {
        CodeAnswer::In(session, left) => {
            enter(&request, &db, session).await?;
            let to = next.as_ref().map_or("/", LocalPath::as_str);
            Ok(match left {
                Some(left) => redirect_with(
                    "/profile/credentials",
                    Flash::warn(Message::new("flash-recovery-code-used").with("left", left)),
                ),
                None => redirect(to),
            })
        }
        CodeAnswer::Wrong => page(
            &request,
            next,
            &[FieldError::new("code", "field-code-wrong")],
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        CodeAnswer::Over => {
            let settings = WebSettings::of(&request);
            cookies::set(
                &request,
                cookies::removal(settings, cookies::challenge(settings.https)),
            );
            Ok(redirect_with(
                &with_next("/login", next.as_ref()),
                Flash::warn(Message::new("flash-code-over")),
            ))
        }
    }
}
