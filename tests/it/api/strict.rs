//! What the API refuses, and how it says so: a problem document with the field named, and nothing done.

use serde_json::{Value, json};

use crate::support::raw::{Answer, send};
use crate::support::{Api, PASSWORD, Person, TestApp};

struct House {
    app: TestApp,
    root: Api,
    target: Person,
}

impl House {
    fn build() -> Self {
        let app = TestApp::start();
        let root = app.register("root", &["administrator"]);
        let target = app.register("target", &["developer"]);
        let root = app.api(&root);
        Self { app, root, target }
    }

    /// Sends exactly this, with the administrator's token.
    fn send(&self, method: &str, path: &str, kind: Option<&str>, body: &str) -> Answer {
        let token = format!("Bearer {}", self.root.token().unwrap());
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        send(&self.app.base(), method, path, &headers, body)
    }
}

/// The problem document of a refusal.
fn problem(what: &str, answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{what}: {}",
        answer.body
    );
    let problem: Value = serde_json::from_str(&answer.body)
        .unwrap_or_else(|error| panic!("{what}: {error}: {}", answer.body));
    assert_eq!(problem["status"], status, "{what}");
    for member in ["type", "title", "detail", "instance", "code", "request_id"] {
        assert!(problem[member].is_string(), "{what} has no {member}");
    }
    problem
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

const JSON: Option<&str> = Some("application/json");

#[test]
fn g12_a_wrong_body_is_answered_422_with_the_field_named() {
    let house = House::build();
    let user = format!("/api/v1/users/{}", house.target.id);
    let account = |change: Value| {
        let mut account = json!({ "username": "newbird", "email": "newbird@uberpopug.example", "name": "New",
            "surname": "Bird", "password": "a feather in the wind", "roles": ["developer"] });
        for (name, value) in change.as_object().unwrap() {
            account[name] = value.clone();
        }
        account
    };
    let cases: Vec<(&str, &str, Value, &str)> = vec![
        ("POST", "/api/v1/tasks", json!({}), "title"),
        ("POST", "/api/v1/tasks", json!({ "title": 7 }), "title"),
        ("POST", "/api/v1/tasks", json!({ "title": null }), "title"),
        ("POST", "/api/v1/tasks", json!({ "title": ["a"] }), "title"),
        ("POST", "/api/v1/tasks", json!({ "title": " " }), "title"),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "a\u{0}b" }),
            "title",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "x".repeat(201) }),
            "title",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "Preen", "jira_id": 42 }),
            "jira_id",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "Preen", "jira_id": "nothing" }),
            "jira_id",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "Preen", "description": {} }),
            "description",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "Preen", "assignee": "me" }),
            "assignee",
        ),
        (
            "POST",
            "/api/v1/tasks",
            json!({ "title": "Preen", "fee_minor": 1 }),
            "fee_minor",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "username": 1 })),
            "username",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "email": "nothing" })),
            "email",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "roles": "developer" })),
            "roles",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "roles": ["king"] })),
            "roles",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "roles": [1] })),
            "roles[0]",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "password": "short" })),
            "password",
        ),
        (
            "POST",
            "/api/v1/users",
            account(json!({ "active": true })),
            "active",
        ),
        (
            "PATCH",
            &user,
            json!({ "permissions": [["x"]] }),
            "permissions[0]",
        ),
        (
            "PATCH",
            &user,
            json!({ "password": "a feather in the wind" }),
            "password",
        ),
        ("PATCH", "/api/v1/me", json!({ "meta": 7 }), "meta"),
        (
            "PATCH",
            "/api/v1/me",
            json!({ "meta": { "a": "\u{0}" } }),
            "meta.a",
        ),
        (
            "PATCH",
            "/api/v1/me",
            json!({ "roles": ["administrator"] }),
            "roles",
        ),
        (
            "POST",
            "/api/v1/accounting/payouts",
            json!({ "business_date": 7 }),
            "business_date",
        ),
        (
            "POST",
            "/api/v1/accounting/payouts",
            json!({ "business_date": "today" }),
            "business_date",
        ),
        (
            "POST",
            "/api/v1/accounting/payouts",
            json!({ "amount": 7 }),
            "amount",
        ),
        (
            "POST",
            "/api/v1/tasks/reassign",
            json!({ "assignee": "me" }),
            "assignee",
        ),
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "username": "root" }),
            "password",
        ),
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "username": 1, "password": PASSWORD }),
            "username",
        ),
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "username": "ro\u{0}ot", "password": PASSWORD }),
            "username",
        ),
        (
            "POST",
            "/api/v1/auth/token",
            json!({ "grant_type": "password" }),
            "grant_type",
        ),
        (
            "POST",
            "/api/v1/auth/refresh",
            json!({ "refresh_token": {} }),
            "refresh_token",
        ),
        ("POST", "/api/v1/auth/logout", json!({}), "refresh_token"),
        (
            "POST",
            "/api/v1/ops/stop",
            json!({ "reason": "Sweep" }),
            "reason",
        ),
        (
            "POST",
            "/api/v1/ops/release",
            json!({ "reason": "It is over by now" }),
            "password",
        ),
    ];
    for (method, path, body, field) in cases {
        let what = format!("{method} {path} {body}");
        let answer = house.send(method, path, JSON, &body.to_string());
        let problem = problem(&what, &answer, 422);
        assert_eq!(fields(&problem), [field], "{what}");
        assert_eq!(problem["type"], "/problems/invalid-input", "{what}");
    }
}

