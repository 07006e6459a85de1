//! The frame as a browser meets it: the layers around a small app.

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
{{ m::person(frame.key, title) }}{{ m::chip("ok", "done") }}{{ m::pager("", "/?cursor=x") }}{{ m::empty("None", "Yet") }}
{% endblock %}"#
)]
struct SamplePage {
    frame: Frame,
    errors: FormErrors,
    title: String,
    sum: Money,
    at: DateTime<Utc>,
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
    }
}

async fn ask(https: bool, request: TestRequest) -> Answer {
    let app = init_service(
        App::new()
            .app_data(Data::new(settings(https)))
            .configure(configure)
            .route("/notes", web::get().to(show_note))
            .route("/notes", web::post().to(save_note))
            .service(web::resource("/fail/{kind}").get(fail))
            .route("/api/v1/fail/{kind}", web::get().to(fail))
            .route(
                "/api/v1/notes",
                web::post().to(|_: web::Json<ApiNote>| async { HttpResponse::Ok() }),
            )
            .wrap(from_fn(know_the_visitor))
            .wrap(from_fn(fetch_guard))
            .wrap(from_fn(errors))
            .wrap(from_fn(security_headers)),
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

#[actix_web::test]
async fn a_page_has_its_landmarks_its_language_and_one_heading() {
    let page = ask(
        false,
        signed_in(TestRequest::get().uri("/notes?x=1")).insert_header(("accept-language", "ru")),
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.attribute("html", "lang"), "ru");
    assert_eq!(page.text("title"), "На главную — 2 · aTES");
    assert_eq!(page.text("h1"), "На главную");
    assert_eq!(page.text("nav a[aria-current=page]"), "На главную");
    assert_eq!(page.attribute("a.skip", "href"), "#main");
    assert_eq!(page.text(".menu-who strong"), "Кеша & Co");
    assert_eq!(page.attribute("input[name=back]", "value"), "/notes?x=1");
    assert_eq!(page.text("#sum"), "−12,00\u{a0}$");
    assert_eq!(page.attribute("#sum data", "value"), "-12.00");
    assert_eq!(
        page.attribute("#at time", "datetime"),
        "2026-11-20T22:34:59Z"
    );
    let document = Html::parse_document(&page.body);
    assert!(document.errors.is_empty(), "{:?}", document.errors);
}

#[actix_web::test]
async fn a50_what_people_typed_is_printed_as_text() {
    let page = ask(false, signed_in(TestRequest::get().uri("/notes"))).await;
    assert!(!page.body.contains("<script"));
    assert_eq!(page.text(".person"), "<script>alert(1)</script>");
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    for uri in [
        "/notes",
        "/nowhere",
        "/fail/internal",
        "/api/v1/fail/internal",
        "/fail/panic",
    ] {
        let answer = ask(true, TestRequest::get().uri(uri)).await;
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'none'"),
            "{uri}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{uri}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{uri}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{uri}");
        assert_eq!(answer.header("cache-control"), "no-store", "{uri}");
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age=31536000"),
            "{uri}"
        );
        assert!(
            answer.header("x-request-id").parse::<Uuid>().is_ok(),
            "{uri}"
        );
        assert_eq!(answer.header("server"), "", "{uri}");
    }
}

#[actix_web::test]
async fn a44_a_form_needs_the_token_of_its_own_session() {
    assert_eq!(ask(false, form("csrf=TOKEN&title=x")).await.status, 303);
    let other = csrf::token_for("another session");
    for body in [
        "title=x".to_owned(),
        "csrf=&title=x".to_owned(),
        format!("csrf={other}&title=x"),
    ] {
        let answer = ask(false, form(&body)).await;
        assert_eq!(answer.status, 403, "{body}");
        assert!(answer.body.contains("The form is too old"), "{body}");
    }
}

#[actix_web::test]
async fn a44_a_change_must_come_from_a_page_of_this_site() {
    let from = |name: &'static str, value: &'static str| {
        let body = format!("csrf={}&title=x", csrf::token_for(SESSION));
        TestRequest::post()
            .uri("/notes")
            .set_payload(body)
            .cookie(Cookie::new("ates_session", SESSION))
            .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .insert_header((name, value))
    };
    for (name, value, status) in [
        ("sec-fetch-site", "same-origin", 303),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "none", 403),
        ("origin", "http://ates.example:8080", 303),
        ("origin", "http://ates.example", 403),
        ("origin", "null", 403),
        ("accept", "text/html", 403),
    ] {
        assert_eq!(
            ask(false, from(name, value)).await.status,
            status,
            "{name}: {value}"
        );
    }
    let both =
        from("sec-fetch-site", "cross-site").insert_header(("origin", "http://ates.example:8080"));
    assert_eq!(ask(false, both).await.status, 403);
}

