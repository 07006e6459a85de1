//! Logging in: the right pair, every wrong one, and what happens to those who try again and again.

use std::thread;
use std::time::{Duration as Span, Instant};

use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{WRONG, ask_token, send_form, user_path};
use crate::support::client::Api;
use crate::support::database::{count, number};
use crate::support::{PASSWORD, TestApp};

/// An API answer without what differs from one request to the next.
fn face((status, mut answer): (u16, Value)) -> (u16, Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("request_id");
    }
    (status, answer)
}

#[test]
fn a03_name_or_address_and_password_give_a_token() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    for login in ["kesha", "KESHA", " kesha ", "kesha@uberpopug.example"] {
        let (status, answer) = ask_token(&app, login, PASSWORD);
        assert_eq!(status, 200, "{login}: {answer}");
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 600);
        let api = Api::with_token(app.base(), answer["access_token"].as_str().unwrap());
        assert_eq!(api.get("/api/v1/me").1["username"], "kesha");
    }
}

#[test]
fn a03_a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("gone", &["developer"]),
        ("silent", &["developer"]),
        ("root", &["administrator"]),
    ]);
    assert_eq!(app.api(&people[3]).delete(&user_path(&people[1])).0, 204);
    let no_password = "update auth.users set password_hash = null where username = 'silent'";
    app.conn().batch_execute(no_password).unwrap();
    let wrong = face(ask_token(&app, "kesha", WRONG));
    assert_eq!(wrong.0, 401);
    let too_long = "x".repeat(5_000);
    for (login, password) in [
        ("nobody", PASSWORD),
        ("nobody@uberpopug.example", WRONG),
        ("gone", PASSWORD),
        ("silent", PASSWORD),
        ("", ""),
        ("кеша", too_long.as_str()),
    ] {
        assert_eq!(face(ask_token(&app, login, password)), wrong, "{login:?}");
    }
    app.clock().advance(Duration::minutes(1));
    let page = send_form(&app, "kesha", WRONG);
    let said = page.all(".error-summary");
    assert_eq!((page.status, said.len()), (422, 1));
    assert_eq!(
        page.attribute("#username", "value").as_deref(),
        Some("kesha")
    );
    assert_eq!(page.attribute("#password", "value").as_deref(), Some(""));
    for login in ["nobody", "gone", "silent"] {
        let page = send_form(&app, login, PASSWORD);
        assert_eq!(
            (page.status, page.all(".error-summary")),
            (422, said.clone()),
            "{login}"
        );
    }
}

#[test]
fn a03_an_unknown_name_takes_as_long_as_a_wrong_password() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let time = |login: &str, password: &str| -> Span {
        app.clock().advance(Duration::minutes(1));
        let start = Instant::now();
        assert_eq!(ask_token(&app, login, password).0, 401);
        start.elapsed()
    };
    // A password longer than any can be is refused without hashing: what is above that is the hashing. Each is timed by turns,
    // and its best time counts, so that a busy machine troubles none of them more than the others.
    let too_long = "x".repeat(200);
    let asks = [
        ("kesha", too_long.as_str()),
        ("kesha", WRONG),
        ("nobody", WRONG),
    ];
    let mut best = [Span::MAX; 3];
    for _ in 0..15 {
        for (best, (login, password)) in best.iter_mut().zip(asks) {
            *best = (*best).min(time(login, password));
        }
    }
    let [without, known, unknown] = best;
    let (known, unknown) = (
        known.saturating_sub(without),
        unknown.saturating_sub(without),
    );
    assert!(
        unknown * 2 > known && known * 2 > unknown,
        "hashing takes {known:?} for a known name and {unknown:?} for an unknown one, the rest {without:?}"
    );
}

#[test]
fn a03_repeated_failures_are_throttled_for_a_growing_time() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    for login in ["kesha", "nobody"] {
        let mut pauses = Vec::new();
        for _ in 0..26 {
            assert_eq!(ask_token(&app, login, WRONG).0, 401, "{login} {pauses:?}");
            let (status, refusal) = ask_token(&app, login, PASSWORD);
            assert_eq!(
                (status, &refusal["code"]),
                (429, &json!("error-log-in-throttled"))
            );
            let locked = "select extract(epoch from locked_until - $$now$$::timestamptz)::bigint as n \
                          from auth.login_failures where username = $$name$$";
            let locked = locked
                .replace("$$now$$", &format!("'{}'", app.clock().now().to_rfc3339()))
                .replace("$$name$$", &format!("'{login}'"));
            let pause = number(&mut app.conn(), &locked);
            app.clock()
                .advance(Duration::seconds(pause) - Duration::milliseconds(1));
            assert_eq!(ask_token(&app, login, PASSWORD).0, 429);
            app.clock().advance(Duration::milliseconds(1));
            pauses.push(pause);
        }
        let grown = [vec![1; 2], vec![3; 6], vec![5; 16], vec![10; 2]].concat();
        assert_eq!(pauses, grown, "{login}");
    }
    assert_eq!(ask_token(&app, "kesha", PASSWORD).0, 200);
    let page = send_form(&app, "nobody", WRONG);
    assert_eq!(page.status, 422);
    let page = send_form(&app, "nobody", WRONG);
    assert_eq!(page.status, 429);
    assert!(page.headers["retry-after"].parse::<u32>().unwrap() >= 1);
    assert!(page.text().contains("Too many attempts"), "{}", page.text());
}

