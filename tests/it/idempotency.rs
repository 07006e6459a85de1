//! T-CON-4: what a program sends twice with one `Idempotency-Key` has one effect and one answer.

use std::sync::Barrier;
use std::thread;

use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::agent;
use crate::support::database::count;
use crate::support::{Api, PASSWORD, TestApp};

/// An answer with what a repetition must have in common with it.
#[derive(Clone, Debug, PartialEq)]
struct Answered {
    status: u16,
    location: Option<String>,
    retry_after: Option<String>,
    body: String,
}

/// Posts with a key.
fn post(api: &Api, base: &str, path: &str, key: &str, body: &Value) -> Answered {
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = ureq::http::Request::builder()
        .method("POST")
        .uri(format!("{base}{path}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .header("authorization", format!("Bearer {}", api.token().unwrap()))
        .body(text)
        .unwrap();
    let mut answer = agent().run(request).unwrap();
    let header = |name: &str| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Answered {
        status: answer.status().as_u16(),
        location: header("location"),
        retry_after: header("retry-after"),
        body: answer.body_mut().read_to_string().unwrap(),
    }
}

fn task(title: &str) -> Value {
    json!({ "title": title })
}

#[test]
fn t_con_4_a_key_sent_fifty_times_at_once_has_one_effect_and_one_answer() {
    let app = TestApp::start();
    let (kesha, base) = (app.register("kesha", &["developer"]), app.base());
    let api = app.api(&kesha);
    for round in 0..4 {
        let (key, body) = (Uuid::new_v4().to_string(), task(&format!("Seed {round}")));
        let gate = Barrier::new(50);
        let answers: Vec<Answered> = thread::scope(|scope| {
            let clients: Vec<_> = (0..50)
                .map(|_| {
                    scope.spawn(|| {
                        gate.wait();
                        post(&api, &base, "/api/v1/tasks", &key, &body)
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect()
        });
        let (made, rest): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 201);
        assert!(!made.is_empty());
        assert!(made.iter().all(|answer| answer == &made[0]), "{made:?}");
        for other in rest {
            // Still under way, or no connection free in time: try again.
            assert!(matches!(other.status, 409 | 503), "{other:?}");
            assert!(other.retry_after.is_some(), "{other:?}");
        }
        assert_eq!(count(&mut app.conn(), "tasks.tasks"), round + 1);
        assert_eq!(
            post(&api, &base, "/api/v1/tasks", &key, &body),
            made[0],
            "and so it stays"
        );
    }
    app.drain();
}

#[test]
fn t_con_4_two_hundred_keys_sent_three_times_each_make_two_hundred_tasks() {
    let app = TestApp::start();
    let (kesha, base) = (app.register("kesha", &["developer"]), app.base());
    let api = app.api(&kesha);
    for number in 0..200 {
        let (key, body) = (format!("order-{number}"), task(&format!("Seed {number}")));
        let first = post(&api, &base, "/api/v1/tasks", &key, &body);
        assert_eq!(first.status, 201, "{first:?}");
        for _ in 0..2 {
            assert_eq!(post(&api, &base, "/api/v1/tasks", &key, &body), first);
        }
    }
    assert_eq!(count(&mut app.conn(), "tasks.tasks"), 200);
    app.drain();
}

#[test]
fn t_con_4_another_body_is_refused_and_another_user_or_route_is_another_request() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("gosha", &["manager"])]);
    let (kesha, gosha, base) = (app.api(&people[0]), app.api(&people[1]), app.base());
    let made = post(&kesha, &base, "/api/v1/tasks", "one", &task("Seed"));
    assert_eq!(made.status, 201);
    let other = post(&kesha, &base, "/api/v1/tasks", "one", &task("Feed"));
    assert_eq!(other.status, 422, "{other:?}");
    let problem: Value = serde_json::from_str(&other.body).unwrap();
    assert_eq!(
        problem["errors"][0]["field"], "Idempotency-Key",
        "{problem}"
    );
    assert_eq!(
        post(&gosha, &base, "/api/v1/tasks", "one", &task("Feed")).status,
        201
    );
    let press = post(&gosha, &base, "/api/v1/tasks/reassign", "one", &json!({}));
    assert_eq!(press.status, 202);
    assert_eq!(
        post(&gosha, &base, "/api/v1/tasks/reassign", "one", &json!({})),
        press
    );
    assert_eq!(count(&mut app.conn(), "tasks.shuffles"), 1);
    assert_eq!(count(&mut app.conn(), "tasks.tasks"), 2);
    for key in ["", " ", "two words", "a\tb", &"k".repeat(256)] {
        let refused = post(&kesha, &base, "/api/v1/tasks", key, &task("Seed"));
        assert_eq!(refused.status, 422, "{key:?}: {refused:?}");
        assert!(refused.body.contains("Idempotency-Key"), "{refused:?}");
    }
    assert_eq!(
        post(
            &kesha,
            &base,
            "/api/v1/tasks",
            &"k".repeat(255),
            &task("Seed")
        )
        .status,
        201
    );
    app.settle_idle();
}

#[test]
fn t_con_4_a_refused_request_leaves_its_key_free_and_one_under_way_is_told_so() {
    let app = TestApp::start();
    let (kesha, base) = (app.register("kesha", &["developer"]), app.base());
    let api = app.api(&kesha);
    let bad = post(&api, &base, "/api/v1/tasks", "once", &task(""));
    assert_eq!(bad.status, 422);
    assert_eq!(
        post(&api, &base, "/api/v1/tasks", "once", &task("Seed")).status,
        201,
        "nothing had been done"
    );

    let mut holder = app.conn();
    holder
        .batch_execute("begin; lock table tasks.tasks in exclusive mode")
        .unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| post(&api, &base, "/api/v1/tasks", "slow", &task("Slow")));
        crate::support::wait_until("the first is under way", || {
            count(
                &mut app.conn(),
                "pg_locks where locktype = 'advisory' and classid <> 0 and granted and database = (select oid from pg_database where datname = current_database()) and objsubid = 1",
            ) > 0
        });
        let second = post(&api, &base, "/api/v1/tasks", "slow", &task("Slow"));
        assert_eq!(
            (second.status, second.retry_after.as_deref()),
            (409, Some("1")),
            "{second:?}"
        );
        holder.batch_execute("rollback").unwrap();
        let first = first.join().unwrap();
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!(
            post(&api, &base, "/api/v1/tasks", "slow", &task("Slow")),
            first
        );
    });
    app.drain();
}

