//! An act with consequences asks for the password again when it was shown too long ago.

use chrono::Duration;

use crate::support::client::{Browser, Page};
use crate::support::database::count;
use crate::support::{PASSWORD, Person, TestApp};

const NAME: &str = "ates_session";

fn page_of(person: &Person) -> String {
    format!("/admin/users/{}", person.id)
}

/// What the page that asks would send with this password.
fn answered(browser: &mut Browser, asked: &Page, password: &str) -> Page {
    let names = asked.attributes("#confirmation input[type=hidden]", "name");
    let values = asked.attributes("#confirmation input[type=hidden]", "value");
    let mut fields: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(values.iter().map(String::as_str))
        .filter(|(name, _)| *name != "csrf")
        .collect();
    fields.push(("confirm_password", password));
    let action = asked.attribute("#confirmation", "action").unwrap();
    browser.post(&action, &fields)
}

#[test]
fn m22_an_act_with_consequences_asks_for_the_password_after_five_minutes_and_is_then_done() {
    let app = TestApp::start();
    let people = app.register_all(&[("admin", &["administrator"]), ("kesha", &["developer"])]);
    let path = page_of(&people[1]);
    let form = [
        ("email", "kesha@uberpopug.example"),
        ("name", "Kesha"),
        ("surname", "Petrov"),
        ("roles", "developer"),
        ("roles", "accountant"),
    ];
    let mut admin = app.log_in(&people[0]);
    app.clock().advance(Duration::minutes(4));
    assert_eq!(
        admin.post(&path, &form).status,
        303,
        "a fresh log-in is enough"
    );

    app.clock().advance(Duration::minutes(2));
    let other = [
        form[0],
        form[1],
        form[2],
        ("roles", "manager"),
        ("roles", "boss"),
    ];
    let asked = admin.post(&path, &other);
    assert_eq!(asked.status, 403);
    assert!(
        asked.has("input[name=confirm_password]"),
        "{}",
        asked.text()
    );
    let roles = "auth.user_roles where role in ('manager', 'boss')";
    assert_eq!(count(&mut app.conn(), roles), 0, "nothing was done yet");

    let wrong = answered(&mut admin, &asked, "not the password at all");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("password"), "{}", wrong.text());
    assert_eq!(count(&mut app.conn(), roles), 0);

    app.clock().advance(Duration::seconds(2));
    let before = admin.cookie(NAME).unwrap().to_owned();
    let done = answered(&mut admin, &wrong, PASSWORD);
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(
        count(&mut app.conn(), roles),
        2,
        "the fields came along, all of them"
    );
    assert_ne!(
        admin.cookie(NAME),
        Some(before.as_str()),
        "the session has a new id"
    );
    let mut old = app.browser();
    old.set_cookie(NAME, &before);
    assert_eq!(
        old.get("/profile").status,
        303,
        "the old id is worth nothing"
    );

    app.clock().advance(Duration::minutes(4));
    assert_eq!(
        admin.post(&path, &form).status,
        303,
        "five minutes without a question"
    );
    let noted = "platform.audit_log where action = 'auth.confirmed'";
    assert_eq!(count(&mut app.conn(), noted), 1);
}

#[test]
fn m22_a_form_that_comes_back_after_the_question_can_be_sent_again() {
    let app = TestApp::start();
    let people = app.register_all(&[("admin", &["administrator"]), ("kesha", &["developer"])]);
    let path = page_of(&people[1]);
    let mut admin = app.log_in(&people[0]);
    app.clock().advance(Duration::minutes(6));
    let wrong = [
        ("email", "no address"),
        ("name", "Kesha"),
        ("surname", "Petrov"),
        ("roles", "developer"),
    ];
    let asked = admin.post(&path, &wrong);
    assert_eq!(asked.status, 403);
    let back = answered(&mut admin, &asked, PASSWORD);
    assert_eq!(back.status, 422);
    let token = back.attribute("input[name=csrf]", "value").unwrap();
    let again = [
        ("csrf", token.as_str()),
        ("email", "kesha@uberpopug.example"),
        wrong[1],
        wrong[2],
        wrong[3],
    ];
    let headers = [("sec-fetch-site", "same-origin")];
    assert_eq!(admin.post_raw(&path, &again, &headers).status, 303);
}

#[test]
fn a39_guesses_at_the_question_are_counted_like_log_ins() {
    let app = TestApp::start();
    let people = app.register_all(&[("admin", &["administrator"]), ("kesha", &["developer"])]);
    let path = format!("{}/sessions/end", page_of(&people[1]));
    let mut admin = app.log_in(&people[0]);
    app.clock().advance(Duration::minutes(6));
    let asked = admin.post(&path, &[]);
    let first = answered(&mut admin, &asked, "not the password at all");
    assert_eq!(first.status, 422);
    let second = answered(&mut admin, &first, PASSWORD);
    assert_eq!(
        second.status, 429,
        "too soon after a failure, right or wrong"
    );
    app.clock().advance(Duration::seconds(5));
    assert_eq!(answered(&mut admin, &second, PASSWORD).status, 303);
}
