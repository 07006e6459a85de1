//! The paces that the product keeps: money at twice the peak (T-LOAD-1), a shuffle (T-LOAD-3) and a payout (T-LOAD-4) beside other
//! people's clicks, a start with everybody at the door (T-LOAD-6), and the log-ins of a morning (T-LOAD-7).
//!
//! Short here, with a company of sixty; `ATES_TEST_LONG` makes it five thousand people and the times that the tests are to take.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ates::accounting;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::pace::{in_time, pace};
use crate::scale::{history, recorder};
use crate::support::database::{count, text};
use crate::support::raw::try_send;
use crate::support::{Api, PASSWORD, Person, TestApp, wait_until};

/// Clients that work at the same time.
const CLIENTS: usize = 8;

const SECOND: Duration = Duration::from_secs(1);

/// What a shuffle and a payout may take.
const MINUTE: Duration = Duration::from_secs(60);

pub fn is_long() -> bool {
    std::env::var_os("ATES_TEST_LONG").is_some()
}

/// The size of something, short or long.
fn size(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// A company with a past in which everybody of the past has one password, a manager, and whoever lends the password.
fn company(app: &TestApp, dates: usize, open: usize) -> Person {
    let people = app.register_all(&[("chief", &["manager"]), ("kesha", &["developer"])]);
    history::write(app, size(60, 5_000), dates, open);
    lend_password(app);
    people[0].clone()
}

/// Everybody of the past has the password of `kesha`.
pub fn lend_password(app: &TestApp) {
    app.conn()
        .batch_execute(
            "update auth.users set password_hash = (select password_hash from auth.users where username = 'kesha')
             where username like 'popug%'",
        )
        .unwrap();
}

/// Some of the people of the past, logged in.
fn workers(app: &TestApp) -> Vec<Api> {
    (0..CLIENTS)
        .map(|n| Api::log_in(app.base(), &format!("popug{n}"), PASSWORD))
        .collect()
}

/// Completes a task of one's own; a shuffle may have taken it away in the meantime.
fn complete(api: &Api) {
    let (status, mine) = api.get("/api/v1/tasks/mine?status=open&limit=1");
    assert_eq!(status, 200, "{mine}");
    if let Some(task) = mine["items"][0]["uid"].as_str() {
        let (status, answer) = api.post(&format!("/api/v1/tasks/{task}/complete"), &json!({}));
        assert!([200, 403, 409].contains(&status), "{status}: {answer}");
    }
}

fn create(api: &Api) {
    let (status, task) = api.post(
        "/api/v1/tasks",
        &json!({ "title": "One at twice the peak" }),
    );
    assert_eq!(status, 201, "{task}");
}

#[test]
fn t_load_1_money_at_twice_the_peak_is_answered_in_time() {
    let app = TestApp::start();
    company(&app, 1, size(1_200, 200_000));
    let workers = workers(&app);
    let acts = 34 * size(3, 600);
    in_time("34 acts a second", || {
        let paced = pace(34.0, acts, CLIENTS, |n| match n % 2 {
            0 => create(&workers[n / 2 % CLIENTS]),
            _ => complete(&workers[n / 2 % CLIENTS]),
        });
        paced.keeps(&[
            (0.8, Duration::from_millis(150)),
            (0.95, Duration::from_millis(300)),
            (0.99, SECOND),
        ])
    });
    app.drain();
    app.assert_verified();
}

#[test]
fn t_load_3_a_shuffle_does_not_hold_up_who_completes() {
    let app = TestApp::start();
    let chief = company(&app, 1, size(1_200, 20_000));
    let (workers, chief) = (workers(&app), app.api(&chief));
    in_time("completions beside a shuffle", || {
        let (status, run) = chief.post("/api/v1/tasks/reassign", &json!({}));
        assert_eq!(status, 202, "{run}");
        let begun = Instant::now();
        let shuffled = Mutex::new(None);
        let paced = std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until("the tasks are shuffled", || {
                    count(&mut app.conn(), "tasks.shuffles where state <> 'done'") == 0
                });
                *shuffled.lock().unwrap() = Some(begun.elapsed());
            });
            pace(20.0, 20 * size(2, 60), CLIENTS, |n| {
                complete(&workers[n % CLIENTS]);
            })
        });
        let shuffled = shuffled.lock().unwrap().unwrap();
        if shuffled > MINUTE {
            return Err(format!("shuffled in {shuffled:?}"));
        }
        paced.keeps(&[(0.95, SECOND)])
    });
    app.drain();
    app.assert_verified();
}

