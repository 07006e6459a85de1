//! Long poll: told at once, home in time, and only for those who still may.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{append, head, piece, quiet, subjects, tell};
use crate::support::database::count;
use crate::support::stopwatch::Stopwatch;
use crate::support::{TestApp, wait_until};

/// How many requests hold a connection of the server to the database, doing nothing in a transaction.
fn held(app: &TestApp) -> i64 {
    count(
        &mut app.conn(),
        "pg_stat_activity where datname = current_database() and application_name like 'ates %' and state = 'idle in transaction'",
    )
}

#[test]
fn e01_a_long_poll_answers_at_once_when_an_event_comes() {
    let (app, api) = quiet();
    let before = head(&api);
    let began = Stopwatch::start();
    let told = std::thread::scope(|scope| {
        let waits = scope.spawn(|| piece(&api, &format!("after={before}&wait=25")));
        std::thread::park_timeout(Duration::from_millis(300));
        assert!(
            !waits.is_finished() && held(&app) == 0,
            "it waits and holds nothing"
        );
        tell(&app, 7);
        waits.join().unwrap()
    });
    assert_eq!(subjects(&told), [7]);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn e01_a_long_poll_hears_of_other_processes_and_of_its_filter_only() {
    let (app, api) = quiet();
    let before = head(&api);
    let began = Stopwatch::start();
    let told = std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            piece(
                &api,
                &format!("after={before}&wait=25&type=account.created"),
            )
        });
        std::thread::park_timeout(Duration::from_millis(300));
        append(&mut app.conn(), 7);
        std::thread::park_timeout(Duration::from_millis(900));
        assert!(!waits.is_finished(), "that was no account.created");
        let kesha = app.register("kesha", &["developer"]);
        (kesha, waits.join().unwrap())
    });
    assert_eq!(subjects(&told.1), [told.0.id.as_u128()]);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn e01_a_wait_that_ends_without_an_event_gives_the_number_to_go_on_with() {
    let (_app, api) = quiet();
    let before = head(&api);
    let began = Instant::now();
    let told = piece(&api, &format!("after={before}&wait=1"));
    assert_eq!(
        (&told["items"], &told["next"]),
        (&json!([]), &json!(before))
    );
    assert!(began.elapsed() >= Duration::from_millis(950));
}

#[test]
fn d10_who_loses_the_right_while_waiting_is_told_nothing() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("root", &["administrator"]), ("chief", &["administrator"])]);
    let (root, chief) = (app.api(&people[0]), app.api(&people[1]));
    let before = head(&chief);
    let answer = std::thread::scope(|scope| {
        let waits = scope.spawn(|| {
            chief.get(&format!(
                "/api/v1/events?after={before}&wait=25&type=account.logged_in"
            ))
        });
        std::thread::park_timeout(Duration::from_millis(500));
        assert_eq!(
            root.delete(&format!("/api/v1/users/{}", people[1].id)).0,
            204
        );
        // Longer than an answer to "may they?" is trusted.
        std::thread::park_timeout(Duration::from_millis(4_500));
        tell(&app, 7);
        waits.join().unwrap()
    });
    assert_eq!(answer.0, 401, "{}", answer.1);
}

#[test]
fn a59_readers_who_wait_are_bounded_and_those_who_do_not_are_answered_all_the_same() {
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_FEED_READERS", 1));
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    let before = head(&api);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            loop {
                let (status, told) = api.get(&format!("/api/v1/events?after={before}&wait=25"));
                if status == 200 {
                    return told;
                }
            }
        });
        wait_until("the place is taken", || {
            let second = api
                .try_exchange(
                    "GET",
                    &format!("/api/v1/events?after={before}&wait=1"),
                    &json!(null),
                )
                .unwrap();
            second.status == 503 && second.headers.contains_key("retry-after")
        });
        assert_eq!(piece(&api, &format!("after={before}"))["items"], json!([]));
        tell(&app, 7);
        assert_eq!(subjects(&first.join().unwrap()), [7]);
    });
    wait_until("the place is free again", || {
        api.get(&format!("/api/v1/events?after={before}&wait=1")).0 == 200
    });
}
