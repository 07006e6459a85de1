//! The primary goes and the standby takes its place, by the script that operators use (R10, R11, R12, R22, T-DB-6).

use std::time::{Duration, Instant};

use serde_json::json;

use super::pair::Pair;
use super::process::{Process, assert_verified};
use crate::support::client::{Api, Browser, Page};
use crate::support::database::{TestDatabase, count};
use crate::support::stopwatch::Stopwatch;
use crate::support::{PASSWORD, TestApp, wait_until};

/// A page that only shows, and says so.
fn assert_shows(page: &Page) {
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.has("#read-only"), "{}", page.text());
}

/// A change is refused with a time to come again and the reason, as a page and as a problem document.
fn assert_refuses(browser: &mut Browser, api: &Api, reason: &str) {
    let page = browser.post(
        "/tasks",
        &[("title", "Count the feathers"), ("description", "")],
    );
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.headers.contains_key("retry-after"));
    assert!(page.text().contains(reason), "{}", page.text());
    assert!(
        page.has(".rail .places a"),
        "the frame of the product is around it"
    );
    let task = json!({ "title": "Count the feathers" });
    let answer = api.try_exchange("POST", "/api/v1/tasks", &task).unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.html).unwrap();
    assert!(
        problem["type"].as_str().unwrap().ends_with("/read-only"),
        "{problem}"
    );
    assert!(
        problem["detail"].as_str().unwrap().contains(reason),
        "{problem}"
    );
}

const PAGES: [&str; 6] = [
    "/tasks",
    "/tasks/all",
    "/account",
    "/profile",
    "/profile/credentials",
    "/help",
];

