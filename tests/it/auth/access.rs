//! Sessions that people end, tokens of scripts and services, permissions of one's own, and one's own record.

use chrono::Duration;
use serde_json::{Value, json};

use super::{ask_token, user_path};
use crate::support::client::Browser;
use crate::support::database::{count, text};
use crate::support::{Api, PASSWORD, Page, Person, TestApp};

const ACCESS: &str = "/profile/access";

/// The token that a page shows this once.
pub(super) fn shown_token(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.html);
    page.all(".secret").pop().expect("a token is shown")
}

pub(super) fn make(browser: &mut Browser, path: &str, scopes: &[&str], days: &str) -> Page {
    let key = uuid::Uuid::new_v4().to_string();
    let mut fields = vec![
        ("key", key.as_str()),
        ("token_name", "the script"),
        ("days", days),
    ];
    fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
    browser.post(path, &fields)
}

fn with(app: &TestApp, token: &str) -> Api {
    Api::with_token(app.base(), token)
}

fn make_of(app: &TestApp, person: &Person, scopes: &[&str]) -> Api {
    let page = make(&mut app.log_in(person), "/profile/tokens", scopes, "30");
    with(app, &shown_token(&page))
}

#[test]
fn a08_sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let stranger = app.register("gosha", &["developer"]);
    let mut here = app.log_in(&kesha);
    app.clock().advance(Duration::seconds(1));
    let mut there = app.log_in(&kesha);
    let script = app.api(&kesha);
    let page = here.get(ACCESS);
    assert_eq!(page.all("#sessions tbody tr").len(), 3, "{}", page.html);
    assert_eq!(page.all("#sessions .chip.ok").len(), 1, "one is this one");
    assert!(page.html.contains("127.0.0.1"), "the address is shown");

    let ids = |kind: &str| {
        text(
            &mut app.conn(),
            &format!("select id::text as t from {kind}"),
        )
    };
    let of_script = ids("auth.token_families");
    let end = |id: &str| format!("/profile/sessions/{id}/end");
    let mut other = app.log_in(&stranger);
    assert_eq!(
        other.post(&end(&of_script), &[]).status,
        404,
        "only one's own"
    );
    assert_eq!(script.get("/api/v1/me").0, 200);
    assert_eq!(here.post(&end(&of_script), &[]).status, 303);
    assert_eq!(script.get("/api/v1/me").0, 401);
    assert_eq!(there.get("/profile").status, 200);

    let another = app.api(&kesha);
    assert_eq!(here.post("/profile/sessions/end-others", &[]).status, 303);
    assert_eq!(there.get("/profile").status, 303);
    assert_eq!(another.get("/api/v1/me").0, 401);
    assert_eq!(here.get("/profile").status, 200);
    assert_eq!(other.get("/profile").status, 200);
}

#[test]
fn a14_a_grant_opens_the_analytics_after_the_next_log_in_and_its_end_closes_them() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("mona", &["manager"]),
    ]);
    let (admin, kesha) = (app.api(&people[0]), &people[1]);
    let income = "/api/v1/analytics/today-income";
    let before = app.api(kesha);
    assert_eq!(before.get(income).0, 403);
    let grant =
        |permissions: Value| admin.patch(&user_path(kesha), &json!({ "permissions": permissions }));
    let (status, profile) = grant(json!(["can_see_analytics"]));
    assert_eq!(
        (status, &profile["permissions"]),
        (200, &json!(["can_see_analytics"]))
    );
    assert_eq!(
        before.get(income).0,
        401,
        "the rights of a session never change under it"
    );
    let after = app.api(kesha);
    assert_eq!(after.get(income).0, 200);
    assert_eq!(app.log_in(kesha).get("/analytics").status, 200);
    assert_eq!(grant(json!([])).0, 200);
    assert_eq!(after.get(income).0, 401);
    assert_eq!(app.api(kesha).get(income).0, 403);

    let (status, problem) = grant(json!(["can_operate"]));
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("permissions"))
    );
    assert_eq!(grant(json!(["can_fly"])).0, 422);
    let manager = app.api(&people[2]);
    let body = json!({ "permissions": ["can_see_analytics"] });
    assert_eq!(manager.patch(&user_path(kesha), &body).0, 403);
    assert_eq!(count(&mut app.conn(), "auth.user_permissions"), 0);
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.user_updated'"
        ),
        2
    );
}