#[test]
fn a03_a_log_in_clears_only_its_own_count() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let failures = || {
        let query =
            "select failures::bigint as n from auth.login_failures where username = 'kesha'";
        number(&mut app.conn(), query)
    };
    for _ in 0..3 {
        assert_eq!(ask_token(&app, "kesha", WRONG).0, 401);
        app.clock().advance(Duration::minutes(1));
    }
    for _ in 0..2 {
        assert_eq!(ask_token(&app, "kesha@uberpopug.example", PASSWORD).0, 200);
        assert_eq!(failures(), 3, "the failures of the cycle stay");
    }
}

#[test]
fn a40_even_the_hundredth_failure_locks_only_until_the_cycle_ends() {
    let app = TestApp::start();
    app.register("buh", &["accountant"]);
    assert_eq!(ask_token(&app, "buh", WRONG).0, 401);
    let many = "update auth.login_failures set failures = 99";
    app.conn().batch_execute(many).unwrap();
    app.clock().advance(Duration::minutes(1));
    assert_eq!(ask_token(&app, "buh", WRONG).0, 401);
    app.clock().advance(Duration::hours(23));
    assert_eq!(ask_token(&app, "buh", PASSWORD).0, 429);
    app.clock().advance(Duration::hours(1));
    assert_eq!(ask_token(&app, "buh", PASSWORD).0, 200);
    ates::auth::clean_up(app.db(), app.config()).unwrap();
    app.clock().advance(Duration::hours(25));
    ates::auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(count(&mut app.conn(), "auth.login_failures"), 0);
}

#[test]
fn a39_a_burst_of_guesses_is_counted_before_anything_is_hashed() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let guesses: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| ask_token(&app, "kesha", WRONG).0))
            .collect();
        guesses
            .into_iter()
            .map(|guess| guess.join().unwrap())
            .collect()
    });
    let of = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((of(401), of(429)), (1, 19), "{statuses:?}");
}

#[test]
fn a06_a_log_in_is_told_and_audited_once() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    assert_eq!(send_form(&app, "kesha", WRONG).status, 422);
    app.clock().advance(Duration::minutes(1));
    let told = format!(
        "report_v1.events where type = 'account.logged_in' and subject = '{}'",
        kesha.id
    );
    assert_eq!(count(&mut app.conn(), &told), 0);
    assert_eq!(send_form(&app, "kesha", PASSWORD).status, 303);
    assert_eq!(count(&mut app.conn(), &told), 1);
    let audited = format!(
        "platform.audit_log where action = 'auth.logged_in' and actor_id = '{0}' and subject_id = '{0}' and address = '127.0.0.1'",
        kesha.id
    );
    assert_eq!(count(&mut app.conn(), &audited), 1);
}

#[test]
fn a22_a_service_gets_a_token_but_no_page() {
    let app = TestApp::start();
    app.register_all(&[("cron", &["internalservice"]), ("kesha", &["developer"])]);
    let page = send_form(&app, "cron", PASSWORD);
    let wrong = send_form(&app, "kesha", WRONG);
    assert_eq!(
        (page.status, page.all(".error-summary")),
        (422, wrong.all(".error-summary"))
    );
    assert_eq!(count(&mut app.conn(), "auth.sessions"), 0);
    assert_eq!(ask_token(&app, "cron", PASSWORD).0, 200);
}

#[test]
fn a43_after_the_log_in_only_a_path_of_this_site_is_followed() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let led_to = |next: &str| {
        let fields = [
            ("username", "kesha"),
            ("password", PASSWORD),
            ("next", next),
        ];
        app.browser().post("/login", &fields).location.unwrap()
    };
    assert_eq!(led_to("/tasks?status=done"), "/tasks?status=done");
    for elsewhere in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a/../\\x",
        "/%5cx",
    ] {
        assert_eq!(led_to(elsewhere), "/", "{elsewhere}");
    }
    let page = app.browser().get("/tasks?status=done");
    assert_eq!(
        page.location.as_deref(),
        Some("/login?next=%2Ftasks%3Fstatus%3Ddone")
    );
}

#[test]
fn a44_the_log_in_form_needs_the_token_of_its_own_browser() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let fields = [("username", "kesha"), ("password", PASSWORD)];
    let own_site = [("sec-fetch-site", "same-origin")];
    let mut browser = app.browser();
    browser.get("/login");
    assert_eq!(browser.post_raw("/login", &fields, &own_site).status, 403);
    let mut other = app.browser();
    let token = other
        .get("/login")
        .attribute("[name=csrf]", "value")
        .unwrap();
    let stolen = [&[("csrf", token.as_str())], &fields[..]].concat();
    assert_eq!(browser.post_raw("/login", &stolen, &own_site).status, 403);
    let cross_site = [("sec-fetch-site", "cross-site")];
    assert_eq!(other.post_raw("/login", &stolen, &cross_site).status, 403);
    assert_eq!(other.post_raw("/login", &stolen, &own_site).status, 303);
}