#[test]
fn g12_a_body_for_an_operation_without_one_is_refused_unless_it_says_nothing() {
    let house = House::build();
    let (_, task) = house
        .root
        .post("/api/v1/tasks", &json!({ "title": "Preen" }));
    house.app.drain();
    let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
    let answer = house.send("POST", &path, JSON, r#"{"completed_at":"2020-01-01"}"#);
    assert_eq!(fields(&problem("complete", &answer, 422)), ["completed_at"]);
    let user = format!("/api/v1/users/{}", house.target.id);
    let answer = house.send("DELETE", &user, JSON, r#"{"really":true}"#);
    assert_eq!(fields(&problem("delete", &answer, 422)), ["really"]);
    assert_eq!(house.send("DELETE", &user, None, "").status, 204);
}

#[test]
fn a24_a_query_that_the_operation_does_not_have_is_refused_by_its_name() {
    let house = House::build();
    let user = format!("/api/v1/users/{}?full=1", house.target.id);
    for (method, path, field) in [
        ("GET", "/api/v1/me?user=1", "user"),
        ("GET", "/api/v1/tasks?offset=1", "offset"),
        ("GET", "/api/v1/tasks?Limit=1", "Limit"),
        ("GET", "/api/v1/tasks?limit=1&limit=2", "limit"),
        ("GET", "/api/v1/tasks?limit=0", "limit"),
        ("GET", "/api/v1/tasks?limit=1e1", "limit"),
        ("GET", "/api/v1/tasks?cursor=!", "cursor"),
        ("GET", "/api/v1/tasks?assignee=me", "assignee"),
        ("GET", "/api/v1/tasks?status=lost", "status"),
        ("GET", "/api/v1/tasks?q=%00", "q"),
        ("GET", "/api/v1/tasks?q=%FF", "q"),
        ("GET", "/api/v1/tasks?%FF=1", "query"),
        ("GET", "/api/v1/tasks/mine?assignee=me", "assignee"),
        (
            "GET",
            "/api/v1/accounting/balance?as_of=2999-01-01",
            "as_of",
        ),
        ("GET", "/api/v1/accounting/balance?user=root", "user"),
        ("GET", "/api/v1/accounting/transfers?kind=gift", "kind"),
        (
            "GET",
            "/api/v1/accounting/transfers?from=2026-13-01",
            "from",
        ),
        (
            "GET",
            "/api/v1/accounting/transfers?from=2026-03-02&to=2026-03-01",
            "to",
        ),
        (
            "GET",
            "/api/v1/accounting/company/earnings?limit=1",
            "limit",
        ),
        ("GET", "/api/v1/analytics/today-income?day=1", "day"),
        (
            "GET",
            "/api/v1/analytics/most-expensive-task?period=year",
            "period",
        ),
        ("GET", "/api/v1/ops/dead-letters?key=1", "key"),
        ("GET", "/api/v1/openapi.json?format=yaml", "format"),
        ("GET", &user, "full"),
        ("POST", "/api/v1/tasks?title=Preen", "title"),
        ("POST", "/api/v1/auth/token?username=root", "username"),
    ] {
        let what = format!("{method} {path}");
        let body = if method == "GET" {
            ""
        } else {
            r#"{"title":"Preen"}"#
        };
        let answer = house.send(method, path, JSON, body);
        assert_eq!(fields(&problem(&what, &answer, 422)), [field], "{what}");
    }
    // Who shows no token hears of that first.
    let nobody = send(&house.app.base(), "GET", "/api/v1/me?user=1", &[], "");
    problem("nobody", &nobody, 401);
}

#[test]
fn every_refusal_of_the_api_is_a_problem_document() {
    let house = House::build();
    let none = "00000000-0000-7000-8000-000000000000";
    let cases: Vec<(&str, String, Option<&str>, &str, u16)> = vec![
        ("GET", "/api/".into(), None, "", 404),
        ("GET", "/api/v1".into(), None, "", 404),
        ("GET", "/api/v2/tasks".into(), None, "", 404),
        ("GET", "/api/v1/tasks/".into(), None, "", 404),
        ("GET", "/api/v1//tasks".into(), None, "", 404),
        ("POST", "/api/v1/nothing".into(), JSON, "{}", 404),
        ("GET", format!("/api/v1/tasks/{none}"), None, "", 404),
        ("GET", "/api/v1/tasks/42".into(), None, "", 404),
        ("GET", "/api/v1/tasks/%00".into(), None, "", 404),
        ("GET", "/api/v1/tasks/%FF".into(), None, "", 404),
        ("GET", format!("/api/v1/users/{none}"), None, "", 404),
        (
            "GET",
            "/api/v1/accounting/payouts/yesterday".into(),
            None,
            "",
            404,
        ),
        (
            "GET",
            format!("/api/v1/accounting/balance?user={none}"),
            None,
            "",
            404,
        ),
        (
            "POST",
            "/api/v1/ops/consumers/nobody/pause".into(),
            JSON,
            r#"{"reason":"To see whether"}"#,
            404,
        ),
        ("DELETE", "/api/v1/tasks".into(), None, "", 405),
        ("PUT", "/api/v1/users".into(), JSON, "{}", 405),
        ("HEAD", "/api/v1/auth/token".into(), None, "", 405),
        ("POST", "/api/v1/accounting/balance".into(), JSON, "{}", 405),
        ("DELETE", "/api/v1/accounting/payouts".into(), None, "", 405),
        (
            "POST",
            "/api/v1/analytics/today-income".into(),
            JSON,
            "{}",
            405,
        ),
        ("POST", "/api/v1/tasks".into(), JSON, "", 400),
        ("POST", "/api/v1/tasks".into(), JSON, "{", 400),
        (
            "POST",
            "/api/v1/tasks".into(),
            JSON,
            r#"{"title":"a"} x"#,
            400,
        ),
        (
            "POST",
            "/api/v1/tasks".into(),
            JSON,
            "{\"title\":\"a\u{1}\"}",
            400,
        ),
        (
            "POST",
            "/api/v1/tasks".into(),
            JSON,
            r#"{"title":"\ud800"}"#,
            400,
        ),
        (
            "POST",
            "/api/v1/accounting/payouts".into(),
            JSON,
            "nothing",
            400,
        ),
        (
            "POST",
            "/api/v1/tasks".into(),
            None,
            r#"{"title":"a"}"#,
            415,
        ),
        (
            "POST",
            "/api/v1/tasks".into(),
            Some("text/plain"),
            r#"{"title":"a"}"#,
            415,
        ),
        (
            "POST",
            "/api/v1/tasks".into(),
            Some("application/x-www-form-urlencoded"),
            "title=a",
            415,
        ),
        (
            "POST",
            "/api/v1/tasks/reassign".into(),
            Some("text/plain"),
            "{}",
            415,
        ),
        (
            "POST",
            "/api/v1/auth/token".into(),
            Some("text/plain"),
            "{}",
            415,
        ),
        ("POST", "/api/v1/tasks".into(), JSON, "[]", 422),
        ("POST", "/api/v1/tasks".into(), JSON, "7", 422),
        (
            "POST",
            "/api/v1/tasks".into(),
            JSON,
            r#"{"title":"a","title":"b"}"#,
            422,
        ),
    ];
    for (method, path, kind, body, status) in cases {
        let what = format!("{method} {path} {body}");
        let answer = house.send(method, &path, kind, body);
        if method == "HEAD" {
            assert_eq!(answer.status, status, "{what}");
        } else {
            problem(&what, &answer, status);
        }
        if status == 405 {
            let allowed = answer.header("allow").unwrap_or_default();
            assert!(
                !allowed.is_empty() && !allowed.contains(method),
                "{what}: {allowed:?}"
            );
        }
    }
    let bad_utf8 = ureq::http::Request::builder()
        .method("POST")
        .uri(format!("{}/api/v1/tasks", house.app.base()))
        .header(
            "authorization",
            format!("Bearer {}", house.root.token().unwrap()),
        )
        .header("content-type", "application/json")
        .body(b"{\"title\":\"\xff\"}".to_vec())
        .unwrap();
    let answer = crate::support::client::agent().run(bad_utf8).unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[test]
fn what_is_asked_for_too_often_or_too_early_says_when_to_come_again() {
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_QUEUE", 1).workers(false));
    let boss = app.register("boss", &["administrator"]);
    app.register("worker", &["developer"]);
    let api = app.api(&boss);
    assert_eq!(api.post("/api/v1/tasks/reassign", &Value::Null).0, 202);
    let token = format!("Bearer {}", api.token().unwrap());
    let press = |base: &str| {
        send(
            base,
            "POST",
            "/api/v1/tasks/reassign",
            &[("authorization", &token)],
            "",
        )
    };
    let answer = press(&app.base());
    problem("a press too many", &answer, 429);
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1);
    ates::operations::stop_from_host(app.db(), "To see what the API says").unwrap();
    let answer = press(&app.base());
    let said = problem("the stop", &answer, 503);
    assert_eq!(said["type"], "/problems/stopped");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1);
    let order = json!({ "reason": "It has been seen by now", "password": PASSWORD });
    assert_eq!(api.post("/api/v1/ops/release", &order).0, 200);
    app.settle_idle();
}
