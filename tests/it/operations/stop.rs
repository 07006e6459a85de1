//! The emergency stop: what it refuses, what it lets through, who may release it, and what goes on after it (R14).

use ates::accounting;
use ates::operations;
use ates::platform::error::AppError;
use ates::platform::stop;
use ates::platform::workers::Health;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::database::{count, text};
use crate::support::smtp::SmtpSink;
use crate::support::{Api, PASSWORD, Person, TestApp, wait_until};

const REASON: &str = "The numbers look wrong to me";

/// An administrator, a manager and a developer with an open task.
fn company(app: &TestApp) -> [Person; 3] {
    let people = [
        app.register("root", &["administrator"]),
        app.register("chief", &["manager"]),
        app.register("kesha", &["developer"]),
    ];
    let (status, _) = app
        .api(&people[1])
        .post("/api/v1/tasks", &json!({ "title": "Feed the parrots" }));
    assert_eq!(status, 201);
    app.drain();
    people
}

fn set(api: &Api) {
    let (status, answer) = api.post("/api/v1/ops/stop", &json!({ "reason": REASON }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["stopped"], &answer["reason"]),
        (&json!(true), &json!(REASON))
    );
}

fn release(api: &Api) -> (u16, Value) {
    api.post(
        "/api/v1/ops/release",
        &json!({ "reason": "Looked at it: all is well", "password": PASSWORD }),
    )
}

#[test]
fn r14_while_it_is_set_every_change_is_refused_with_the_reason_and_reading_works() {
    let app = TestApp::start();
    let [root, chief, kesha] = company(&app);
    let (admin, manager, worker) = (app.api(&root), app.api(&chief), app.api(&kesha));
    let (_, mine) = worker.get("/api/v1/tasks/mine?status=open");
    let task = mine["items"][0]["uid"].as_str().unwrap().to_owned();
    let mut browser = app.log_in(&chief);
    set(&admin);

    let changes: [(&Api, &str, &str, Value); 7] = [
        (
            &manager,
            "POST",
            "/api/v1/tasks",
            json!({ "title": "One more" }),
        ),
        (
            &manager,
            "PATCH",
            &format!("/api/v1/tasks/{task}"),
            json!({ "title": "Another" }),
        ),
        (
            &worker,
            "POST",
            &format!("/api/v1/tasks/{task}/complete"),
            json!({}),
        ),
        (&manager, "POST", "/api/v1/tasks/reassign", json!({})),
        (
            &admin,
            "POST",
            "/api/v1/accounting/payouts",
            json!({ "business_date": "2026-03-01" }),
        ),
        (
            &admin,
            "POST",
            "/api/v1/users",
            json!({ "username": "roma", "email": "roma@uberpopug.example", "name": "Roma", "surname": "Popug",
              "password": PASSWORD, "roles": ["developer"] }),
        ),
        (
            &admin,
            "POST",
            "/api/v1/ops/consumers/analytics.projection/pause",
            json!({ "reason": "Just because" }),
        ),
    ];
    for (api, method, path, body) in changes {
        let (status, problem) = api.send(method, path, &body);
        assert_eq!(status, 503, "{method} {path}: {problem}");
        assert_eq!(problem["type"], "/problems/stopped", "{method} {path}");
        assert!(problem["detail"].as_str().unwrap().contains(REASON));
    }

    let refused = browser.post(
        "/tasks",
        &[
            ("title", "By form"),
            ("key", "0190aaaa-0000-7000-8000-000000000000"),
        ],
    );
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.headers.get("retry-after").map(String::as_str),
        Some("60")
    );
    assert!(refused.text().contains("Changes are stopped") && refused.text().contains(REASON));
    for path in ["/tasks", "/tasks/all", "/account", "/profile"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.all("p.strip.bad").join(" ").contains(REASON),
            "{path} has no banner"
        );
    }
    assert_eq!(worker.get("/api/v1/accounting/balance").0, 200);
    let (status, health) = app.api(&kesha).get("/health/ready");
    assert_eq!(
        (status, &health["status"]),
        (503, &json!("stopped")),
        "and a token could be had meanwhile"
    );
    let mut other = app.log_in(&kesha);
    assert_eq!(other.post("/logout", &[]).status, 303, "out and in works");

    assert_eq!(release(&admin).0, 200);
    assert_eq!(
        manager
            .post("/api/v1/tasks", &json!({ "title": "At last" }))
            .0,
        201
    );
    assert!(!browser.get("/tasks").has("p.strip.bad"));
    assert_eq!(app.api(&kesha).get("/health/ready").0, 200);
    app.drain();
    assert_eq!(count(&mut app.conn(), "tasks.tasks"), 2);
}

