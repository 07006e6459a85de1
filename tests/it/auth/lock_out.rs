//! T-AUTH-4: who guesses is slowed down before anything is hashed, by name and by source, however the requests come (A39, A40).

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chrono::Duration;
use serde_json::json;
use ureq::http::Request;

use super::{WRONG, send_form};
use crate::support::client::agent;
use crate::support::database::count;
use crate::support::{PASSWORD, TestApp};

/// Each try of a burst is for a name that nobody tried before.
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// What one try from somewhere is answered: the status and how long to wait.
fn try_from(app: &TestApp, login: &str, password: &str, forwarded: &[&str]) -> (u16, Option<u32>) {
    let mut request = Request::post(format!("{}/api/v1/auth/token", app.base()))
        .header("content-type", "application/json");
    for hops in forwarded {
        request = request.header("x-forwarded-for", *hops);
    }
    let body = json!({ "username": login, "password": password }).to_string();
    let answer = agent().run(request.body(body).unwrap()).unwrap();
    let wait = answer.headers().get("retry-after");
    let wait = wait.and_then(|value| value.to_str().ok()?.parse().ok());
    (answer.status().as_u16(), wait)
}

fn limited(proxies: &'static str) -> TestApp {
    TestApp::with(|settings| {
        settings
            .set("ATES_LOGIN_BURST", 10)
            // On a busy machine a burst may wait long for its turn; whoever is sent away for that is not what is counted here.
            .set("ATES_POOL_WAIT_MS", 10_000)
            .set("ATES_TRUSTED_PROXIES", proxies)
    })
}

/// Tries at once, each for a name of its own, so that only the source can hold them up. Gives how many were looked at, which is how
/// many were hashed.
fn burst(app: &TestApp, tries: usize, forwarded: impl Fn(usize) -> Vec<String> + Sync) -> usize {
    let together = Barrier::new(tries);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let tries: Vec<_> = (0..tries)
            .map(|number| {
                let (together, forwarded) = (&together, &forwarded);
                scope.spawn(move || {
                    together.wait();
                    let hops = forwarded(number);
                    let hops: Vec<&str> = hops.iter().map(String::as_str).collect();
                    let name = format!("bird{}", NAMES.fetch_add(1, Ordering::Relaxed));
                    try_from(app, &name, WRONG, &hops).0
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let of = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(of(401) + of(429), tries, "{statuses:?}");
    of(401)
}

#[test]
fn a39_t_auth_4_a_burst_from_one_source_is_looked_at_ten_times_and_then_every_six_seconds() {
    let app = limited("");
    app.register("kesha", &["developer"]);
    assert_eq!(burst(&app, 60, |_| Vec::new()), 10);
    let rows = "auth.login_failures";
    assert_eq!(
        count(&mut app.conn(), rows),
        10,
        "who is held up by the source touches no name"
    );
    assert_eq!(try_from(&app, "kesha", PASSWORD, &[]), (429, Some(6)));
    app.clock().advance(Duration::seconds(5));
    assert_eq!(try_from(&app, "kesha", PASSWORD, &[]), (429, Some(1)));
    app.clock().advance(Duration::seconds(1));
    assert_eq!(try_from(&app, "gosha", WRONG, &[]).0, 401);
    assert_eq!(
        try_from(&app, "rita", WRONG, &[]).0,
        429,
        "one came back and was spent"
    );
    app.clock().advance(Duration::minutes(1));
    assert_eq!(
        burst(&app, 20, |_| Vec::new()),
        10,
        "it is full again and no fuller"
    );
    app.clock().advance(Duration::minutes(2));
    ates::auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(count(&mut app.conn(), "auth.throttles"), 0);
}

#[test]
fn a39_t_auth_4_whoever_logs_in_rightly_gets_the_try_back() {
    let app = limited("");
    app.register("kesha", &["developer"]);
    for _ in 0..15 {
        assert_eq!(try_from(&app, "kesha", PASSWORD, &[]).0, 200);
        assert_eq!(send_form(&app, "kesha", PASSWORD).status, 303);
    }
    for number in 0..10 {
        let page = send_form(&app, &format!("bird{number}"), WRONG);
        assert_eq!(page.status, 422, "{number}");
    }
    let page = send_form(&app, "kesha", PASSWORD);
    assert_eq!(
        (page.status, page.headers["retry-after"].as_str()),
        (429, "6")
    );
    assert!(page.text().contains("Too many attempts"), "{}", page.text());
}

#[test]
fn a39_t_auth_4_a_forwarded_address_of_ones_own_making_is_not_believed() {
    let app = limited("");
    assert_eq!(
        burst(&app, 40, |number| vec![format!("198.51.100.{number}")]),
        10
    );
}

#[test]
fn a39_t_auth_4_behind_a_proxy_the_rightmost_foreign_hop_counts() {
    let app = limited("127.0.0.1,192.0.2.1");
    // What stands left of the proxy's own word is the client's invention.
    let invented = |number: usize| vec![format!("198.51.100.{number}, 203.0.113.7")];
    assert_eq!(burst(&app, 30, invented), 10);
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["203.0.113.7"]).0,
        429,
        "the same source"
    );
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["203.0.113.7, 192.0.2.1"]).0,
        429,
        "a proxy between"
    );
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["203.0.113.8, 203.0.113.7"]).0,
        429
    );
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["203.0.113.7:4711"]).0,
        429,
        "with its port"
    );
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["203.0.113.8"]).0,
        401,
        "another source"
    );
    // Two lines are one list, of which the proxy wrote the last.
    let lines = |number: usize| vec![format!("198.51.100.{number}"), "203.0.113.9".to_owned()];
    assert_eq!(burst(&app, 30, lines), 10);
    // A word that is no address ends the list: it is not skipped to reach what the client invented.
    let garbage = |number: usize| vec![format!("198.51.100.{number}, unknown")];
    assert_eq!(burst(&app, 30, garbage), 10);
}

#[test]
fn a39_t_auth_4_the_addresses_of_one_network_of_ipv6_are_one_source() {
    let app = limited("127.0.0.1");
    assert_eq!(
        burst(&app, 30, |number| vec![format!("2001:db8:7:1::{number:x}")]),
        10
    );
    assert_eq!(
        try_from(&app, "kesha", WRONG, &["2001:db8:7:2::1"]).0,
        401,
        "another network"
    );
}

#[test]
fn a39_a40_t_auth_4_a_burst_at_one_name_is_hashed_once_and_the_lock_is_soft() {
    let app = TestApp::start();
    app.register("buh", &["accountant"]);
    let together = Barrier::new(50);
    for round in 1..=3 {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let tries: Vec<_> = (0..50)
                .map(|number| {
                    let (app, together) = (&app, &together);
                    scope.spawn(move || {
                        together.wait();
                        // The same account by each of its names.
                        let login = ["buh", "BUH", "buh@uberpopug.example"][number % 3];
                        try_from(app, login, WRONG, &[]).0
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let hashed = statuses.iter().filter(|status| **status == 401).count();
        assert_eq!(hashed, 1, "round {round}: {statuses:?}");
        app.clock().advance(Duration::seconds(3));
    }
    assert_eq!(
        try_from(&app, "buh", PASSWORD, &[]).0,
        200,
        "seconds later the accountant is in"
    );
}