#[test]
fn a14_the_page_of_a_user_gives_and_takes_permissions() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let mut root = app.log_in(&people[0]);
    let path = format!("/admin/users/{}", people[1].id);
    let form = |permission: &'static str| {
        let mut fields = vec![
            ("email", "kesha@uberpopug.example"),
            ("name", "Kesha"),
            ("surname", "Popug"),
            ("roles", "developer"),
        ];
        if !permission.is_empty() {
            fields.push(("permissions", permission));
        }
        fields
    };
    assert_eq!(root.post(&path, &form("can_see_all_tasks")).status, 303);
    assert_eq!(root.get(&path).all("#permissions input[checked]").len(), 1);
    assert_eq!(app.log_in(&people[1]).get("/tasks/all").status, 200);
    assert_eq!(root.post(&path, &form("")).status, 303);
    assert_eq!(app.log_in(&people[1]).get("/tasks/all").status, 403);
}

#[test]
fn a22_a_service_gets_its_token_for_its_credential_and_then_not_for_its_password() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("cron", &["internalservice"]),
        ("kesha", &["developer"]),
    ]);
    let (mut root, cron) = (app.log_in(&people[0]), &people[1]);
    assert_eq!(
        ask_token(&app, "cron", PASSWORD).0,
        200,
        "it has no credential yet"
    );
    let path = format!("/admin/users/{}/tokens", cron.id);
    let page = make(&mut root, &path, &["payouts"], "365");
    let secret = shown_token(&page);
    let anonymous = Api::anonymous(app.base());
    let ask = |name: &str, secret: &str| {
        anonymous.post(
            "/api/v1/auth/token",
            &json!({ "grant_type": "client_credentials", "client_id": name, "client_secret": secret }),
        )
    };
    let (status, answer) = ask("cron", &secret);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.get("refresh_token").is_none());
    let service = with(&app, answer["access_token"].as_str().unwrap());
    let payouts = "/api/v1/accounting/payouts";
    assert_eq!(
        service.post(payouts, &json!({})).0,
        409,
        "it may, but no date is over"
    );
    assert_eq!(service.get("/api/v1/tasks/mine").0, 403);
    for (name, secret) in [("cron", "ates_wrong"), ("kesha", secret.as_str()), ("", "")] {
        assert_eq!(ask(name, secret).0, 401, "{name}");
    }
    assert_eq!(
        ask_token(&app, "cron", PASSWORD).0,
        401,
        "now it has a credential"
    );

    let kesha = format!("/admin/users/{}/tokens", people[2].id);
    assert_eq!(make(&mut root, &kesha, &["profile"], "30").status, 409);
    let id = text(&mut app.conn(), "select id::text as t from auth.api_tokens");
    assert_eq!(
        root.post(&format!("{path}/{id}/revocation"), &[]).status,
        303
    );
    assert_eq!(ask("cron", &secret).0, 401);
}

#[test]
fn a45_what_is_wrong_with_a_request_for_a_token_is_named_by_its_field() {
    let app = TestApp::start();
    let anonymous = Api::anonymous(app.base());
    for (body, field) in [
        (json!({ "username": "kesha" }), "password"),
        (json!({ "password": "x" }), "username"),
        (
            json!({ "username": "kesha", "password": "x", "role": "administrator" }),
            "role",
        ),
        (
            json!({ "grant_type": "client_credentials", "client_id": "cron" }),
            "client_secret",
        ),
        (
            json!({ "grant_type": "client_credentials", "client_id": "a", "client_secret": "b", "password": "c" }),
            "password",
        ),
    ] {
        let (status, problem) = anonymous.post("/api/v1/auth/token", &body);
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field)),
            "{problem}"
        );
    }
    let body = json!({ "grant_type": "password", "client_id": "a", "client_secret": "b" });
    assert_eq!(anonymous.post("/api/v1/auth/token", &body).0, 422);
}

#[test]
fn a_scripts_token_may_what_was_chosen_and_nothing_else() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let reader = make_of(&app, &people[1], &["tasks_read", "account"]);
    assert_eq!(reader.get("/api/v1/tasks/mine").0, 200);
    assert_eq!(reader.get("/api/v1/accounting/balance").0, 200);
    assert_eq!(
        reader
            .post("/api/v1/tasks", &json!({ "title": "A perch" }))
            .0,
        403
    );
    assert_eq!(reader.get("/api/v1/me").0, 403);
    assert_eq!(reader.patch("/api/v1/me", &json!({ "meta": {} })).0, 403);
    let of_root = make_of(
        &app,
        &people[0],
        &["tasks_read", "tasks_write", "analytics"],
    );
    assert_eq!(
        of_root
            .post("/api/v1/tasks", &json!({ "title": "A perch" }))
            .0,
        201
    );
    assert_eq!(of_root.get("/api/v1/analytics/today-income").0, 200);
    assert_eq!(
        of_root.get("/api/v1/users").0,
        403,
        "no script looks after users"
    );
    assert_eq!(of_root.get("/api/v1/ops/consumers").0, 403);
    let of_profile = make_of(&app, &people[1], &["profile"]);
    let change = |field: &str, value: &str| {
        let mut body = serde_json::Map::new();
        body.insert(field.to_owned(), json!(value));
        of_profile.patch("/api/v1/me", &body.into())
    };
    assert_eq!(change("name", "Innokenty").0, 200);
    let (status, problem) = change("email", "thief@nest.example");
    assert_eq!(status, 403, "nor where the link to a new password goes");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Log in yourself"),
        "{problem}"
    );
    assert_eq!(of_profile.get("/api/v1/me").1["email"], people[1].email);
    app.drain();
}