#[test]
fn t_con_4_a_key_outlives_a_restart_and_is_free_again_after_seven_days() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let first = post(
        &app.api(&kesha),
        &app.base(),
        "/api/v1/tasks",
        "monday",
        &task("Seed"),
    );
    assert_eq!(first.status, 201);
    app.drain();
    let database = app.stop();

    let app = TestApp::with(|settings| settings.on(database));
    app.clock().advance(Duration::seconds(1));
    let again = |title: &str| {
        post(
            &app.api(&kesha),
            &app.base(),
            "/api/v1/tasks",
            "monday",
            &task(title),
        )
    };
    assert_eq!(again("Seed"), first);
    app.clock()
        .advance(Duration::days(7) - Duration::seconds(2));
    assert_eq!(again("Seed"), first);
    app.clock().advance(Duration::seconds(2));
    let next = again("Another");
    assert_eq!(next.status, 201);
    assert_ne!(next.location, first.location);
    assert_eq!(count(&mut app.conn(), "tasks.tasks"), 2);
    app.clock().advance(Duration::days(8));
    ates::platform::db::forget_old_keys(app.db()).unwrap();
    assert_eq!(count(&mut app.conn(), "platform.request_keys"), 0);
    app.drain();
}

#[test]
fn t_con_4_every_post_that_changes_something_answers_a_repetition_as_the_first_time() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let (root, kesha, base) = (app.api(&people[0]), app.api(&people[1]), app.base());
    let (_, made) = kesha.post("/api/v1/tasks", &task("Seed"));
    app.drain();
    let complete = format!("/api/v1/tasks/{}/complete", made["uid"].as_str().unwrap());
    let newcomer = json!({ "username": "gosha", "email": "gosha@uberpopug.example", "name": "Gosha", "surname": "Popug",
        "password": PASSWORD, "roles": ["developer"] });
    let why = json!({ "reason": "A drill of the parrots" });
    let release = json!({ "reason": "The drill is over", "password": PASSWORD });
    for (api, path, body, status) in [
        (&kesha, complete.as_str(), Value::Null, 200),
        (&root, "/api/v1/users", newcomer, 201),
        (
            &root,
            "/api/v1/ops/consumers/analytics.projection/pause",
            why.clone(),
            200,
        ),
        (
            &root,
            "/api/v1/ops/consumers/analytics.projection/resume",
            Value::Null,
            200,
        ),
        (&root, "/api/v1/ops/stop", why, 200),
        (&root, "/api/v1/ops/release", release, 200),
    ] {
        let first = post(api, &base, path, "once", &body);
        assert_eq!(first.status, status, "{path}: {first:?}");
        app.clock().advance(Duration::seconds(5));
        let again = post(api, &base, path, "once", &body);
        assert_eq!(again, first, "{path}");
    }
    app.clock().advance(Duration::days(1));
    let root = app.api(&people[0]);
    let first = post(
        &root,
        &base,
        "/api/v1/accounting/payouts",
        "once",
        &json!({}),
    );
    assert_eq!(first.status, 200, "{first:?}");
    app.drain();
    assert_eq!(
        post(
            &root,
            &base,
            "/api/v1/accounting/payouts",
            "once",
            &json!({})
        ),
        first
    );
    let kept = count(
        &mut app.conn(),
        "platform.request_keys where body like '%password%'",
    );
    assert_eq!(kept, 0);
    app.drain();
}
