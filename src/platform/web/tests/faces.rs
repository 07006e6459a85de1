//! How errors look.

use super::*;

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
    let lost = ask(false, signed_in(TestRequest::post().uri("/fail/login"))).await;
    assert_eq!((lost.status, lost.header("location")), (303, "/login"));
    assert!(lost.cookie("ates_flash").is_some());
}
