//! The operator's pages, as they are clicked.

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::TestApp;
use crate::support::database::count;

#[test]
fn m22_the_operator_pauses_and_resumes_a_subscriber_and_loses_nothing() {
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

    let paused = browser.submit("/admin/modules/accounting.ledger/pause", &[]);
    assert!(
        paused.text().contains("accounting.ledger is paused"),
        "{}",
        paused.text()
    );
    let api = app.api(&people[0]);
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "Wait for it" }))
            .0,
        201
    );
    app.drain();
    let waits = browser.get("/admin/modules");
    assert!(waits.has("form[action='/admin/modules/accounting.ledger/resume']"));
    assert_eq!(
        count(&mut app.conn(), "tasks.tasks where status = 'saving'"),
        1
    );

    browser.submit("/admin/modules/accounting.ledger/resume", &[]);
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
    assert_eq!(browser.post("/admin/modules/nobody/pause", &[]).status, 404);
}

#[test]
fn m22_the_checks_are_for_accountants_too_and_the_modules_are_not() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("buh", &["accountant"]),
        ("kesha", &["developer"]),
        ("root", &["administrator"]),
    ]);
    let mut accountant = app.log_in(&people[0]);
    let page = accountant.get("/admin/checks");
    assert_eq!(page.status, 200);
    assert_eq!(page.all("#checks tbody tr").len(), 11);
    assert!(page.text().contains("Everything holds."), "{}", page.text());
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
    let page = app.log_in(&people[0]).get("/admin/checks");
    assert!(
        page.text().contains("1 invariant is broken."),
        "{}",
        page.text()
    );
    assert!(page.text().contains(&people[1].id.to_string()));
}