#[test]
fn t_load_4_a_payout_does_not_hold_up_who_works() {
    let people = size(300, 5_000);
    // A date is closed once, so each round has a company of its own.
    in_time("clicks beside a payout", || {
        let app = TestApp::with(|settings| settings.workers(false));
        app.register("kesha", &["developer"]);
        history::write_until_close(&app, people, 2, people);
        lend_password(&app);
        let workers = workers(&app);
        let begun = Instant::now();
        let ((paid, closed), paced) = std::thread::scope(|scope| {
            let close = scope.spawn(|| {
                let runs = accounting::settle_due(app.db(), app.config()).unwrap();
                (runs[0].people, begun.elapsed())
            });
            let paced = pace(20.0, 20 * size(2, 30), CLIENTS, |n| match n % 2 {
                0 => create(&workers[n / 2 % CLIENTS]),
                _ => assert_eq!(workers[n / 2 % CLIENTS].get("/api/v1/tasks/mine").0, 200),
            });
            (close.join().unwrap(), paced)
        });
        assert_eq!(usize::try_from(paid).unwrap(), people);
        app.step_all();
        app.assert_verified();
        if closed > MINUTE {
            return Err(format!("closed in {closed:?}"));
        }
        paced.keeps(&[(0.95, SECOND)])
    });
}

/// What the server gives a client to send its request, less what its clock may be off.
const SLOW: Duration = Duration::from_secs(4);

/// Asks for a page until it is served, as a browser does that is told when to come again. Where the whole machine stood still, the
/// server took this client for one that is too slow, and told so (408) or cut the line; no sooner than it may.
fn insist(base: &str, cookie: &str, page: &str) {
    wait_until("the page is served", || {
        let begun = Instant::now();
        let answer = try_send(base, "GET", page, &[("cookie", cookie)], "");
        match &answer {
            Ok(answer) if [200, 503].contains(&answer.status) => answer.status == 200,
            Ok(answer) if answer.status != 408 => {
                panic!("{page}: {}\n{}", answer.head, answer.body)
            }
            _ => {
                let after = begun.elapsed();
                assert!(after >= SLOW, "{page}: {answer:?} after {after:?}");
                false
            }
        }
    });
}

#[test]
fn t_load_6_everybody_at_the_door_of_a_cold_start_asks_no_more_than_on_any_day() {
    recorder::record();
    let app = TestApp::start();
    let boss = app.register("boss", &["administrator"]);
    history::write(&app, size(60, 5_000), 30, 600);
    let cookie = format!(
        "ates_session={}",
        app.log_in(&boss).cookie("ates_session").unwrap()
    );
    let database = app.stop();
    let app = TestApp::with(|settings| settings.on(database).workers(false));
    let (base, name, clients) = (app.base(), app.database_name(), size(200, 1_000));
    let crowd = |page: &str| {
        recorder::asked(&name, || {
            std::thread::scope(|scope| {
                let all = (0..clients).map(|_| scope.spawn(|| insist(&base, &cookie, page)));
                for client in all.collect::<Vec<_>>() {
                    client.join().unwrap_or_else(|panic| resume_unwind(panic));
                }
            });
        })
        .len()
    };
    for page in ["/analytics", "/tasks", "/accounting"] {
        let (cold, warm) = (crowd(page), crowd(page));
        println!("{page}: {cold} statements for {clients} clients, {warm} when all is warm");
        assert!(warm >= clients, "{page}: nobody was recognised");
        assert!(
            cold <= 3 * warm,
            "{page}: {cold} statements, {warm} when warm"
        );
    }
}

#[test]
fn t_load_7_nobody_waits_at_the_door_in_the_morning() {
    let app = TestApp::start();
    company(&app, 1, 60);
    let log_in = |n: usize| {
        let username = format!("popug{}", n % 60);
        let words = json!({ "username": username, "password": PASSWORD });
        let (status, answer) = Api::anonymous(app.base()).post("/api/v1/auth/token", &words);
        assert_eq!(status, 200, "{username}: {answer}");
    };
    in_time("ten log-ins a second", || {
        pace(10.0, 10 * size(3, 600), CLIENTS, log_in).keeps(&[(0.95, SECOND)])
    });
    let log_ins =
        "select count(*)::text as t from platform.audit_log where action = 'auth.logged_in'";
    assert!(text(&mut app.conn(), log_ins).parse::<usize>().unwrap() >= 30);
}
