//! The network between the program and its server is silent, torn, slow or lossy, and commits are cut off before and after they are
//! done (T-DB-3, T-CRASH-2); the program dies between a task and its price (T-CRASH-3, T-CRASH-4).

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::is_long;
use super::load::{Load, assert_nothing_lost, populate};
use super::pair::Pair;
use super::process::{Process, assert_verified, free_port};
use super::proxy::{Cut, Proxy, Weather};
use crate::running::pace::was_in_time;
use crate::support::client::{Api, agent};
use crate::support::database::count;
use crate::support::stopwatch::Stopwatch;
use crate::support::{PASSWORD, wait_until};

/// The deadline of a request in these tests.
const DEADLINE: Duration = Duration::from_secs(4);

/// A request ends within its deadline, with what a busy machine adds.
const AT_MOST: Duration = Duration::from_secs(10);

/// A change with a key; its status, 0 for none.
fn send(base: &str, token: &str, path: &str, body: &serde_json::Value, key: &Uuid) -> u16 {
    let sent = agent()
        .post(format!("{base}{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key.to_string())
        .send(body.to_string());
    sent.map_or(0, |answer| answer.status().as_u16())
}

#[test]
fn r18_t_db_3_t_crash_2_t_crash_3_t_crash_4_the_network_fails_and_no_commit_is_half_done() {
    let pair = Pair::alone();
    let names = populate(&pair.both, 4);

    // T-CRASH-3, T-CRASH-4: nobody prices; the program dies; the next one prices once.
    let mut first = Process::serving(&["--no-workers"], &[("DATABASE_URL", &pair.both)]);
    let worker = Api::log_in(first.base(), &names[0], PASSWORD);
    for number in 0..5 {
        let task = json!({ "title": format!("Before the fall {number}") });
        let (status, task) = worker.post("/api/v1/tasks", &task);
        assert_eq!(
            (status, task["status"].as_str()),
            (201, Some("saving")),
            "{task}"
        );
    }
    first.kill();
    let mut workers = Process::start(
        free_port(),
        &["--workers-only"],
        &[("DATABASE_URL", &pair.both)],
    );
    wait_until("all are priced", || {
        count(
            &mut pair.connect("one"),
            "report_v1.tasks where status = 'open'",
        ) == 5
    });
    let mut conn = pair.connect("one");
    for task in ["assignment_fee", "completion_reward"] {
        let fees = format!("report_v1.transfers where kind = '{task}'");
        assert_eq!(
            count(&mut conn, &fees),
            if task == "assignment_fee" { 5 } else { 0 }
        );
    }

    let proxy = Proxy::to(&pair.folder().join("one"));
    let url = proxy.url();
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("ATES_REQUEST_DEADLINE_SECONDS", "4"),
    ];
    let mut process = Process::serving(&["--no-workers"], &settings);
    process.await_readiness("ready");
    let (base, worker) = (
        process.base(),
        Api::log_in(process.base(), &names[0], PASSWORD),
    );
    let manager = Api::log_in(process.base(), "manager", PASSWORD);
    let (worker_token, manager_token) = (worker.token().unwrap(), manager.token().unwrap());

    // T-CRASH-2: every boundary of a creation, a press and a completion, before and after.
    let done = |conn: &mut _, what: &str| count(conn, what);
    let mut cuts = 0;
    for round in 0..if is_long() { 5 } else { 1 } {
        for (op, token) in [
            ("create", worker_token),
            ("press", manager_token),
            ("complete", worker_token),
        ] {
            let prepared = |number: &str| {
                let title = format!("{op} {round} {number}");
                match op {
                    "create" => (
                        "/api/v1/tasks".to_owned(),
                        json!({ "title": title }),
                        format!("tasks.tasks where title = '{title}'"),
                    ),
                    "press" => (
                        "/api/v1/tasks/reassign".to_owned(),
                        json!({}),
                        "tasks.shuffles".to_owned(),
                    ),
                    _ => {
                        // A press may take a task away that was looked up before.
                        let mut watch = pair.connect("one");
                        wait_until("no shuffle runs", || {
                            count(&mut watch, "tasks.shuffles where state <> 'done'") == 0
                        });
                        let task = open_task(&worker);
                        (
                            format!("/api/v1/tasks/{task}/complete"),
                            json!({}),
                            format!("tasks.journal where kind = 'complete' and task_id = '{task}'"),
                        )
                    }
                }
            };
            let mut struck = 0;
            let (path, body, effect) = prepared("whole");
            let before = (proxy.commits(), done(&mut conn, &effect));
            assert!((200..300).contains(&send(&base, token, &path, &body, &Uuid::new_v4())));
            let boundaries = proxy.commits() - before.0;
            assert!(boundaries >= 2, "{op} commits {boundaries} times");
            for nth in 1..=boundaries {
                for how in [Cut::Before, Cut::After] {
                    let (path, body, effect) = prepared(&format!("{nth} {how:?}"));
                    let (key, had) = (Uuid::new_v4(), done(&mut conn, &effect));
                    proxy.cut(nth, how);
                    let told = send(&base, token, &path, &body, &key);
                    let has = done(&mut conn, &effect) - had;
                    struck += usize::from(!proxy.is_armed());
                    let place = format!(
                        "{op}, commit {nth} of {boundaries}, {how:?}: told {told}, done {has}"
                    );
                    println!("{place}");
                    assert!(has <= 1, "{place}");
                    assert!(has == 1 || !(200..300).contains(&told), "{place}");
                    wait_until("the same request goes through", || {
                        (200..300).contains(&send(&base, token, &path, &body, &key))
                    });
                    assert_eq!(done(&mut conn, &effect) - had, 1, "{place}, and once more");
                    cuts += 1;
                }
            }
            assert!(
                struck >= 4,
                "{op}: {struck} of the cuts met its commits, before and after"
            );
        }
    }
    println!("{cuts} cuts");

    // The same for the workers, whose commits are cut while people work: pricing, booking, shuffles.
    workers.kill();
    let torn = Proxy::to(&pair.folder().join("one"));
    let torn_url = torn.url();
    workers = Process::start(
        free_port(),
        &["--workers-only"],
        &[("DATABASE_URL", &torn_url)],
    );
    torn.cut_every(5);
    let load = Load::start(&process.base(), &names);
    load.await_acts(60);
    wait_until("commits of the workers were cut", || torn.commits() > 50);

    // T-DB-3. The control: in fair weather everything is answered at once.
    let asked = || {
        let began = Stopwatch::start();
        let asking: Vec<_> = (0..8)
            .map(|number| {
                let api = if number % 2 == 0 {
                    worker.clone()
                } else {
                    manager.clone()
                };
                std::thread::spawn(move || match number % 4 {
                    0 => {
                        api.post("/api/v1/tasks", &json!({ "title": "In any weather" }))
                            .0
                    }
                    _ => api.get("/api/v1/tasks/mine").0,
                })
            })
            .collect();
        let answers: Vec<u16> = asking.into_iter().map(|one| one.join().unwrap()).collect();
        (answers, began.elapsed())
    };
    let (answers, took) = asked();
    assert!(
        answers.iter().all(|status| (200..300).contains(status)),
        "{answers:?}"
    );
    println!("fair: {took:?}");
    for weather in [Weather::Slow(Duration::from_millis(100)), Weather::Lossy] {
        proxy.turns(weather);
        let (answers, took) = asked();
        println!("{weather:?}: {took:?}, {answers:?}");
        assert!(took < AT_MOST * 2, "{weather:?}: {took:?}");
        assert!(
            answers.iter().any(|status| (200..300).contains(status)),
            "{weather:?}: {answers:?}"
        );
        proxy.turns(Weather::Fair);
    }
    proxy.reset();
    let took = load.await_acts(5);
    println!("torn: work went on after {took:?}");
    proxy.turns(Weather::Silent);
    let silent = Instant::now();
    while silent.elapsed() < Duration::from_secs(if is_long() { 30 } else { 8 }) {
        let (answers, took) = asked();
        println!("silent: {took:?}, {answers:?}");
        assert!(
            took < AT_MOST,
            "a request outlived its deadline of {DEADLINE:?}: {took:?}"
        );
        assert!(answers.iter().all(|status| *status == 503), "{answers:?}");
        let began = Stopwatch::start();
        assert_eq!(Api::anonymous(process.base()).get("/health/live").0, 200);
        was_in_time(
            "a look at its health within 2 s",
            began.elapsed() < Duration::from_secs(2),
            &format!("{:?}", began.elapsed()),
        );
        assert_eq!(process.readiness().0, 503);
    }
    proxy.turns(Weather::Fair);
    let took = load.await_acts(5);
    println!("after the silence: work went on after {took:?}");
    assert!(
        took < Duration::from_secs(20) && process.is_alive(),
        "{took:?}"
    );
    process.await_readiness("ready");
    torn.cut_every(0);
    let told = load.end();
    assert_nothing_lost(|| pair.connect("one"), told);
    assert!(process.is_alive() && workers.is_alive());
    workers.kill();
    drop(process);
    assert_verified(&pair.both);
}

/// A task of somebody's that is open; they get one if they have none.
fn open_task(worker: &Api) -> String {
    let mut found = None;
    wait_until("somebody has an open task", || {
        let (_, mine) = worker.get("/api/v1/tasks/mine?status=open&limit=1");
        found = mine["items"][0]["uid"].as_str().map(ToOwned::to_owned);
        if found.is_none() {
            worker.post("/api/v1/tasks", &json!({ "title": "Something to do" }));
        }
        found.is_some()
    });
    found.unwrap_or_default()
}
