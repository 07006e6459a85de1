//! Pages, their headers, and what lies beside them.

use super::*;

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
    assert!(!page.body.contains("<script>"));
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
                .contains("script-src 'self'"),
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
