//! T-AUTH-7: a session ends on the server, whatever the browser keeps; and nothing of it may be kept (A01, A08).

use chrono::Duration;
use serde_json::json;

use crate::support::client::{Browser, agent};
use crate::support::{Api, PASSWORD, Person, TestApp};

const SESSION: &str = "ates_session";

/// Pages of every kind that a person has: lists, forms, downloads.
const PAGES: &[&str] = &[
    "/",
    "/profile",
    "/profile/access",
    "/tasks",
    "/tasks/new",
    "/account",
    "/account.csv",
    "/account.xlsx",
    "/account/statements",
    "/admin/users",
];

fn app_with_root() -> (TestApp, Person, Browser, String) {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let browser = app.log_in(&root);
    let secret = browser.cookie(SESSION).unwrap().to_owned();
    (app, root, browser, secret)
}

/// Whoever holds this cookie gets the way to the log-in and nothing else, and may keep none of it.
fn assert_shut(app: &TestApp, secret: &str) {
    let mut thief = app.browser();
    for path in PAGES {
        thief.set_cookie(SESSION, secret);
        let page = thief.get(path);
        assert_eq!(page.status, 303, "{path}");
        assert!(page.location.unwrap().starts_with("/login"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
    }
    thief.set_cookie(SESSION, secret);
    let page = thief.post("/tasks", &[("title", "A late task")]);
    assert!(page.status == 303 && page.location.unwrap().starts_with("/login"));
}

#[test]
fn a01_t_auth_7_a_log_out_ends_the_session_on_the_server() {
    let (app, _, mut browser, secret) = app_with_root();
    assert_eq!(browser.post("/logout", &[]).status, 303);
    assert_eq!(browser.cookie(SESSION), None, "the cookie is taken back");
    assert_shut(&app, &secret);
}

#[test]
fn a08_t_auth_7_an_idle_session_is_over_to_the_second() {
    let (app, _, mut browser, secret) = app_with_root();
    app.clock().advance(Duration::seconds(3_599));
    assert_eq!(browser.get("/profile").status, 200);
    app.clock().advance(Duration::seconds(3_600));
    assert_shut(&app, &secret);
}

#[test]
fn a08_t_auth_7_the_absolute_end_comes_also_to_the_busy() {
    let (app, _, mut browser, secret) = app_with_root();
    for _ in 0..23 {
        app.clock().advance(Duration::minutes(30));
        assert_eq!(browser.get("/profile").status, 200);
    }
    app.clock().advance(Duration::seconds(1_799));
    assert_eq!(browser.get("/profile").status, 200);
    app.clock().advance(Duration::seconds(1));
    assert_shut(&app, &secret);
}

#[test]
fn a08_t_auth_7_settings_move_both_ends() {
    let app = TestApp::with(|settings| {
        settings
            .set("ATES_SESSION_IDLE_SECONDS", 60)
            .set("ATES_SESSION_ABSOLUTE_SECONDS", 90)
    });
    let root = app.register("root", &["administrator"]);
    let (mut busy, idle) = (app.log_in(&root), app.log_in(&root));
    app.clock().advance(Duration::seconds(59));
    assert_eq!(busy.get("/profile").status, 200);
    app.clock().advance(Duration::seconds(1));
    assert_shut(&app, idle.cookie(SESSION).unwrap());
    app.clock().advance(Duration::seconds(30));
    assert_shut(&app, busy.cookie(SESSION).unwrap());
}

#[test]
fn a08_t_auth_7_over_the_api_a_log_out_ends_both_tokens() {
    let (app, ..) = app_with_root();
    let anonymous = Api::anonymous(app.base());
    let entry = json!({ "username": "root", "password": PASSWORD });
    let (_, pair) = anonymous.post("/api/v1/auth/token", &entry);
    let api = Api::with_token(app.base(), pair["access_token"].as_str().unwrap());
    assert_eq!(api.get("/api/v1/users").0, 200);
    let token = json!({ "refresh_token": pair["refresh_token"] });
    assert_eq!(anonymous.post("/api/v1/auth/logout", &token).0, 204);
    assert_eq!(api.get("/api/v1/users").0, 401);
    assert_eq!(anonymous.post("/api/v1/auth/refresh", &token).0, 401);
}

#[test]
fn a01_t_auth_7_the_back_button_shows_nothing_since_nothing_was_kept() {
    let (app, _, mut browser, secret) = app_with_root();
    for path in PAGES {
        let page = browser.get(path);
        assert!(page.status < 400, "{path}: {}", page.status);
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert!(!page.headers.contains_key("etag"), "{path}");
        assert!(!page.headers.contains_key("last-modified"), "{path}");
    }
    // Errors of somebody who is logged in are nobody's to keep either.
    for path in ["/nothing", "/tasks/00000000-0000-7000-8000-000000000000"] {
        let page = browser.get(path);
        assert_eq!(
            (page.status, page.headers["cache-control"].as_str()),
            (404, "no-store")
        );
    }
    browser.post("/logout", &[]);
    // What a browser asks when somebody goes back, with all it might have kept.
    for path in PAGES {
        let answer = agent()
            .get(format!("{}{path}", app.base()))
            .header("cookie", format!("{SESSION}={secret}"))
            .header("if-none-match", "*")
            .header("if-modified-since", "Mon, 02 Mar 2026 09:00:00 GMT")
            .call()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 303, "{path}");
    }
}

#[test]
fn a08_t_auth_7_answers_of_the_api_are_not_kept_either() {
    let (app, root, ..) = app_with_root();
    let token = app.api(&root).token().unwrap().to_owned();
    for path in [
        "/api/v1/me",
        "/api/v1/users",
        "/api/v1/tasks",
        "/api/v1/accounting/balance",
    ] {
        for (bearer, expected) in [(token.as_str(), 200), ("none", 401)] {
            let answer = agent()
                .get(format!("{}{path}", app.base()))
                .header("authorization", format!("Bearer {bearer}"))
                .call()
                .unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{path}");
            assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        }
    }
}

#[test]
fn a01_t_auth_7_a_log_out_needs_the_form_and_ends_only_this_session() {
    let (app, root, mut here, secret) = app_with_root();
    let mut there = app.log_in(&root);
    assert_eq!(here.get("/logout").status, 405, "a link ends nothing");
    let from_elsewhere = [("sec-fetch-site", "cross-site")];
    assert_eq!(here.post_raw("/logout", &[], &from_elsewhere).status, 403);
    assert_eq!(here.get("/profile").status, 200);
    assert_eq!(here.post("/logout", &[]).status, 303);
    assert_shut(&app, &secret);
    assert_eq!(there.get("/profile").status, 200);
}
