//! The failures that promises are made about (section 8): the script that plays them knows all of them, and a module whose tables are
//! broken says so. `./check --long` plays them.

use std::collections::BTreeSet;
use std::process::Command;

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::TestApp;

/// The rows of section 8 of the requirements, in their order.
const FAILURES: [&str; 17] = [
    "Task dashboard",
    "Task logic",
    "Money transactions",
    "Money dashboard",
    "Auth",
    "DB",
    "Tasks service",
    "Accounting service",
    "Broker",
    "Cache",
    "Duplicate messages",
    "A service behind the gateway",
    "Front end",
    "One single service",
    "Notification service",
    "Accounting falls after tasks were created",
    "Network",
];

#[test]
fn r20_the_script_of_the_failures_has_a_play_of_its_own_for_each_of_the_seventeen() {
    let listed = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/failures"))
        .arg("--list")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "{errors}");
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    assert_eq!(names, FAILURES);
    assert!(rows.iter().all(|row| !row[2].is_empty()), "{text}");
    let plays: BTreeSet<&str> = rows.iter().map(|row| row[3]).collect();
    assert_eq!(plays.len(), FAILURES.len(), "{text}");
}

#[test]
fn t28_a_module_whose_tables_are_missing_or_refused_says_503_and_the_others_work() {
    let app = TestApp::start();
    let people = app.register_all(&[("boss", &["manager"]), ("kesha", &["developer"])]);
    let (mut kesha, api) = (app.log_in(&people[1]), app.api(&people[1]));
    let task = json!({ "title": "Feed the macaw" });
    let create = || api.try_exchange("POST", "/api/v1/tasks", &task).unwrap();
    let sql = |text: &str| app.conn().batch_execute(text).unwrap();

    sql("revoke insert on tasks.tasks from ates_tasks");
    let refused = create();
    assert_eq!(refused.status, 503, "{}", refused.html);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(
        refused.html.contains("The system cannot do this right now"),
        "{}",
        refused.html
    );
    assert_eq!(kesha.get("/tasks").status, 200, "what is there is shown");
    sql("grant insert on tasks.tasks to ates_tasks");

    sql("alter schema tasks rename to tasks_away");
    let page = kesha.get("/tasks");
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.headers.contains_key("retry-after"));
    assert_eq!(create().status, 503);
    assert_eq!(kesha.get("/account").status, 200);
    sql("alter schema tasks_away rename to tasks");
    assert_eq!(create().status, 201);
    assert_eq!(kesha.get("/tasks").status, 200);
    app.drain();
}