#[test]
fn r14_only_an_administrator_stops_and_releases_and_only_with_reason_and_password() {
    let app = TestApp::start();
    let [root, chief, _] = company(&app);
    let buh = app.register("buh", &["accountant"]);
    for person in [&chief, &buh] {
        let body = json!({ "reason": REASON });
        assert_eq!(app.api(person).post("/api/v1/ops/stop", &body).0, 403);
        assert_eq!(release(&app.api(person)).0, 403);
        let mut browser = app.log_in(person);
        let form = [("reason", REASON), ("password", PASSWORD)];
        assert_eq!(browser.post("/admin/emergency-stop", &form).status, 403);
        let form = [("reason", REASON), ("password", PASSWORD)];
        let page = browser.post("/admin/emergency-stop/release", &form);
        assert_eq!(page.status, 403);
    }
    let admin = app.api(&root);
    let (status, _) = admin.post("/api/v1/ops/stop", &json!({ "reason": "short" }));
    assert_eq!(status, 422);
    assert_eq!(release(&admin).0, 409, "nothing to release");
    set(&admin);
    let (status, _) = admin.post("/api/v1/ops/stop", &json!({ "reason": REASON }));
    assert_eq!(status, 409, "once is enough");
    for body in [
        json!({ "reason": "Looked at it: all is well" }),
        json!({ "reason": "short", "password": PASSWORD }),
    ] {
        assert_eq!(admin.post("/api/v1/ops/release", &body).0, 422, "{body}");
    }
    let body = json!({ "reason": "Looked at it: all is well", "password": "not my password" });
    let (status, problem) = admin.post("/api/v1/ops/release", &body);
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("password"))
    );
    // A wrong password counts as a failed log-in, so the next try waits its second.
    app.clock().advance(chrono::Duration::seconds(10));
    assert_eq!(release(&admin).0, 200);

    let conn = &mut app.conn();
    let audit = text(
        conn,
        "select string_agg(a.action || ' ' || (a.detail ->> 'reason') || ' ' || u.username, '; ' order by a.at, a.id) as t
         from report_v1.audit a join auth.users u on u.id = a.actor where a.action in ('operations.stopped', 'operations.released')",
    );
    assert_eq!(
        audit,
        format!(
            "operations.stopped {REASON} root; operations.released Looked at it: all is well root"
        )
    );
    for change in [
        "update platform.emergency_stops set reason = 'nothing'",
        "update platform.emergency_stops set released_at = null, released_by_name = null, release_reason = null",
        "delete from platform.emergency_stops",
    ] {
        assert!(conn.batch_execute(change).is_err(), "{change}");
    }
}

#[test]
fn r14_the_page_sets_and_releases_it_and_keeps_the_history() {
    let app = TestApp::start();
    let [root, ..] = company(&app);
    let mut browser = app.log_in(&root);
    let page = browser.get("/admin/emergency-stop");
    assert!(page.has("#running") && page.has("#agreement"));
    let form = [("reason", "short"), ("password", PASSWORD)];
    let page = browser.post("/admin/emergency-stop", &form);
    assert_eq!(page.status, 422);
    assert_eq!(
        page.attribute("#reason", "value").as_deref(),
        Some("short"),
        "what was typed stays"
    );
    let form = [("reason", REASON), ("password", PASSWORD)];
    let page = browser.submit("/admin/emergency-stop", &form);
    assert_eq!(page.all("#reason-now").len(), 1, "{}", page.text());
    assert!(page.all("p.strip.bad")[0].contains(REASON));
    let form = [
        ("reason", "Counted by hand: it is right"),
        ("password", PASSWORD),
    ];
    let page = browser.submit("/admin/emergency-stop/release", &form);
    let history = page.all("#stops").join(" ");
    for words in [REASON, "Counted by hand: it is right", "Root Popug"] {
        assert!(history.contains(words), "{words} is not in: {history}");
    }
}

