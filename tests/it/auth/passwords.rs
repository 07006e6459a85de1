//! One's own password: what changing it ends, and what is thought of a new one.

use ates::platform::web::cookies;
use chrono::Duration;

use crate::support::database::{count, text};
use crate::support::smtp::SmtpSink;
use crate::support::{Api, Browser, PASSWORD, TestApp, wait_until};

const NEW: &str = "all the feathers of the north";

fn is_in(browser: &mut Browser) -> bool {
    browser.get("/profile").status == 200
}

#[test]
fn a36_a_new_password_ends_every_other_session_and_the_one_that_asks_goes_on_under_a_new_id() {
    let post = SmtpSink::start();
    let app = TestApp::with(|settings| settings.smtp(&post.url()));
    let kesha = app.register("kesha", &["developer"]);
    let mut one = app.log_in(&kesha);
    app.clock().advance(Duration::seconds(1));
    let mut two = app.log_in(&kesha);
    app.clock().advance(Duration::seconds(1));
    let api = app.api(&kesha);
    let made = one.post_confirmed(
        "/profile/tokens",
        &[
            ("key", "0190a1b2-0000-7000-8000-000000000001"),
            ("token_name", "script"),
            ("days", "30"),
            ("scopes", "profile"),
        ],
    );
    let script = made.all("code.secret").remove(0);
    let script = Api::with_token(app.base(), &script);
    assert_eq!(script.get("/api/v1/me").0, 200);

    app.clock().advance(Duration::minutes(1));
    let wrong = [
        ("old_password", "not the present one"),
        ("new_password", NEW),
    ];
    let page = one.post("/profile/password", &wrong);
    assert_eq!(page.status, 422);
    assert!(
        !page.html.contains(NEW),
        "passwords are dropped from the form"
    );
    app.clock().advance(Duration::minutes(1));
    let easy = [
        ("old_password", PASSWORD),
        ("new_password", "kesha kesha kesha"),
    ];
    assert_eq!(one.post("/profile/password", &easy).status, 422);
    assert!(is_in(&mut two), "what was refused ends nothing");

    let name = cookies::session(false);
    let before = one.cookie(name).unwrap().to_owned();
    let page = one.submit(
        "/profile/password",
        &[("old_password", PASSWORD), ("new_password", NEW)],
    );
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("The password is changed"),
        "{}",
        page.text()
    );
    assert_ne!(one.cookie(name), Some(before.as_str()), "the id is new");
    assert!(is_in(&mut one) && !is_in(&mut two));
    let mut thief = app.browser();
    thief.set_cookie(name, &before);
    assert!(!is_in(&mut thief), "the old id is worth nothing");
    assert_eq!(api.get("/api/v1/me").0, 401);
    assert_eq!(script.get("/api/v1/me").0, 401, "tokens of scripts end too");
    assert_eq!(
        one.post("/profile/language", &[("language", "en")]).status,
        303
    );

    app.clock().advance(Duration::minutes(1));
    assert_eq!(super::ask_token(&app, "kesha", NEW).0, 200);
    assert_eq!(super::ask_token(&app, "kesha", PASSWORD).0, 401);
    wait_until("the owner is told", || post.count() == 1);
    let mail = &post.mails()[0];
    assert_eq!(mail.to, kesha.email);
    assert!(
        mail.text().contains("was changed just now"),
        "{}",
        mail.text()
    );
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.password_changed'"
        ),
        1
    );
}

#[test]
fn a_new_password_is_judged_the_same_for_the_script_and_for_the_page() {
    let app = TestApp::with(|settings| settings.workers(false));
    let mut browser = app.browser();
    for (password, score) in [
        ("password12345678", "0"),
        ("purple dragon monkey", "1"),
        ("Vq7#mz2!Lr9@wk5$Tx8%nd3^", "4"),
    ] {
        let page = browser.post("/password/strength", &[("password", password)]);
        assert_eq!(page.attribute("meter", "value").as_deref(), Some(score));
        let words = page.all(".strength span").remove(0);
        let token = page.attribute("input[name=csrf]", "value").unwrap();
        let answer = browser.post_raw(
            "/password/strength",
            &[
                ("csrf", &token),
                ("password", password),
                ("username", ""),
                ("email", ""),
            ],
            &[
                ("sec-fetch-site", "same-origin"),
                ("accept", "application/json"),
            ],
        );
        let judged: serde_json::Value = serde_json::from_str(&answer.html).unwrap();
        assert_eq!(judged["score"].to_string(), score);
        assert_eq!(judged["words"], words);
        assert!(!page.html.contains(password));
    }
    assert_eq!(
        text(
            &mut app.conn(),
            "select count(*)::text as t from auth.sessions"
        ),
        "0"
    );
}
