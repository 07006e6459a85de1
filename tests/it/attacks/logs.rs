//! T-INJ-6, T-INJ-7, A63: the log of the real program is one JSON object a line whatever people send, secrets are neither in it nor in a
//! dump nor on a page, and an error tells nobody how the house is built inside.

use std::process::Command;

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::outage::process::Process;
use crate::support::client::{Api, Browser, agent};
use crate::support::raw::send;
use crate::support::{PASSWORD, TestApp};

#[test]
fn a53_a63_a64_t_inj_6_t_inj_7_logs_dumps_figures_and_errors_tell_no_secret_and_no_inside() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["administrator"]);
    let database = app.stop();
    let process = Process::serving(
        &[],
        &[("DATABASE_URL", database.url()), ("RUST_LOG", "debug")],
    );
    let base = process.base();

    // Everything that must stay secret, used once.
    let (status, tokens) = Api::anonymous(base.clone()).post(
        "/api/v1/auth/token",
        &json!({ "username": "kesha", "password": PASSWORD }),
    );
    assert_eq!(status, 200, "{tokens}");
    let mut browser = Browser::new(base.clone());
    let entered = browser.post("/login", &[("username", "kesha"), ("password", PASSWORD)]);
    assert_eq!(entered.status, 303);
    let session = browser.cookie("ates_session").unwrap().to_owned();
    let key = uuid::Uuid::new_v4().to_string();
    let made = browser.post(
        "/profile/tokens",
        &[
            ("key", &key),
            ("token_name", "robot"),
            ("days", "30"),
            ("scopes", "profile"),
        ],
    );
    assert_eq!(made.status, 200);
    let for_scripts = made
        .all("code")
        .into_iter()
        .find(|code| code.len() > 30)
        .unwrap();
    let fed = browser.post("/profile/feeds/tasks", &[]);
    let feed = fed
        .html
        .split("/feeds/")
        .nth(1)
        .map(|rest| rest[..64].to_owned());
    let mut secrets = vec![
        PASSWORD.to_owned(),
        tokens["access_token"].as_str().unwrap().to_owned(),
        tokens["refresh_token"].as_str().unwrap().to_owned(),
        session,
        for_scripts.clone(),
        feed.unwrap(),
        "a wrong guess of mine".to_owned(),
    ];
    let api = Api::with_token(base.clone(), &for_scripts);
    assert_eq!(api.get("/api/v1/me").0, 200);
    let (status, _) = Api::anonymous(base.clone()).post(
        "/api/v1/auth/token",
        &json!({ "username": "kesha", "password": "a wrong guess of mine" }),
    );
    assert_eq!(status, 401);
    let (status, _) = Api::anonymous(base.clone()).post(
        "/api/v1/auth/refresh",
        &json!({ "refresh_token": tokens["refresh_token"] }),
    );
    assert_eq!(status, 200);
    secrets.push(format!(
        "Bearer {}",
        tokens["access_token"].as_str().unwrap()
    ));

    // Whoever writes into the log by what they send.
    let forged = "{\"level\":\"ERROR\",\"message\":\"forged\"}";
    for target in [
        "/%0d%0a{forged}",
        "/tasks?q=%0A%1b[31mred%E2%80%A8next",
        "/login?next=%0d%0aforged",
        "/api/v1/tasks?status=%0aforged",
    ] {
        let target = target.replace("{forged}", &forged.replace('"', "%22").replace(' ', "%20"));
        let answer = send(
            &base,
            "GET",
            &target,
            &[
                ("user-agent", "\u{1b}[2J\u{2028}forged"),
                ("x-request-id", "forged\u{1b}[31m"),
                ("x-forwarded-for", "1.2.3.4\u{2028}forged"),
            ],
            "",
        );
        assert!(answer.status < 500, "{target}: {}", answer.status);
    }
    let body = json!({ "username": format!("kesha\r\n{forged}"), "password": "x" });
    assert_eq!(
        Api::anonymous(base.clone())
            .post("/api/v1/auth/token", &body)
            .0,
        401
    );

    // What the inside does when a table is away: the page says so, with an id, and nothing else.
    let mut conn = database.connect();
    conn.batch_execute("alter table auth.api_tokens rename to api_tokens_away")
        .unwrap();
    let key = uuid::Uuid::new_v4().to_string();
    let again = [
        ("key", &*key),
        ("token_name", "robot"),
        ("days", "30"),
        ("scopes", "profile"),
    ];
    let broken = browser.post("/profile/tokens", &again);
    conn.batch_execute("alter table auth.api_tokens_away rename to api_tokens")
        .unwrap();
    assert!(broken.status >= 500, "{}", broken.status);
    let id = broken.headers["x-request-id"].clone();
    assert!(broken.text().contains(&id), "{}", broken.text());
    for inside in [
        "api_tokens",
        "relation",
        "select",
        "diesel",
        "panicked",
        ".rs:",
        "postgres",
    ] {
        assert!(
            !broken.html.to_lowercase().contains(inside),
            "an error page says {inside:?}: {}",
            broken.html
        );
    }
    for path in [
        "/metrics",
        "/debug",
        "/docs",
        "/api/v1/docs",
        "/.env",
        "/server-status",
        "/actuator",
    ] {
        let status = agent()
            .get(format!("{base}{path}"))
            .call()
            .unwrap()
            .status();
        assert!(
            [401, 404, 303].contains(&status.as_u16()),
            "{path}: {status}"
        );
    }
    let headers = browser.get("/").headers;
    assert!(
        !headers.contains_key("server") && !headers.contains_key("x-powered-by"),
        "{headers:?}"
    );

    let log = process.log();
    // What people send is not in the log at all, so that it cannot become a line of it either.
    assert!(log.lines().count() > 10, "{log}");
    for line in log.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(line["message"], "forged");
    }
    assert!(!log.contains("forged"), "somebody's words are in the log");
    assert!(
        log.contains(&id),
        "the cause stands in the log under its id"
    );
    assert!(!log.contains('\u{1b}'), "no colours for terminals");
    let dump = Command::new("pg_dump")
        .arg("--inserts")
        .arg(database.url())
        .output()
        .unwrap();
    assert!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    let dump = String::from_utf8_lossy(&dump.stdout);
    assert!(dump.contains(&kesha.email), "the dump is a dump");
    for secret in &secrets {
        assert!(!log.contains(secret), "the log has {secret}");
        assert!(!dump.contains(secret), "the dump has {secret}");
    }
}