#[test]
fn r14_what_is_under_way_waits_without_failures_and_goes_on_after_the_release() {
    let sink = SmtpSink::start();
    let app = TestApp::with(|settings| {
        settings
            .smtp(&sink.url())
            .set("ATES_FEE_MIN", 1)
            .set("ATES_FEE_MAX", 1)
            .set("ATES_REWARD_MIN", 40)
            .set("ATES_REWARD_MAX", 40)
    });
    let [root, chief, kesha] = company(&app);
    let (_, mine) = app.api(&kesha).get("/api/v1/tasks/mine?status=open");
    let task = mine["items"][0]["uid"].as_str().unwrap();
    let done = format!("/api/v1/tasks/{task}/complete");
    assert_eq!(app.api(&kesha).post(&done, &json!({})).0, 200);
    app.drain();
    let manager = app.api(&chief);
    for number in 1..=5 {
        let body = json!({ "title": format!("Task {number}") });
        assert_eq!(manager.post("/api/v1/tasks", &body).0, 201);
    }
    assert_eq!(
        manager.post("/api/v1/tasks/reassign", &json!({})).0,
        202,
        "a press that waits"
    );
    set(&app.api(&root));
    let workers = [
        "accounting.ledger",
        "analytics.projection",
        "tasks.shuffle",
        "accounting.mail",
    ];
    wait_until("the workers wait", || {
        let health = app.health();
        workers
            .iter()
            .all(|name| health.get(*name) == Some(&Health::Stopped))
    });
    let written = "accounting.transfers";
    let before = count(&mut app.conn(), written);
    app.at("2026-03-03T09:00:00Z");
    let outcome = accounting::settle_due(app.db(), app.config());
    assert!(matches!(outcome, Err(AppError::Stopped(_))), "{outcome:?}");
    let services = app.services();
    let outcome = accounting::mail_step(&services.db, &services.mailer, &services.config);
    assert!(matches!(outcome, Err(AppError::Stopped(_))), "{outcome:?}");
    assert_eq!(count(&mut app.conn(), written), before);
    assert_eq!(count(&mut app.conn(), "bus.parked_items"), 0);
    assert_eq!(
        count(&mut app.conn(), "platform.job_runs where state = 'failed'"),
        0
    );

    assert_eq!(release(&app.api(&root)).0, 200);
    app.settle_idle();
    assert_eq!(count(&mut app.conn(), "bus.parked_items"), 0);
    assert_eq!(
        count(&mut app.conn(), "tasks.tasks where status = 'saving'"),
        0
    );
    let runs = accounting::settle_due(app.db(), app.config()).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(count(&mut app.conn(), "accounting.payouts"), 1);
    wait_until("the mail is sent", || sink.mails().len() == 1);
    assert!(
        app.health()
            .values()
            .all(|health| *health != Health::Stopped)
    );
}

#[test]
fn r14_when_the_stop_has_answered_nobody_writes_money_in_any_process() {
    let app = TestApp::with(|settings| settings.workers(false));
    company(&app);
    let price = "insert into accounting.task_prices (task_id, fee_minor, reward_minor, created_at)
        values (gen_random_uuid(), 1000, 3000, now())";
    let mut writer = app.conn();
    writer.batch_execute("begin").unwrap();
    writer.batch_execute(price).unwrap();
    let db = app.db().clone();
    let stopper = std::thread::spawn(move || operations::stop_from_host(&db, REASON));
    let conn = &mut app.conn();
    wait_until("the stop waits for who is writing", || {
        count(
            conn,
            "pg_catalog.pg_locks where locktype = 'advisory' and classid = 7781 and objid = 22 and not granted",
        ) == 1
    });
    assert!(
        stop::current(conn).unwrap().is_some(),
        "it is set already for everybody who begins"
    );
    assert!(!stopper.is_finished());
    writer.batch_execute("rollback").unwrap();
    stopper.join().unwrap().unwrap();

    let refused = conn.batch_execute(price).unwrap_err().to_string();
    assert!(refused.contains(REASON), "{refused}");
    for change in [
        "insert into accounting.transfers select * from accounting.transfers limit 1",
        "insert into accounting.payouts select * from accounting.payouts",
        "insert into accounting.statements select * from accounting.statements",
        "update accounting.business_days set state = state",
        "update tasks.tasks set title = title",
        "delete from accounting.bank_accounts",
        "insert into accounting.bank_files select * from accounting.bank_files",
        "insert into accounting.bank_file_lines select * from accounting.bank_file_lines",
    ] {
        let refused = conn.batch_execute(change).unwrap_err().to_string();
        assert!(refused.contains(REASON), "{change}: {refused}");
    }
    conn.batch_execute(
        "update platform.emergency_stops set released_at = now(), released_by_name = 'x', release_reason = 'y'",
    )
    .unwrap();
}

#[test]
fn r14_a_program_that_starts_while_it_is_set_serves_and_waits() {
    let app = TestApp::start();
    let [root, chief, _] = company(&app);
    set(&app.api(&root));
    let app = TestApp::with(|settings| settings.on(app.stop()));
    let (status, _) = app
        .api(&chief)
        .post("/api/v1/tasks", &json!({ "title": "Too early" }));
    assert_eq!(status, 503);
    wait_until("the ledger waits", || {
        app.health().get("accounting.ledger") == Some(&Health::Stopped)
    });
    assert_eq!(release(&app.api(&root)).0, 200);
    wait_until("the ledger runs", || {
        app.health().get("accounting.ledger") == Some(&Health::Up)
    });
    let (status, _) = app
        .api(&chief)
        .post("/api/v1/tasks", &json!({ "title": "In time" }));
    assert_eq!(status, 201);
}