#[test]
fn r10_r11_r12_r22_t_db_6_the_primary_goes_pages_are_shown_the_standby_is_promoted_and_work_goes_on()
 {
    let pair = Pair::start();
    let app = TestApp::with(|settings| settings.on(TestDatabase::at(&pair.both)));
    let people = app.register_all(&[
        ("boss", &["manager"]),
        ("kesha", &["developer"]),
        ("gosha", &["developer"]),
        ("root", &["administrator"]),
    ]);
    drop(app.stop());

    // Only to be looked at: pages are there, nothing is written, not even who was seen.
    let first = [
        ("DATABASE_URL", pair.both.as_str()),
        ("ATES_DATABASE_READ_URL", pair.for_reading.as_str()),
    ];
    let mut full = Process::serving(&["--no-workers"], &first);
    full.await_readiness("ready");
    let kesha = Api::log_in(full.base(), "kesha", PASSWORD);
    let mut boss = Browser::new(full.base());
    let entered = boss.post("/login", &[("username", "boss"), ("password", PASSWORD)]);
    assert_eq!(entered.status, 303);
    let standby = pair.of("two");
    let primary = pair.of("one");
    for shown in [&standby, &primary] {
        let process = Process::serving(&["--read-only"], &[("DATABASE_URL", shown)]);
        assert_eq!(process.readiness(), (503, "read_only".to_owned()));
        let mut looker = boss.clone().at(process.base());
        let mut conn = pair.connect("one");
        // As if the boss had been seen long ago: whoever may note it would.
        pair.execute(
            "one",
            "update auth.sessions set last_seen_at = last_seen_at - interval '5 minutes'",
        );
        let written = |conn: &mut _| {
            (
                count(
                    conn,
                    "auth.sessions where last_seen_at > now() - interval '4 minutes'",
                ),
                count(conn, "platform.audit_log"),
                count(conn, "bus.events"),
                count(conn, "tasks.tasks"),
            )
        };
        let before = written(&mut conn);
        wait_until("the standby knows the session", || {
            looker.get("/tasks").status == 200
        });
        for path in PAGES {
            assert_shows(&looker.get(path));
        }
        let api = Api::with_token(process.base(), kesha.token().unwrap());
        assert_eq!(api.get("/api/v1/tasks/mine").0, 200);
        assert_refuses(&mut looker, &api, "only shows");
        let mut stranger = Browser::new(process.base());
        let page = stranger.post("/login", &[("username", "boss"), ("password", PASSWORD)]);
        assert_eq!(page.status, 503, "nobody logs in where nothing is written");
        assert_eq!(written(&mut conn), before);
    }
    let mut worker = Process::start(super::process::free_port(), &["--workers-only"], &first);
    let watch = Process::serving(&["--read-only"], &[("DATABASE_URL", &standby)]);
    // The control of the count above: the full process does note that somebody was seen.
    assert_eq!(boss.get("/tasks").status, 200);
    assert!(
        count(
            &mut pair.connect("one"),
            "auth.sessions where last_seen_at > now() - interval '4 minutes'"
        ) > 0
    );

    let create = |title: &str| kesha.post("/api/v1/tasks", &json!({ "title": title }));
    let mut told = Vec::new();
    for number in 0..10 {
        let (status, task) = create(&format!("Task {number}"));
        assert_eq!(status, 201, "{task}");
        told.push(task["uid"].as_str().unwrap().to_owned());
    }

    pair.run("crash");
    let gone = Stopwatch::start();
    wait_until("pages are shown from the standby", || {
        let page = boss.get("/tasks/all");
        assert!(matches!(page.status, 200 | 503), "{}", page.status);
        page.status == 200 && page.has("#read-only")
    });
    println!("pages from the standby after {:?}", gone.elapsed());
    assert_eq!(full.readiness(), (503, "read_only".to_owned()));
    for path in PAGES {
        assert_shows(&boss.get(path));
    }
    assert_refuses(&mut boss, &kesha, "main database is away");
    assert_shows(&Browser::new(full.base()).get("/login"));
    assert_eq!(kesha.get("/api/v1/tasks/mine").0, 200);
    assert_shows(&boss.clone().at(watch.base()).get("/tasks"));

    let promoted = Stopwatch::start();
    pair.run("promote");
    full.await_readiness("ready");
    println!(
        "changes again {:?} after the promotion began",
        promoted.elapsed()
    );
    let (status, task) = create("After the failover");
    assert_eq!(status, 201, "{task}");
    told.push(task["uid"].as_str().unwrap().to_owned());
    assert!(!boss.get("/tasks/all").has("#read-only"));
    wait_until(
        "everything is priced and booked by the workers, which were not restarted",
        || {
            let mut conn = pair.connect("two");
            count(&mut conn, "report_v1.consumers where lag > 0") == 0
                && count(&mut conn, "report_v1.tasks where status = 'saving'") == 0
        },
    );
    let mut conn = pair.connect("two");
    for task in &told {
        let fees =
            format!("report_v1.transfers where task_id = '{task}' and kind = 'assignment_fee'");
        assert_eq!(
            count(&mut conn, &fees),
            1,
            "nothing that was acknowledged is lost: {task}"
        );
    }
    drop(conn);
    assert_verified(&pair.both);

    // Now nothing is there at all.
    pair.run("crash");
    full.await_readiness("unavailable");
    let page = boss.get("/tasks");
    assert_eq!(page.status, 503);
    assert!(page.headers.contains_key("retry-after"));
    assert!(
        page.has("header.rail") && page.has(".problem"),
        "{}",
        page.html
    );
    assert_eq!(Api::anonymous(full.base()).get("/health/live").0, 200);
    let (began, before) = (Instant::now(), full.computed() + worker.computed());
    while began.elapsed() < Duration::from_secs(3) {
        std::thread::park_timeout(Duration::from_secs(3));
    }
    let spent = full.computed() + worker.computed() - before;
    assert!(
        spent < began.elapsed() / 2,
        "two processes without a database computed for {spent:?} of {:?}",
        began.elapsed()
    );
    assert!(full.is_alive() && worker.is_alive());
    pair.run("revive two");
    full.await_readiness("ready");
    assert_eq!(create("After the night").0, 201);
    assert!(full.is_alive() && worker.is_alive());
    assert_verified(&pair.both);
    worker.kill();
    drop(people);
}
