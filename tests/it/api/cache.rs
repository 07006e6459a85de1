//! Reads that are asked for again, and what other sites may do.

use ureq::http::Response;

use crate::support::client::agent;
use crate::support::{Api, TestApp};

fn get(app: &TestApp, api: &Api, path: &str, headers: &[(&str, &str)]) -> Response<ureq::Body> {
    let mut request = agent()
        .get(format!("{}{path}", app.base()))
        .header("authorization", format!("Bearer {}", api.token().unwrap()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.call().unwrap()
}

const READS: [&str; 6] = [
    "/api/v1/me",
    "/api/v1/users",
    "/api/v1/tasks?limit=10",
    "/api/v1/analytics/today-income",
    "/api/v1/accounting/payouts",
    "/api/v1/openapi.json",
];

#[test]
fn g07_a_read_whose_answer_is_known_is_answered_304_without_a_body() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    for path in READS {
        let first = get(&app, &api, path, &[]);
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(first.status(), 200, "{path}");
        let weak = tag.starts_with("W/\"") && tag.ends_with('"');
        assert!(weak, "{path}: {tag}");
        let bare = tag.trim_start_matches("W/").to_owned();
        let among = format!("\"other\", {tag}");
        for known in [tag.as_str(), &bare, &among, "*"] {
            let mut again = get(&app, &api, path, &[("if-none-match", known)]);
            assert_eq!(again.status(), 304, "{path} with {known}");
            assert_eq!(again.headers()["etag"], tag.as_str(), "{path}");
            assert_eq!(again.headers()["cache-control"], "no-store", "{path}");
            assert_eq!(again.body_mut().read_to_string().unwrap(), "", "{path}");
        }
        let zipped = get(
            &app,
            &api,
            path,
            &[("accept-encoding", "gzip"), ("if-none-match", &tag)],
        );
        assert_eq!(zipped.status(), 304, "{path}");
        let other = get(&app, &api, path, &[("if-none-match", "\"other\"")]);
        assert_eq!(other.status(), 200, "{path}");
    }
}

#[test]
fn g07_another_answer_has_another_tag_and_nobody_learns_anothers() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let worker = app.register("worker", &["developer"]);
    let (root, worker) = (app.api(&root), app.api(&worker));
    let tag_of = |api: &Api| {
        let answer = get(&app, api, "/api/v1/me", &[]);
        answer.headers()["etag"].to_str().unwrap().to_owned()
    };
    let before = tag_of(&worker);
    assert_ne!(before, tag_of(&root));
    let change = serde_json::json!({ "name": "Another" });
    assert_eq!(worker.patch("/api/v1/me", &change).0, 200);
    let after = get(&app, &worker, "/api/v1/me", &[("if-none-match", &before)]);
    assert_eq!(after.status(), 200);
    assert_ne!(after.headers()["etag"], before.as_str());
    // Who may not read is refused, whatever tag they show (A28).
    let refused = get(&app, &worker, "/api/v1/users", &[("if-none-match", "*")]);
    assert_eq!(refused.status(), 403);
    assert!(!refused.headers().contains_key("etag"));
    let nobody = Api::with_token(app.base(), "nothing");
    let refused = get(&app, &nobody, "/api/v1/me", &[("if-none-match", &before)]);
    assert_eq!(refused.status(), 401);
}

#[test]
fn no_other_site_is_ever_let_in_by_a_browser() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let token = format!("Bearer {}", app.api(&root).token().unwrap());
    for (method, path) in [
        ("GET", "/api/v1/me"),
        ("OPTIONS", "/api/v1/me"),
        ("OPTIONS", "/api/v1/tasks"),
        ("POST", "/api/v1/tasks"),
        ("POST", "/api/v1/auth/token"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/login"),
    ] {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", app.base()))
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization, content-type",
            )
            .header("authorization", &token)
            .body(String::new())
            .unwrap();
        let answer = agent().run(request).unwrap();
        let opened = answer
            .headers()
            .keys()
            .find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(opened, None, "{method} {path}");
        if method == "OPTIONS" {
            assert_eq!(answer.status(), 405, "{path}");
        }
    }
}
