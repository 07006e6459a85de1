//! The operator's pages, as they are clicked.

use ates::operations;
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::reconciler::{old_company, round};
use crate::support::database::count;
use crate::support::{Browser, PASSWORD, Page, TestApp};

#[test]
fn m22_the_operator_pauses_and_resumes_a_consumer_and_loses_nothing() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let mut browser = app.log_in(&people[0]);
    let page = browser.get("/admin/modules");
    assert_eq!(page.status, 200);
    let names = page.all("#subscribers tbody th");
    assert!(
        names.contains(&"analytics.projection".to_owned()),
        "{names:?}"
    );
    assert!(
        page.all("#workers tbody th")
            .contains(&"accounting.ledger".to_owned())
    );

    let ledger = "/admin/modules/accounting.ledger";
    let pause = format!("{ledger}/pause");
    let silent = browser.post(&pause, &[("reason", " "), ("confirm", "yes")]);
    assert_eq!(silent.status, 422, "a reason is needed");
    let rash = browser.post(&pause, &[("reason", "The tax office is here")]);
    assert_eq!(
        rash.status, 422,
        "money stands still only when it is confirmed"
    );
    assert!(rash.has("#confirm") && rash.attribute("#reason", "value").unwrap().contains("tax"));
    let paused = browser.submit(
        &pause,
        &[("reason", "The tax office is here"), ("confirm", "yes")],
    );
    assert!(
        paused.text().contains("accounting.ledger is paused"),
        "{}",
        paused.text()
    );
    assert_eq!(paused.all("#holders tbody th"), ["operator:Root Popug"]);
    assert!(paused.text().contains("The tax office is here"));
    let api = app.api(&people[0]);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Wait for it" }))
            .0,
        201
    );
    app.drain();
    assert!(
        browser
            .get("/admin/modules")
            .text()
            .contains("operator:Root Popug: The tax office is here")
    );
    assert_eq!(
        count(&mut app.conn(), "tasks.tasks where status = 'saving'"),
        1
    );

    let (status, body) = api.post(
        "/api/v1/ops/consumers/accounting.ledger/resume",
        &json!({ "holder": "breaker" }),
    );
    assert_eq!(status, 404, "only who holds can let go: {body}");
    browser.submit(
        &format!("{ledger}/resume"),
        &[("holder", "operator:Root Popug")],
    );
    app.drain();
    assert_eq!(
        count(&mut app.conn(), "tasks.tasks where status = 'open'"),
        1
    );
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action in ('bus.paused', 'bus.resumed')"
        ),
        2
    );
    assert_eq!(
        browser
            .post("/admin/modules/nobody/pause", &[("reason", "to see")])
            .status,
        404
    );
    assert_eq!(browser.get("/admin/modules/nobody").status, 404);
}

#[test]
fn e16_a_consumer_behind_the_limit_is_warned_about_on_its_pages() {
    let app = TestApp::with(|settings| settings.set("ATES_LAG_WARNING_EVENTS", 3));
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let mut browser = app.log_in(&people[0]);
    assert!(!browser.get("/admin/modules").has(".strip.wait"));
    let api = app.api(&people[0]);
    let (status, body) = api.post(
        "/api/v1/ops/consumers/accounting.ledger/pause",
        &json!({ "reason": "a quiet Monday" }),
    );
    assert_eq!(
        (status, body["state"].as_str()),
        (200, Some("paused")),
        "{body}"
    );
    for _ in 0..3 {
        assert_eq!(
            api.post("/api/v1/tasks", &json!({ "title": "Wait" })).0,
            201
        );
    }
    let (_, list) = api.get("/api/v1/ops/consumers");
    let ledger = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "accounting.ledger")
        .unwrap();
    let lag = ledger["lag"].as_i64().unwrap();
    assert!(lag > 3, "{ledger}");
    assert_eq!(ledger["holders"][0]["reason"], "a quiet Monday");
    let line = format!("accounting.ledger is {lag} events behind, the limit is 3.");
    assert!(
        browser
            .get("/admin/modules")
            .all(".strip.wait")
            .contains(&line)
    );
    assert_eq!(
        browser
            .get("/admin/modules/accounting.ledger")
            .all(".strip.wait"),
        [line]
    );
    assert_eq!(
        api.post("/api/v1/ops/consumers/accounting.ledger/resume", &json!({}))
            .0,
        200
    );
    app.drain();
    let page = browser.get("/admin/modules/accounting.ledger");
    assert!(
        page.text().contains("In the last minute"),
        "{}",
        page.text()
    );
    assert!(!page.has(".strip.wait"));
}

