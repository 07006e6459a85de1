//! Tables are held by others, and work piles up while a module does nothing (T-DB-4, T-DB-5, T-CRASH-5).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::is_long;
use crate::running::pace::was_in_time;
use crate::support::client::Api;
use crate::support::stopwatch::Stopwatch;
use crate::support::{TestApp, wait_until};

#[test]
fn t_db_4_t_db_5_while_tables_are_held_the_rest_answers_and_whoever_cannot_hears_so_in_time() {
    let app = TestApp::with(|settings| {
        settings
            .set("ATES_WEB_POOL", 2)
            .set("ATES_POOL_WAIT_MS", 300)
    });
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let (mut kesha, api) = (app.log_in(&people[0]), app.api(&people[0]));
    let task = json!({ "title": "Weigh the seeds" });
    let (status, made) = api.post("/api/v1/tasks", &task);
    assert_eq!(status, 201);
    app.drain();
    let crowd = || {
        let asking: Vec<_> = (0..12)
            .map(|_| {
                let (api, task) = (api.clone(), task.clone());
                std::thread::spawn(move || {
                    let began = Stopwatch::start();
                    (api.post("/api/v1/tasks", &task).0, began.elapsed())
                })
            })
            .collect();
        asking
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect::<Vec<_>>()
    };
    for _ in 0..if is_long() { 5 } else { 1 } {
        let mut holder = app.conn();
        holder
            .batch_execute("begin; lock table tasks.tasks in access exclusive mode")
            .unwrap();
        let live = Api::anonymous(app.base());
        let health = std::thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            for _ in 0..20 {
                let began = Stopwatch::start();
                assert_eq!(live.get("/health/live").0, 200);
                slowest = slowest.max(began.elapsed());
                std::thread::park_timeout(Duration::from_millis(50));
            }
            slowest
        });
        let answers = crowd();
        println!("held: {answers:?}");
        for (status, took) in &answers {
            assert_eq!(*status, 503);
            assert!(*took < Duration::from_secs(8), "{took:?}");
        }
        assert!(health.join().unwrap() < Duration::from_secs(2));
        holder.batch_execute("rollback").unwrap();
    }
    wait_until("the pool is free again", || {
        api.post("/api/v1/tasks", &task).0 == 201
    });
    let answers = crowd();
    let done = answers.iter().filter(|(status, _)| *status == 201).count();
    assert!(
        done >= 6,
        "the control: without the lock there is room: {answers:?}"
    );
    app.drain();

    // Accounting's tables: the pages of tasks are there, with a word where the money was.
    let page = format!("/tasks/{}", made["uid"].as_str().unwrap());
    for held in [
        "accounting.balances, accounting.transfers",
        "accounting.task_prices, accounting.business_days",
        "accounting.employees, accounting.accounts",
    ] {
        let mut holder = app.conn();
        holder
            .batch_execute(&format!(
                "begin; lock table {held} in access exclusive mode"
            ))
            .unwrap();
        for path in ["/tasks", page.as_str()] {
            let began = Stopwatch::start();
            let seen = kesha.get(path);
            assert_eq!(seen.status, 200, "{held}: {path}: {}", seen.text());
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "{held}: {path}: {:?}",
                began.elapsed()
            );
            if path == "/tasks" && held.starts_with("accounting.balances") {
                assert!(
                    seen.has(".missing"),
                    "{held}: a notice stands where the money was"
                );
            }
        }
        holder.batch_execute("rollback").unwrap();
        assert!(
            !kesha.get("/tasks").has(".missing"),
            "the control: the money is there again"
        );
    }
}

#[test]
fn t_crash_5_events_pile_up_while_nobody_books_and_are_worked_off_at_once_when_somebody_does() {
    let tasks = if is_long() { 1_000 } else { 150 };
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let (api, mut browser) = (app.api(&people[0]), app.log_in(&people[1]));
    let left = Arc::new(AtomicUsize::new(tasks));
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let (api, left) = (api.clone(), Arc::clone(&left));
            std::thread::spawn(move || {
                while left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok()
                {
                    assert_eq!(
                        api.post("/api/v1/tasks", &json!({ "title": "Count a seed" }))
                            .0,
                        201
                    );
                }
            })
        })
        .collect();
    for one in busy {
        one.join().unwrap();
    }
    let seen = browser.get("/tasks");
    assert_eq!(seen.status, 200);
    assert!(seen.text().contains("Saving"), "{}", seen.text());
    let database = app.stop();
    let waiting = |conn: &mut _| {
        crate::support::database::number(
            conn,
            "select coalesce(sum(lag), 0)::bigint as n from report_v1.consumers",
        )
    };
    let had = waiting(&mut database.connect());
    assert!(had >= i64::try_from(tasks).unwrap(), "{had} events wait");
    let began = Stopwatch::start();
    let app = TestApp::with(|settings| settings.on(database));
    app.drain();
    let took = began.elapsed();
    let handled =
        crate::support::database::number(&mut app.conn(), "select count(*) as n from bus.events");
    let rate = handled as f64 / took.as_secs_f64();
    println!(
        "{had} events waited, {handled} were there at the end, worked off in {took:?}: {rate:.0} a second"
    );
    // 200 a second is promised of a release build on a quiet machine (docs/PERFORMANCE.md has the figures).
    was_in_time(
        "what waited",
        rate > 20.0,
        &format!("{rate:.0} events a second"),
    );
    assert_eq!(
        crate::support::database::count(&mut app.conn(), "report_v1.tasks where status = 'saving'"),
        0
    );
}
