//! Behind a proxy that ends TLS (A24).

use ates::platform::web::{cookies, csrf};

use crate::support::raw::{self, Answer};
use crate::support::{PASSWORD, TestApp};

fn behind_tls() -> TestApp {
    TestApp::with(|settings| {
        settings
            .set("ATES_BASE_URL", "https://ates.example")
            .set("ATES_TRUSTED_PROXIES", "127.0.0.1")
    })
}

fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    raw::send(&app.base(), "GET", path, headers, "")
}

/// Sends the log-in form as it is on the wire, so that every line of the answer can be read.
fn log_in(app: &TestApp, proto: &str) -> Answer {
    let mut browser = app.browser();
    browser.get("/login");
    let name = cookies::before_login(true);
    let before = browser.cookie(name).unwrap();
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf", &csrf::token_for(before))
        .append_pair("username", "kesha")
        .append_pair("password", PASSWORD)
        .finish();
    let cookie = format!("{name}={before}");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-proto", proto),
    ];
    raw::send(&app.base(), "POST", "/login", &headers, &form)
}

#[test]
fn a24_behind_tls_the_sessions_cookie_is_bound_to_this_host_and_never_sent_in_the_clear() {
    let app = behind_tls();
    app.register("kesha", &["developer"]);
    let answer = log_in(&app, "https");
    assert_eq!(answer.status, 303, "{}", answer.head);
    let mut lines = answer.head.lines();
    let cookie = lines
        .find(|line| line.contains("__Host-ates_session="))
        .unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let transport = answer.header("strict-transport-security").unwrap();
    assert!(transport.starts_with("max-age="), "{transport}");
}

#[test]
fn a24_what_comes_over_plain_http_is_sent_to_tls_or_refused() {
    let app = behind_tls();
    app.register("kesha", &["developer"]);
    let plain = [("x-forwarded-proto", "http")];
    for (path, location) in [
        (
            "/tasks?status=open",
            "https://ates.example/tasks?status=open",
        ),
        ("/login", "https://ates.example/login"),
        ("/", "https://ates.example/"),
    ] {
        let answer = get(&app, path, &plain);
        assert_eq!(answer.status, 308, "{path}");
        assert_eq!(answer.header("location"), Some(location));
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
    assert_eq!(get(&app, "/api/v1/me", &plain).status, 403);
    assert_eq!(get(&app, "/health/live", &plain).status, 200);
    // The nearest proxy has the last word.
    let chain = [("x-forwarded-proto", "https, http")];
    assert_eq!(get(&app, "/login", &chain).status, 308);
    assert_eq!(
        get(&app, "/login", &[]).status,
        200,
        "nothing is said, nothing is known"
    );
    assert_eq!(
        log_in(&app, "http").status,
        403,
        "the password was seen already"
    );
    let open = TestApp::start();
    assert_eq!(
        get(&open, "/login", &plain).status,
        200,
        "there is no TLS to send them to"
    );
}
