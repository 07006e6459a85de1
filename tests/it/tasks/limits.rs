//! The limits of D16: off unless set, the same for everybody, for every door and for every process.

use std::process::Command;
use std::sync::Barrier;

use serde_json::json;

use super::{create, rows};
use crate::support::{PASSWORD, Person, Settings, TestApp};

fn company(key: &str, value: i64) -> (TestApp, Vec<Person>) {
    let app = TestApp::with(|settings| settings.set(key, value));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("lev", &["manager"]),
        ("root", &["administrator"]),
    ]);
    (app, people)
}

#[test]
fn d16_no_limit_is_on_unless_it_is_set() {
    let app = TestApp::start();
    assert_eq!(app.config().abuse_limits, Default::default());
    let people = app.register_all(&[("kesha", &["developer"])]);
    let kesha = app.api(&people[0]);
    let task = create(&kesha, "A task to be done at once");
    app.drain();
    let (status, _) = kesha.post(&format!("/api/v1/tasks/{task}/complete"), &json!({}));
    assert_eq!(status, 200);
}

#[test]
fn d16_creations_of_a_day_are_limited_for_each_person_and_told_when_they_are_free_again() {
    let (app, people) = company("ATES_LIMIT_CREATIONS_PER_DAY", 2);
    let kesha = app.api(&people[0]);
    create(&kesha, "One");
    create(&kesha, "Two");
    let (status, problem) = kesha.post("/api/v1/tasks", &json!({ "title": "Three" }));
    assert_eq!(
        (status, &problem["code"]),
        (429, &json!("limit-creations-per-day"))
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("more than 2 tasks")
            && detail.contains("2026-03-03 00:00:00 Europe/Moscow"),
        "{detail}"
    );
    let mut browser = app.log_in(&people[0]);
    let page = browser.post("/tasks", &[("title", "A fourth with many words")]);
    assert_eq!(page.status, 429);
    assert_eq!(page.headers["retry-after"], (12 * 3_600 + 1).to_string());
    assert_eq!(
        page.attribute("#title", "value").as_deref(),
        Some("A fourth with many words"),
        "what was typed stays"
    );
    assert!(
        page.text().contains("more than 2 tasks a day"),
        "{}",
        page.text()
    );
    create(&app.api(&people[1]), "Another's own");
    assert_eq!(rows(&app, "tasks.tasks"), 3);
    let noted = format!(
        "platform.audit_log where action = 'tasks.limit_reached' and actor_id = '{}'
           and detail->>'limit' = 'limit-creations-per-day'",
        people[0].id
    );
    assert_eq!(
        rows(&app, &noted),
        1,
        "once a day, however often it is tried"
    );
    app.at("2026-03-02T21:00:00Z");
    create(&app.api(&people[0]), "On the next day of the company");
    let shown = app.log_in(&people[2]).get("/admin/abuse");
    assert_eq!(
        shown.all("#limits li").len(),
        1,
        "the report says which limits are on"
    );
}

#[test]
fn d16_a_task_is_completed_only_from_its_age_on() {
    let (app, people) = company("ATES_LIMIT_COMPLETION_AGE_SECONDS", 600);
    let kesha = app.api(&people[0]);
    let task = create(&kesha, "Not so fast");
    app.drain();
    let path = format!("/api/v1/tasks/{task}/complete");
    let (status, problem) = kesha.post(&path, &json!({}));
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("limit-completion-age"))
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("600 seconds") && detail.contains("2026-03-02 12:10:00"),
        "{detail}"
    );
    let page = app
        .log_in(&people[0])
        .post(&format!("/tasks/{task}/completion"), &[]);
    assert_eq!(page.status, 409);
    assert!(page.text().contains("600 seconds old"), "{}", page.text());
    app.drain();
    assert_eq!(rows(&app, "tasks.tasks where status = 'done'"), 0);
    assert_eq!(
        rows(&app, "bus.events where event_type = 'task.completed'"),
        0
    );
    app.at("2026-03-02T09:09:59Z");
    assert_eq!(kesha.post(&path, &json!({})).0, 409);
    app.at("2026-03-02T09:10:00Z");
    assert_eq!(app.api(&people[0]).post(&path, &json!({})).0, 200);
}

#[test]
fn d16_presses_of_a_day_are_limited_for_each_person() {
    let (app, people) = company("ATES_LIMIT_PRESSES_PER_DAY", 2);
    let lev = app.api(&people[1]);
    for _ in 0..2 {
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    }
    let (status, problem) = lev.post("/api/v1/tasks/reassign", &json!({}));
    assert_eq!(
        (status, &problem["code"]),
        (429, &json!("limit-presses-per-day"))
    );
    let page = app.log_in(&people[1]).post("/shuffles", &[]);
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    assert!(
        page.text().contains("more than 2 times a day"),
        "{}",
        page.text()
    );
    let root = app.api(&people[2]);
    assert_eq!(root.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    let developer = app
        .api(&people[0])
        .post("/api/v1/tasks/reassign", &json!({}));
    assert_eq!(developer.0, 403, "the right comes before the limit");
    assert_eq!(rows(&app, "tasks.shuffles"), 3);
    app.settle_idle();
}

#[test]
fn d16_requests_at_the_same_time_in_two_processes_do_not_exceed_a_limit_together() {
    const LIMIT: i64 = 7;
    let set = |settings: Settings| {
        settings
            .set("ATES_LIMIT_CREATIONS_PER_DAY", LIMIT)
            .set("ATES_LIMIT_PRESSES_PER_DAY", LIMIT)
    };
    let first = TestApp::with(set);
    let people = first.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    // A second process of the program on the same database, on the clock of this one's day.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    first.clock().set(chrono::Utc::now());
    let url = first.config().database_url.clone().unwrap();
    let limit = LIMIT.to_string();
    let second = crate::crash::Server::start_with(
        &url,
        port,
        &[
            ("ATES_LIMIT_CREATIONS_PER_DAY", limit.as_str()),
            ("ATES_LIMIT_PRESSES_PER_DAY", limit.as_str()),
        ],
    );
    let bases = [first.base(), second.base().to_owned()];
    let requests = 24;
    let barrier = Barrier::new(requests);
    for (person, path, body, fine, table) in [
        (
            &people[0],
            "/api/v1/tasks",
            json!({ "title": "Many at once" }),
            201,
            "tasks.tasks",
        ),
        (
            &people[1],
            "/api/v1/tasks/reassign",
            json!({}),
            202,
            "tasks.shuffles",
        ),
    ] {
        let apis = bases
            .clone()
            .map(|base| crate::support::Api::log_in(base, &person.username, PASSWORD));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..requests)
                .map(|n| {
                    let (api, body, barrier) = (&apis[n % 2], &body, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        api.post(path, body).0
                    })
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let done = statuses.iter().filter(|status| **status == fine).count();
        // A request that found no connection in time is answered 503 and has done nothing.
        assert!(
            statuses
                .iter()
                .all(|status| *status == fine || matches!(status, 429 | 503)),
            "{statuses:?}"
        );
        assert_eq!(i64::try_from(done).unwrap(), LIMIT, "{path}: {statuses:?}");
        assert_eq!(rows(&first, table), LIMIT, "{path}");
    }
    first.settle_idle();
    drop(second);
}

#[test]
fn d16_a_limit_out_of_range_ends_the_start_with_one_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_ates"))
        .arg("config")
        .env("ATES_LIMIT_PRESSES_PER_DAY", "-1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.contains("ATES_LIMIT_PRESSES_PER_DAY"), "{words}");
}
