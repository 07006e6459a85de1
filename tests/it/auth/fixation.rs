//! T-AUTH-6: the id of a session is always the server's own, new with each log-in, and what was there before is worth nothing (A38).

use ates::platform::web::{cookies, csrf};

use crate::support::client::Browser;
use crate::support::database::{count, text};
use crate::support::{PASSWORD, Person, TestApp};

const SESSION: &str = "ates_session";

fn is_in(browser: &mut Browser) -> bool {
    browser.get("/profile").status == 200
}

fn holding(app: &TestApp, secret: &str) -> Browser {
    let mut browser = app.browser();
    browser.set_cookie(SESSION, secret);
    browser
}

fn enter(browser: &mut Browser, person: &Person) {
    let fields = [
        ("username", person.username.as_str()),
        ("password", PASSWORD),
    ];
    let page = browser.post("/login", &fields);
    assert_eq!(page.status, 303, "{}", page.text());
}

fn app_with_two() -> (TestApp, Vec<Person>) {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    (app, people)
}

#[test]
fn a38_t_auth_6_an_id_of_the_attackers_choice_is_never_adopted() {
    let (app, people) = app_with_two();
    let long = "f".repeat(4_000);
    for planted in ["0".repeat(64).as_str(), "a", "' or 1=1 --", long.as_str()] {
        let mut browser = holding(&app, planted);
        assert!(!is_in(&mut browser), "{planted:.20}");
        enter(&mut browser, &people[0]);
        assert_ne!(browser.cookie(SESSION), Some(planted));
        assert!(is_in(&mut browser));
        assert!(!is_in(&mut holding(&app, planted)), "{planted:.20}");
    }
}

#[test]
fn a38_t_auth_6_the_cookie_from_before_the_log_in_is_dead_after_it() {
    let (app, people) = app_with_two();
    let mut browser = app.browser();
    browser.get("/login");
    let visit = browser
        .cookie(cookies::before_login(false))
        .unwrap()
        .to_owned();
    enter(&mut browser, &people[0]);
    assert_eq!(browser.cookie(cookies::before_login(false)), None);
    assert!(!is_in(&mut holding(&app, &visit)), "it is no session");
    // Nor does its form token open a form of the session.
    let fields = [
        ("csrf", csrf::token_for(&visit)),
        ("language", "ru".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let own_site = [("sec-fetch-site", "same-origin")];
    assert_eq!(
        browser
            .post_raw("/profile/language", &fields, &own_site)
            .status,
        403
    );
}

#[test]
fn a38_t_auth_6_a_second_log_in_in_one_browser_ends_the_first_session() {
    let (app, people) = app_with_two();
    let mut browser = app.log_in(&people[0]);
    let first = browser.cookie(SESSION).unwrap().to_owned();
    enter(&mut browser, &people[0]);
    let second = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, second);
    assert!(is_in(&mut browser));
    assert!(
        !is_in(&mut holding(&app, &first)),
        "nobody goes on with the old id"
    );
    assert_eq!(count(&mut app.conn(), "auth.sessions"), 1);
}

#[test]
fn a38_t_auth_6_who_was_slipped_anothers_session_leaves_it_with_the_log_in() {
    let (app, people) = app_with_two();
    let attacker = app.log_in(&people[1]);
    let planted = attacker.cookie(SESSION).unwrap().to_owned();
    let mut victim = holding(&app, &planted);
    enter(&mut victim, &people[0]);
    assert_ne!(victim.cookie(SESSION), Some(planted.as_str()));
    assert!(
        victim
            .get("/profile")
            .text()
            .contains("kesha@uberpopug.example")
    );
    let mut attacker = holding(&app, &planted);
    assert!(
        !attacker.get("/profile").text().contains("kesha@"),
        "it leads to no one else's account"
    );
}

#[test]
fn a38_t_auth_6_an_id_counts_only_as_the_one_cookie() {
    let (app, people) = app_with_two();
    let browser = app.log_in(&people[0]);
    let secret = browser.cookie(SESSION).unwrap().to_owned();
    for path in [
        format!("/profile?{SESSION}={secret}"),
        format!("/profile;{SESSION}={secret}"),
        format!("/profile?session={secret}"),
        format!("/profile#{secret}"),
    ] {
        assert_ne!(app.browser().get(&path).status, 200, "{path}");
    }
    for name in [
        "__Host-ates_session",
        "ATES_SESSION",
        "session",
        "ates_visit",
    ] {
        let mut other = app.browser();
        other.set_cookie(name, &secret);
        assert!(!is_in(&mut other), "{name}");
    }
    for value in [
        secret.to_uppercase(),
        format!("{secret}0"),
        secret[..63].to_owned(),
    ] {
        if value != secret {
            assert!(!is_in(&mut holding(&app, &value)), "{value}");
        }
    }
    let hash = text(
        &mut app.conn(),
        "select encode(id_hash, 'hex') as t from auth.sessions",
    );
    assert!(
        !is_in(&mut holding(&app, &hash)),
        "what the database keeps opens nothing"
    );
}

#[test]
fn a38_t_auth_6_every_log_in_and_every_way_out_gives_another_id() {
    let (app, people) = app_with_two();
    let mut seen = std::collections::BTreeSet::new();
    let mut browser = app.browser();
    for _ in 0..6 {
        enter(&mut browser, &people[0]);
        let secret = browser.cookie(SESSION).unwrap().to_owned();
        assert_eq!(secret.len(), 64);
        assert!(seen.insert(secret.clone()), "an id came twice");
        assert_eq!(browser.submit("/logout", &[]).status, 200);
        browser.set_cookie(SESSION, &secret);
        assert!(!is_in(&mut browser), "the id before the log-out is dead");
    }
}
