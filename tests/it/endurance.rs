//! Money under load (M45, M46): a thousand transfers a minute, and a tracker and an analytics that are flooded.
//!
//! Short here; `ATES_TEST_LOAD_SECONDS=600` makes it the ten minutes of M45.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::crash::Server;
use crate::running::pace::was_in_time;
use crate::support::database::{count, number};
use crate::support::{Api, PASSWORD, TestApp, wait_until};
use crate::tasks::bring_in;

/// Transfers a minute that are promised.
const PROMISED: f64 = 1_000.0;

/// Acts a second, a tenth more than is promised: the last of them are still under way when the time is over.
const RATE: f64 = PROMISED * 1.1 / 60.0;

/// The oldest event that waits for the ledger may be this old, seconds.
const OLDEST: i64 = 60;

/// How long the oldest event that the ledger has not heard has been waiting, seconds.
const WAITING: &str = "select coalesce(max(extract(epoch from clock_timestamp() - e.created_at)), 0)::bigint as n
  from report_v1.events e join report_v1.consumers c on c.name = 'accounting.ledger' and e.seq > c.position
  where e.type in ('task.created', 'task.assigned', 'tasks.reassigned', 'task.completed')";

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn m45_a_thousand_transfers_a_minute_never_wait_longer_than_a_minute() {
    let seconds: u64 = std::env::var("ATES_TEST_LOAD_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(15);
    let app = TestApp::start();
    let names: Vec<String> = (0..16).map(|n| format!("worker{n}")).collect();
    let people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    app.register_all(&people);
    let database = app.stop();
    let server = Server::start_with(database.url(), free_port(), &[]);
    let apis: Vec<Api> = names
        .iter()
        .map(|name| Api::log_in(server.base().to_owned(), name, PASSWORD))
        .collect();
    let (acts, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let oldest = std::thread::scope(|scope| {
        for (n, api) in apis.iter().enumerate() {
            let (acts, stop) = (&acts, &stop);
            scope.spawn(move || {
                // Every worker has its own places in the common schedule, so that a slow answer is not waited for by the others.
                let mut place = n;
                while !stop.load(Ordering::SeqCst) {
                    let due = begun + Duration::from_secs_f64(place as f64 / RATE);
                    place += 16;
                    if let Some(wait) = due.checked_duration_since(Instant::now()) {
                        std::thread::park_timeout(wait);
                    }
                    let done = if place / 16 % 3 == 0 {
                        complete(api) || create(api)
                    } else {
                        create(api)
                    };
                    acts.fetch_add(usize::from(done), Ordering::SeqCst);
                }
            });
        }
        let mut conn = database.connect();
        let mut oldest = 0;
        while Instant::now() < end {
            oldest = oldest.max(number(&mut conn, WAITING));
            std::thread::park_timeout(Duration::from_millis(250));
        }
        stop.store(true, Ordering::SeqCst);
        oldest
    });
    let elapsed = begun.elapsed().as_secs_f64();
    wait_until("the ledger has heard everything", || {
        count(&mut database.connect(), "report_v1.consumers where lag > 0") == 0
    });
    drop(server);
    let transfers = count(&mut database.connect(), "report_v1.transfers");
    let rate = transfers as f64 / elapsed * 60.0;
    println!(
        "{transfers} transfers in {elapsed:.0} s, {rate:.0} a minute; the oldest event waited {oldest} s"
    );
    let figures = format!("an event waited {oldest} s, {rate:.0} transfers a minute");
    was_in_time("M45", oldest < OLDEST && rate >= PROMISED, &figures);
    let uneven = "(select t.employee_id from report_v1.transfers t join report_v1.balances b using (employee_id)
      group by t.employee_id, b.balance_minor having sum(t.amount_minor) <> b.balance_minor) uneven";
    assert_eq!(count(&mut database.connect(), uneven), 0);
}

fn create(api: &Api) -> bool {
    let sent = api.try_send(
        "POST",
        "/api/v1/tasks",
        &json!({ "title": "One of a thousand" }),
    );
    matches!(sent, Some((201, _)))
}

fn complete(api: &Api) -> bool {
    let Some((200, mine)) = api.try_get_json("/api/v1/tasks/mine?status=open&limit=1") else {
        return false;
    };
    let Some(task) = mine["items"][0]["uid"].as_str() else {
        return false;
    };
    let sent = api.try_send(
        "POST",
        &format!("/api/v1/tasks/{task}/complete"),
        &json!({}),
    );
    matches!(sent, Some((200, _)))
}

#[test]
fn m46_a_flooded_tracker_and_a_slow_analytics_do_not_hold_up_the_money() {
    const TASKS: usize = 3_000;
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("gosha", &["developer"]),
        ("lev", &["manager"]),
    ]);
    // Analytics takes its time over every statement that it writes.
    app.conn()
        .batch_execute(
            "create function public.dawdle() returns trigger language plpgsql as $$
             begin perform pg_sleep(1.5); return null; end $$;
             create trigger dawdle after insert or update on analytics.tasks for each statement execute function public.dawdle();
             create trigger dawdle after insert or update on analytics.employees for each statement execute function public.dawdle()",
        )
        .unwrap();
    let lag = |name: &str| {
        number(
            &mut app.conn(),
            &format!("select lag::bigint as n from report_v1.consumers where name = '{name}'"),
        )
    };
    let stop = AtomicBool::new(false);
    let (waited, behind) = std::thread::scope(|scope| {
        for who in &people {
            let (api, stop) = (app.api(who), &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    api.get("/api/v1/tasks/mine?limit=100");
                    if who.username == "lev" {
                        api.get("/api/v1/tasks?limit=100");
                    }
                }
            });
        }
        let flooded = std::thread::spawn({
            let rows = (0..TASKS).map(|n| format!("Task {n}")).collect::<Vec<_>>();
            let (db, author) = (app.db().clone(), ates::platform::ids::UserId(people[2].id));
            move || {
                let rows = rows
                    .into_iter()
                    .zip(2..)
                    .map(|(title, line)| ates::tasks::TaskRow {
                        line,
                        title,
                        jira_id: String::new(),
                        description: String::new(),
                    })
                    .collect();
                db.transaction_blocking(
                    ates::platform::db::Lane::Worker,
                    ates::tasks::ROLE,
                    ates::platform::db::Origin::system(),
                    |tx| ates::tasks::import_tasks(tx, author, rows, &mut |_, _| {}),
                )
                .unwrap()
                .unwrap();
            }
        });
        flooded.join().unwrap();
        let begun = Instant::now();
        wait_until("everything is booked", || {
            count(&mut app.conn(), "report_v1.transfers") == i64::try_from(TASKS).unwrap()
        });
        let (waited, behind) = (begun.elapsed(), lag("analytics.projection"));
        stop.store(true, Ordering::SeqCst);
        (waited, behind)
    });
    println!(
        "{TASKS} fees booked {waited:?} after the flood; analytics was {behind} events behind then"
    );
    was_in_time(
        "M46",
        waited.as_secs() < 60,
        &format!("the money waited {waited:?}"),
    );
    assert!(behind > 0, "analytics kept up, so nothing was shown");
    app.conn()
        .batch_execute(
            "drop trigger dawdle on analytics.tasks; drop trigger dawdle on analytics.employees",
        )
        .unwrap();
    bring_in(&app, &people[2], 1);
}