#[test]
fn a_scripts_token_is_shown_once_kept_as_a_hash_and_ends() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let key = uuid::Uuid::new_v4().to_string();
    let fields = [
        ("key", key.as_str()),
        ("token_name", "Nest watcher"),
        ("days", "2"),
        ("scopes", "profile"),
    ];
    let page = browser.post("/profile/tokens", &fields);
    let secret = shown_token(&page);
    let script = with(&app, &secret);
    assert_eq!(script.get("/api/v1/me").0, 200);
    let again = browser.submit("/profile/tokens", &fields);
    assert!(!again.html.contains(&secret) && again.html.contains("Nest watcher"));
    let stored = text(
        &mut app.conn(),
        "select string_agg(encode(token_hash, 'hex') || name, ' ') as t from auth.api_tokens",
    );
    assert!(!stored.contains(&secret[5..]), "{stored}");

    for (scopes, days, field) in [
        (vec!["profile"], "0", "days"),
        (vec!["profile"], "367", "days"),
        (vec![], "30", "scopes"),
        (vec!["analytics"], "30", "scopes"),
        (vec!["everything"], "30", "scopes"),
    ] {
        let page = make(&mut browser, "/profile/tokens", &scopes, days);
        assert_eq!(page.status, 422, "{scopes:?} {days}");
        assert_eq!(
            page.all(&format!(".error-summary a[href='#{field}']"))
                .len(),
            1
        );
    }
    app.clock().advance(Duration::days(2));
    assert_eq!(script.get("/api/v1/me").0, 401, "its time is over");

    let other = make_of(&app, &kesha, &["profile"]);
    let root = app.register("root", &["administrator"]);
    assert_eq!(other.get("/api/v1/me").0, 200);
    let end = format!("/admin/users/{}/sessions/end", kesha.id);
    assert_eq!(app.log_in(&root).post(&end, &[]).status, 303);
    assert_eq!(other.get("/api/v1/me").0, 401);
    let last = make_of(&app, &kesha, &["profile"]);
    assert_eq!(app.api(&root).delete(&user_path(&kesha)).0, 204);
    assert_eq!(last.get("/api/v1/me").0, 401);
}

#[test]
fn a05_people_change_their_own_record_and_never_their_rights() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let kesha = app.api(&people[0]);
    let (status, profile) = kesha.patch(
        "/api/v1/me",
        &json!({ "email": "k@uberpopug.example", "surname": "Flint" }),
    );
    assert_eq!(status, 200, "{profile}");
    assert_eq!(
        (&profile["email"], &profile["surname"]),
        (&json!("k@uberpopug.example"), &json!("Flint"))
    );
    assert_eq!(
        kesha
            .patch("/api/v1/me", &json!({ "email": "gosha@uberpopug.example" }))
            .0,
        409
    );
    for field in ["roles", "permissions", "username", "active"] {
        assert_eq!(
            kesha
                .patch("/api/v1/me", &json!({ field: ["administrator"] }))
                .0,
            422,
            "{field}"
        );
    }
    assert_eq!(
        count(
            &mut app.conn(),
            "bus.events where event_type = 'account.updated'"
        ),
        1
    );
    app.drain();
}

#[test]
fn a09_meta_information_is_kept_as_it_was_said_and_is_ones_own() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let (kesha, gosha) = (app.api(&people[0]), app.api(&people[1]));
    let meta = json!({ "display_name": "Кеша", "zone": "Asia/Tokyo", "perches": [1, 2.5, null] });
    assert_eq!(kesha.patch("/api/v1/me", &json!({ "meta": meta })).0, 200);
    assert_eq!(kesha.get("/api/v1/me").1["meta"], meta);
    assert_eq!(gosha.get(&user_path(&people[0])).0, 403);
    for wrong in [
        json!([]),
        json!("text"),
        json!({ "a": "\u{0}" }),
        json!({ "a": "x".repeat(5_000) }),
    ] {
        assert_eq!(kesha.patch("/api/v1/me", &json!({ "meta": wrong })).0, 422);
    }
    assert_eq!(kesha.get("/api/v1/me").1["meta"], meta);
    app.drain();
}