#[actix_web::test]
async fn a44_the_log_in_form_is_bound_to_a_cookie_too() {
    let page = ask(true, TestRequest::get().uri("/notes")).await;
    let cookie = page.cookie("__Host-ates_visit").unwrap().to_owned();
    for attribute in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let secret = cookie.split(';').next().unwrap();
    assert_eq!(
        page.attribute("input[name=csrf]", "value"),
        csrf::token_for(secret)
    );
    let again = ask(
        true,
        TestRequest::get()
            .uri("/notes")
            .cookie(Cookie::new("__Host-ates_visit", secret.to_owned())),
    )
    .await;
    assert_eq!(again.cookie("__Host-ates_visit"), None);
    assert_eq!(
        again.attribute("input[name=csrf]", "value"),
        csrf::token_for(secret)
    );
}

#[actix_web::test]
async fn a_form_with_errors_comes_back_as_itself() {
    let page = ask(false, form("csrf=TOKEN&title=")).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.text(".error-summary h2"), "There is a problem");
    assert_eq!(page.attribute(".error-summary a", "href"), "#title");
    assert_eq!(page.attribute("#title", "aria-invalid"), "true");
    assert!(
        page.text(&format!(
            "#{}",
            page.attribute("#title", "aria-describedby")
        ))
        .contains("This is needed")
    );
}

#[actix_web::test]
async fn a45_a54_bodies_that_do_not_fit_are_refused() {
    let long = format!("csrf=TOKEN&title={}", "x".repeat(FORM_LIMIT));
    for (body, status) in [
        ("csrf=TOKEN&title=x&price=1", 422),
        ("csrf=TOKEN", 422),
        ("csrf=TOKEN&title=a%00b", 422),
        (&long, 413),
    ] {
        assert_eq!(
            ask(false, form(body)).await.status,
            status,
            "{}",
            &body[..body.len().min(40)]
        );
    }
    let json = form("{}").insert_header((header::CONTENT_TYPE, "text/plain"));
    assert_eq!(ask(false, json).await.status, 415);
}

#[actix_web::test]
async fn a_flash_message_is_shown_once() {
    let answer = ask(false, form("csrf=TOKEN&title=x")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/notes"));
    let cookie = answer
        .cookie("ates_flash")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = ask(
        false,
        signed_in(TestRequest::get().uri("/notes")).cookie(Cookie::new("ates_flash", cookie)),
    )
    .await;
    assert_eq!(page.text(".flash"), "Try again in 3 seconds. Home");
    assert_eq!(page.attribute(".flash", "role"), "status");
    assert!(page.cookie("ates_flash").unwrap().contains("Max-Age=0"));
    let forged = ask(
        false,
        signed_in(TestRequest::get().uri("/notes")).cookie(Cookie::new("ates_flash", "e30")),
    )
    .await;
    assert_eq!((forged.status, forged.text(".flash").as_str()), (200, ""));
}

#[actix_web::test]
async fn errors_of_the_api_are_problem_documents() {
    for (kind, status, name) in [
        ("conflict", 409, "conflict"),
        ("unavailable", 503, "unavailable"),
        ("invalid", 422, "invalid-input"),
        ("login", 401, "unauthenticated"),
        ("forbidden", 403, "forbidden"),
        ("internal", 500, "internal"),
        ("panic", 500, "internal"),
        ("other", 404, "not-found"),
    ] {
        let uri = format!("/api/v1/fail/{kind}");
        let answer = ask(false, TestRequest::get().uri(&uri)).await;
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{kind}"
        );
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &problem["status"]),
            (status, &serde_json::json!(status)),
            "{kind}"
        );
        assert_eq!(problem["type"], format!("/problems/{name}"));
        assert_eq!(problem["instance"], uri);
        assert!(
            problem["request_id"]
                .as_str()
                .is_some_and(|id| id == answer.header("x-request-id")),
            "{kind}"
        );
        assert!(!answer.body.contains("secret"), "{}", answer.body);
        assert_eq!(
            answer.header("retry-after"),
            if status == 503 { "7" } else { "" }
        );
        assert_eq!(
            answer.header("www-authenticate"),
            if status == 401 { "Bearer" } else { "" }
        );
        if kind == "invalid" {
            assert_eq!(problem["errors"][0]["field"], "title");
            assert_eq!(problem["errors"][0]["code"], "field-required");
        }
    }
}

