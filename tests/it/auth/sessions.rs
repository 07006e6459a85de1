//! Browser sessions: always a new id, over when they should be, gone with the right.

use ates::platform::web::cookies;
use chrono::Duration;
use serde_json::json;

use super::user_path;
use crate::support::client::Browser;
use crate::support::database::{count, text};
use crate::support::{PASSWORD, Person, TestApp};

const NAME: &str = "ates_session";

/// Whether the browser's session is alive.
fn is_in(browser: &mut Browser) -> bool {
    browser.get("/profile").status == 200
}

fn log_in_again(app: &TestApp, person: &Person) -> Browser {
    app.clock().advance(Duration::seconds(1));
    app.log_in(person)
}

#[test]
fn a38_a_log_in_gives_a_session_of_a_new_id() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    assert_eq!(cookies::session(false), NAME);
    let planted = "0".repeat(64);
    let mut browser = app.browser();
    browser.set_cookie(NAME, &planted);
    assert!(!is_in(&mut browser));
    let fields = [("username", "kesha"), ("password", PASSWORD)];
    assert_eq!(browser.post("/login", &fields).status, 303);
    let first = browser.cookie(NAME).unwrap().to_owned();
    assert_ne!(first, planted);
    assert_eq!(first.len(), 64);
    assert!(is_in(&mut browser));
    let mut attacker = app.browser();
    attacker.set_cookie(NAME, &planted);
    assert!(!is_in(&mut attacker));
    let second = log_in_again(&app, &kesha);
    assert_ne!(second.cookie(NAME), Some(first.as_str()));
    let stored = text(
        &mut app.conn(),
        "select string_agg(encode(id_hash, 'hex'), ' ') as t from auth.sessions",
    );
    assert!(!stored.contains(&first), "the id is stored as its hash");
}

#[test]
fn a_session_ends_after_an_hour_of_silence_and_after_half_a_day_anyway() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut silent = app.log_in(&kesha);
    let mut busy = log_in_again(&app, &kesha);
    for _ in 0..12 {
        app.clock().advance(Duration::minutes(58));
        assert!(is_in(&mut busy));
    }
    assert!(!is_in(&mut silent));
    app.clock().advance(Duration::minutes(25));
    assert!(!is_in(&mut busy), "twelve hours are over");
    app.clock().advance(Duration::hours(1));
    ates::auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(count(&mut app.conn(), "auth.sessions"), 0);
}

#[test]
fn a01_after_the_log_out_the_old_cookie_is_worth_nothing() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let secret = browser.cookie(NAME).unwrap().to_owned();
    let page = browser.submit("/logout", &[]);
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("You are logged out"),
        "{}",
        page.text()
    );
    assert!(browser.cookie(NAME).is_none());
    browser.set_cookie(NAME, &secret);
    for path in ["/tasks", "/account", "/profile"] {
        let page = browser.get(path);
        assert!(page.location.unwrap().starts_with("/login"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
}

#[test]
fn a08_ten_sessions_live_at_once_and_the_oldest_goes() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browsers: Vec<Browser> = (0..11).map(|_| log_in_again(&app, &kesha)).collect();
    assert!(!is_in(&mut browsers[0]));
    assert!(browsers[1..].iter_mut().all(is_in));
}

#[test]
fn a34_a_change_of_roles_ends_sessions_and_tokens_at_once() {
    let app = TestApp::start();
    let people = app.register_all(&[("chief", &["manager"]), ("root", &["administrator"])]);
    let (mut browser, api) = (app.log_in(&people[0]), app.api(&people[0]));
    assert_eq!(browser.get("/shuffles").status, 200);
    let root = app.api(&people[1]);
    let change = json!({ "email": "chief@elsewhere.example" });
    assert_eq!(root.patch(&user_path(&people[0]), &change).0, 200);
    assert!(is_in(&mut browser), "an address ends nothing");
    let change = json!({ "roles": ["developer"] });
    assert_eq!(root.patch(&user_path(&people[0]), &change).0, 200);
    assert!(!is_in(&mut browser));
    assert_eq!(api.get("/api/v1/tasks").0, 401);
    let mut again = log_in_again(&app, &people[0]);
    assert_eq!(again.get("/shuffles").status, 403);
}
