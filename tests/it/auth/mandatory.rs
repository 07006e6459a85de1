//! A second factor that a setting demands of some roles (D12).

use chrono::Duration;
use serde_json::json;
use totp_rs::{Builder, Secret};

use super::ask_token;
use crate::support::{Api, PASSWORD, TestApp};

fn start() -> TestApp {
    TestApp::with(|settings| settings.set("ATES_SECOND_FACTOR_ROLES", "administrator, accountant"))
}

#[test]
fn d12_who_must_have_a_second_factor_gets_to_nothing_without_one() {
    let app = start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    assert_eq!(
        app.log_in(&people[1]).get("/profile").status,
        200,
        "others go on as ever"
    );
    assert_eq!(ask_token(&app, "kesha", PASSWORD).0, 200);
    let mut root = app.log_in(&people[0]);
    for path in [
        "/",
        "/profile",
        "/profile/access",
        "/admin/users",
        "/analytics",
        "/tasks.csv",
    ] {
        let page = root.get(path);
        assert_eq!(
            (page.status, page.location.as_deref()),
            (303, Some("/profile/credentials")),
            "{path}"
        );
    }
    let page = root.post("/admin/users", &[]);
    assert_eq!(page.location.as_deref(), Some("/profile/credentials"));
    let page = root.get("/profile/credentials");
    assert_eq!((page.status, page.all(".strip.bad").len()), (200, 1));
    let (status, answer) = ask_token(&app, "root", PASSWORD);
    assert_eq!(
        (status, &answer["type"]),
        (403, &json!("/problems/second-factor-missing"))
    );

    assert_eq!(root.post("/profile/credentials/totp", &[]).status, 303);
    let secret = root
        .get("/profile/credentials")
        .all("#totp-secret")
        .remove(0);
    let secret = Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let phone = Builder::new().with_secret(secret).build().unwrap();
    let code = || {
        let now = app.clock().now().timestamp();
        phone.generate(u64::try_from(now).unwrap()).to_string()
    };
    let page = root.post(
        "/profile/credentials/totp/confirmation",
        &[("code", &code())],
    );
    assert_eq!(page.status, 200);
    assert_eq!(
        root.get("/admin/users").status,
        200,
        "the same session goes on"
    );
    app.clock().advance(Duration::minutes(1));
    let body = json!({ "username": "root", "password": PASSWORD, "totp": code() });
    let (status, _) = Api::anonymous(app.base()).post("/api/v1/auth/token", &body);
    assert_eq!(status, 200);
}

#[test]
fn d12_a_token_from_before_opens_nothing_once_the_factor_is_gone() {
    let app = TestApp::start();
    let clerk = app.register("clerk", &["accountant"]);
    let token = app.api(&clerk).token().unwrap().to_owned();
    let mut browser = app.log_in(&clerk);
    let fields = [
        ("key", "0193b0a0-0001-7000-8000-000000000009"),
        ("token_name", "script"),
        ("days", "30"),
        ("scopes", "profile"),
    ];
    let page = browser.post("/profile/tokens", &fields);
    let script = page
        .all("code")
        .into_iter()
        .find(|code| code.starts_with("ates_"))
        .unwrap();
    let database = app.stop();
    let app = TestApp::with(|settings| {
        settings
            .on(database)
            .set("ATES_SECOND_FACTOR_ROLES", "accountant")
    });
    for token in [token, script] {
        let (status, answer) = Api::with_token(app.base(), &token).get("/api/v1/me");
        assert_eq!(
            (status, &answer["type"]),
            (403, &json!("/problems/second-factor-missing"))
        );
    }
}