#[actix_web::test]
async fn a_json_body_that_does_not_fit_names_the_field() {
    let post = |body: &'static str, kind: &'static str| {
        TestRequest::post()
            .uri("/api/v1/notes")
            .set_payload(body)
            .insert_header((header::CONTENT_TYPE, kind))
    };
    for (body, field) in [(r#"{"title":"x","price":1}"#, "price"), ("{}", "title")] {
        let answer = ask(false, post(body, "application/json")).await;
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &problem["errors"][0]["field"]),
            (422, &serde_json::json!(field)),
            "{body}"
        );
    }
    assert_eq!(ask(false, post("{", "application/json")).await.status, 400);
    assert_eq!(ask(false, post("{}", "text/plain")).await.status, 415);
    assert_eq!(
        ask(false, post(r#"{"title":"x"}"#, "application/json"))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn errors_for_people_are_pages_in_their_language() {
    for (kind, status) in [
        ("conflict", 409),
        ("unavailable", 503),
        ("forbidden", 403),
        ("internal", 500),
        ("panic", 500),
        ("other", 404),
    ] {
        let request = TestRequest::get()
            .uri(&format!("/fail/{kind}"))
            .insert_header(("accept-language", "ru"));
        let page = ask(false, signed_in(request)).await;
        assert_eq!(page.status, status, "{kind}");
        assert_eq!(page.attribute("html", "lang"), "ru", "{kind}");
        assert!(
            page.text("main").contains(page.header("x-request-id")),
            "{kind}"
        );
        assert!(!page.body.contains("secret"), "{kind}");
        assert_eq!(
            page.text("nav.places").is_empty(),
            kind == "panic",
            "{kind}"
        );
    }
    let unknown = ask(false, TestRequest::get().uri("/fail/other")).await;
    assert_eq!(unknown.text("h1"), "Nothing here");
    assert_eq!(unknown.text("nav.places"), "");
}

#[actix_web::test]
async fn addresses_and_methods_that_nobody_serves_have_the_same_faces() {
    assert_eq!(
        ask(false, TestRequest::get().uri("/nowhere"))
            .await
            .text("h1"),
        "Nothing here"
    );
    let api = ask(false, TestRequest::get().uri("/api/v1/nowhere")).await;
    assert_eq!(
        (api.status, api.header("content-type")),
        (404, "application/problem+json")
    );
    let wrong = ask(false, signed_in(TestRequest::delete().uri("/fail/x"))).await;
    assert_eq!(wrong.text("h1"), "This request makes no sense");
    assert_eq!(
        ask(false, TestRequest::get().uri("/avatars/nobody.svg"))
            .await
            .status,
        404
    );
}

#[actix_web::test]
async fn a_visitor_who_is_not_known_is_led_to_the_log_in_and_back() {
    let page = ask(false, TestRequest::get().uri("/fail/login?q=a%26b")).await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/login?next=%2Ffail%2Flogin%3Fq%3Da%2526b")
    );
}

#[actix_web::test]
async fn m17_m19_language_and_theme_are_kept_and_the_way_back_stays_here() {
    let choose = |body: &str| {
        let request = TestRequest::post()
            .uri("/preferences")
            .set_payload(body.replace("TOKEN", &csrf::token_for(SESSION)));
        signed_in(
            request.insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded")),
        )
    };
    let answer = ask(
        false,
        choose("csrf=TOKEN&lang=ru&theme=dark&back=%2Ftasks%3Fq%3D1"),
    )
    .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/tasks?q=1")
    );
    assert!(
        answer
            .cookie("ates_lang")
            .is_some_and(|cookie| cookie.starts_with("ru;"))
    );
    assert!(
        answer
            .cookie("ates_theme")
            .is_some_and(|cookie| cookie.starts_with("dark;"))
    );
    let elsewhere = ask(
        false,
        choose("csrf=TOKEN&theme=pink&back=%2F%2Fevil.example"),
    )
    .await;
    assert_eq!(
        (elsewhere.header("location"), elsewhere.cookie("ates_theme")),
        ("/", None)
    );
    let page = signed_in(TestRequest::get().uri("/notes"))
        .cookie(Cookie::new("ates_lang", "ru"))
        .cookie(Cookie::new("ates_theme", "dark"));
    let page = ask(false, page).await;
    assert_eq!(
        (
            page.attribute("html", "lang").as_str(),
            page.attribute("html", "data-theme").as_str()
        ),
        ("ru", "dark")
    );
}

#[actix_web::test]
async fn the_style_sheet_and_the_birds_are_kept_for_ever() {
    let sheet = ask(false, TestRequest::get().uri(static_files::css_url())).await;
    assert_eq!(
        (sheet.status, sheet.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert_eq!(
        sheet.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let etag = sheet.header("etag").to_owned();
    let again = TestRequest::get()
        .uri(static_files::css_url())
        .insert_header(("if-none-match", etag));
    assert_eq!(ask(false, again).await.status, 304);
    let older = ask(false, TestRequest::get().uri("/static/0000/app.css")).await;
    assert_eq!(
        (older.status, older.header("cache-control")),
        (200, "no-cache")
    );
    assert_eq!(
        ask(
            false,
            TestRequest::get().uri("/static/0000/..%2fCargo.toml")
        )
        .await
        .status,
        404
    );
    let bird = ask(
        false,
        TestRequest::get().uri(&format!("/avatars/{}.svg", Uuid::from_u128(7))),
    )
    .await;
    assert_eq!(bird.header("content-type"), "image/svg+xml");
    assert!(bird.header("cache-control").contains("immutable"));
}