#[test]
fn the_page_of_runs_shows_the_schedule_what_ran_and_the_shuffles() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let api = app.api(&people[0]);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Move me" })).0,
        201
    );
    app.drain();
    assert_eq!(api.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    app.settle_idle();
    app.at("2026-03-03T09:00:00Z");
    ates::accounting::settle_due(app.db(), app.config()).unwrap();
    let mut browser = app.log_in(&people[0]);
    let page = browser.get("/admin/runs");
    assert_eq!(page.status, 200);
    assert!(
        page.all("#jobs tbody tr")
            .iter()
            .any(|row| row.starts_with("accounting.settle 2026-03-02 done")),
        "{:?}",
        page.all("#jobs tbody tr")
    );
    assert_eq!(page.all("#shuffles tbody td[data-l=Moved]"), ["1 / 1"]);
    let failed = browser.get("/admin/runs?job=accounting.settle&state=failed");
    assert!(failed.has("#no-runs"));
    let only = browser.get("/admin/runs?job=accounting.settle");
    assert!(
        only.all("#jobs tbody th")
            .iter()
            .all(|job| job == "accounting.settle")
    );
}

#[test]
fn m22_the_checks_are_for_accountants_too_and_the_modules_are_not() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[
        ("buh", &["accountant"]),
        ("kesha", &["developer"]),
        ("root", &["administrator"]),
    ]);
    app.drain();
    let mut accountant = app.log_in(&people[0]);
    let page = accountant.get("/admin/checks");
    assert_eq!(page.status, 200);
    let rows = page.all("#checks tbody tr");
    assert_eq!(rows.len(), operations::INVARIANTS.len());
    assert!(rows.iter().all(|row| row.contains("not asked yet")));
    assert!(!page.text().contains("Everything holds."));
    round(&app);
    let page = accountant.get("/admin/checks");
    assert!(page.text().contains("Everything holds."), "{}", page.text());
    let all = operations::INVARIANTS.len();
    assert_eq!(results(&page), vec!["holds"; all]);
    app.clock().advance(TimeDelta::minutes(10));
    let page = accountant.get("/admin/checks");
    assert!(!page.text().contains("Everything holds."));
    assert_eq!(results(&page), vec!["held when last asked"; all]);
    assert_eq!(accountant.get("/admin/modules").status, 403);
    assert_eq!(
        accountant
            .post("/admin/modules/accounting.ledger/pause", &[])
            .status,
        403
    );
    let mut developer = app.log_in(&people[1]);
    assert_eq!(
        (
            developer.get("/admin/checks").status,
            developer.get("/admin/modules").status
        ),
        (403, 403)
    );
}

/// What the page of the checks says of each.
fn results(page: &Page) -> Vec<String> {
    let cells = page.all("#checks tbody tr td:last-child");
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn r13_while_everything_is_stopped_the_page_of_checks_does_not_say_that_nothing_waits() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let (status, _) = app
        .api(&people[1])
        .post("/api/v1/tasks", &json!({ "title": "Wait for it" }));
    assert_eq!(status, 201);
    app.clock().advance(TimeDelta::minutes(30));
    let mut root = app.log_in(&people[0]);
    let sixth = |root: &mut Browser| {
        round(&app);
        let page = root.get("/admin/checks");
        let text = page.text();
        let held = [
            "Everything holds.",
            "What was asked holds; not everything was.",
        ];
        (
            results(&page)[5].clone(),
            held.map(|words| text.contains(words)),
        )
    };
    assert_eq!(sixth(&mut root), ("does not hold".into(), [false, false]));
    operations::stop_from_host(app.db(), "Something hangs here").unwrap();
    assert_eq!(
        sixth(&mut root),
        (
            "not asked while everything is stopped".into(),
            [false, true]
        )
    );
    let released = json!({ "reason": "It hangs no more", "password": PASSWORD });
    assert_eq!(
        app.api(&people[0]).post("/api/v1/ops/release", &released).0,
        200
    );
    assert_eq!(sixth(&mut root), ("does not hold".into(), [false, false]));
    app.drain();
    assert_eq!(sixth(&mut root), ("holds".into(), [true, false]));
}

#[test]
fn r13_before_all_closed_dates_were_gone_over_the_page_of_checks_says_so() {
    let app = old_company();
    let root = app.register("boss2", &["administrator"]);
    app.drain();
    let mut root = app.log_in(&root);
    round(&app);
    for (swept, told) in [
        ("null", "not asked yet"),
        ("swept_at - interval '3 days'", "held when last asked"),
    ] {
        round(&app);
        app.conn()
            .batch_execute(&format!(
                "update platform.reconciler set swept_at = {swept}"
            ))
            .unwrap();
        let page = root.get("/admin/checks");
        assert!(
            page.text()
                .contains("What was asked holds; not everything was."),
            "{}",
            page.text()
        );
        let results = results(&page);
        assert_eq!(results[11], told, "the seals");
        assert!(
            results[..11].iter().all(|result| result == "holds"),
            "{results:?}"
        );
    }
}

#[test]
fn the_page_of_checks_names_what_is_broken() {
    let mut app = TestApp::start();
    app.expect_broken();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let fault = format!(
        "update accounting.balances set amount_minor = 7 where account_id = '{}'",
        people[1].id
    );
    app.conn().batch_execute(&fault).unwrap();
    let mut root = app.log_in(&people[0]);
    round(&app);
    let page = root.get("/admin/checks");
    assert!(
        page.text().contains("1 invariant is broken."),
        "{}",
        page.text()
    );
    let wrong = page.all("#checks .chip.bad");
    assert_eq!(wrong, ["does not hold"]);
    assert!(page.text().contains(&people[1].id.to_string()));
}
