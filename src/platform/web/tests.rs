//! The frame as a browser meets it: the layers around a small app.

mod faces;
mod forms;
mod pages;

use actix_web::body::to_bytes;
use actix_web::cookie::Cookie;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, dev::ServiceRequest};
use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;
use scraper::{Html, Selector};
use serde::Deserialize;
use uuid::Uuid;

use super::*;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::money::Money;

const SESSION: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "base.html" %}{% import "macros.html" as m %}
{% block title %}{{ fl!(self.frame.l, "home") }} — 2{% endblock %}
{% block heading %}{{ fl!(self.frame.l, "home") }}{% endblock %}
{% block content %}
{{ m::error_summary(errors) }}
<form method="post" action="/notes">{{ m::guard() }}{{ m::once() }}
{{ m::input(errors, "title", "Title", title, hint = "Short", required = true) }}
{{ m::textarea(errors, "text", "Text") }}
{% call m::field(errors, "kind", "Kind") %}<select id="kind" name="kind"><option>a</option></select>{% endcall %}
<button class="button">Save</button></form>
<p id="sum">{{ frame.signed(sum) }}</p><p id="at">{{ frame.time(at) }}</p>
{{ m::person(frame.key, title) }}{{ m::chip("ok", "done") }}{{ m::pager(pager) }}{{ m::empty("None", "Yet") }}
{% endblock %}"#
)]
struct SamplePage {
    frame: Frame,
    errors: FormErrors,
    title: String,
    sum: Money,
    at: DateTime<Utc>,
    pager: Pager,
}

impl SamplePage {
    fn new(frame: Frame, errors: &[FieldError], title: &str) -> Self {
        let at = "2026-11-20T22:34:59Z".parse().unwrap();
        let errors = FormErrors::new(frame.lang, errors);
        Self {
            frame,
            errors,
            title: title.to_owned(),
            sum: Money::from_whole(-12),
            at,
            pager: Pager {
                on: "/?cursor=x".to_owned(),
                ..Pager::default()
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiNote {
    #[expect(dead_code, reason = "only its reading is tested")]
    title: String,
}

async fn show_note(request: HttpRequest) -> AppResult<HttpResponse> {
    render(&SamplePage::new(
        Frame::of(&request),
        &[],
        "<script>alert(1)</script>",
    ))
}

async fn save_note(request: HttpRequest, form: FormBody<Note>) -> AppResult<HttpResponse> {
    if form.title.is_empty() {
        let page = SamplePage::new(
            Frame::of(&request),
            &[FieldError::new("title", "field-required")],
            "",
        );
        return render_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let message = Message::new("error-try-again-in").with("seconds", 3);
    Ok(redirect_with(
        "/notes",
        Flash::ok(message).link("/account", "home"),
    ))
}

async fn fail(kind: web::Path<String>) -> AppResult<HttpResponse> {
    Err(match kind.as_str() {
        "conflict" => AppError::conflict("error-form-already-sent"),
        "unavailable" => AppError::Unavailable {
            message: "error-unavailable".into(),
            retry_after: 7,
        },
        "invalid" => AppError::field("title", "field-required"),
        "login" => AppError::Unauthenticated,
        "forbidden" => AppError::Forbidden,
        "panic" => panic!("a secret of the house"),
        "internal" => AppError::internal("a secret of the house"),
        _ => AppError::NotFound,
    })
}

async fn know_the_visitor(
    request: ServiceRequest,
    next: Next<impl actix_web::body::MessageBody + 'static>,
) -> Result<ServiceResponse<impl actix_web::body::MessageBody>, Error> {
    if cookies::session_value(request.request()).is_some() {
        let person = Person {
            uid: Uuid::from_u128(7),
            name: "Кеша & Co".into(),
            role_line: "developer".into(),
        };
        let nav = vec![
            NavLink {
                href: "/notes",
                label: "home",
            },
            NavLink {
                href: "/account",
                label: "profile",
            },
        ];
        request.extensions_mut().insert(Visitor {
            person,
            nav,
            section: Vec::new(),
            zone: None,
            theme: None,
            default_filters: std::collections::BTreeMap::new(),
            shortcuts: true,
            leaps: Vec::new(),
            banner: None,
        });
    }
    next.call(request).await
}

fn settings(https: bool) -> WebSettings {
    let origin = if https {
        "https://ates.example"
    } else {
        "http://ates.example:8080"
    };
    WebSettings {
        origin: origin.into(),
        https,
        zone: chrono_tz::Europe::Moscow,
        currency: "USD".into(),
        demo: true,
        registration: false,
    }
}

async fn ask(https: bool, request: TestRequest) -> Answer {
    let app = init_service(
        App::new()
            .app_data(Data::new(settings(https)))
            .configure(configure)
            .route("/notes", web::get().to(show_note))
            .route("/notes", web::post().to(save_note))
            .service(web::resource("/fail/{kind}").get(fail).post(fail))
            .route("/api/v1/fail/{kind}", web::get().to(fail))
            .route(
                "/api/v1/notes",
                web::post().to(|_: api::JsonBody<ApiNote>| async { HttpResponse::Ok().finish() }),
            )
            .wrap(from_fn(know_the_visitor))
            .wrap(from_fn(fetch_guard))
            .wrap(from_fn(errors))
            .wrap(from_fn(security_headers))
            .wrap(tracing_actix_web::TracingLogger::default()),
    )
    .await;
    let (status, headers, body) = match app.call(request.to_request()).await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            (
                status,
                headers,
                to_bytes(answer.into_body()).await.ok().unwrap(),
            )
        }
        Err(error) => {
            let answer = error.error_response();
            let (status, headers) = (answer.status(), answer.headers().clone());
            (
                status,
                headers,
                to_bytes(answer.into_body()).await.ok().unwrap(),
            )
        }
    };
    Answer {
        status: status.as_u16(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// What came back: status, headers as text, body.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let start = format!("{name}=");
        self.headers
            .iter()
            .filter(|(known, _)| known == "set-cookie")
            .find_map(|(_, value)| value.strip_prefix(&start))
    }

    fn text(&self, selector: &str) -> String {
        let page = Html::parse_document(&self.body);
        page.select(&Selector::parse(selector).unwrap())
            .map(|found| found.text().collect::<String>())
            .collect()
    }

    fn attribute(&self, selector: &str, name: &str) -> String {
        let page = Html::parse_document(&self.body);
        let found = page.select(&Selector::parse(selector).unwrap()).next();
        found
            .and_then(|found| found.attr(name))
            .unwrap_or_default()
            .to_owned()
    }
}

fn signed_in(request: TestRequest) -> TestRequest {
    request
        .cookie(Cookie::new("ates_session", SESSION))
        .insert_header(("sec-fetch-site", "same-origin"))
}

fn form(body: &str) -> TestRequest {
    let body = body.replace("TOKEN", &csrf::token_for(SESSION));
    let request = TestRequest::post().uri("/notes").set_payload(body);
    signed_in(request.insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded")))
}
