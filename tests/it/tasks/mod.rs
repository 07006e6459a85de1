//! Tasks as people meet them: created, drawn, seen, completed, shuffled.

mod complete;
mod create;
mod fairness;
mod import;
mod killed;
mod limits;
mod lists;
mod people;
mod progress;
mod races;
mod shuffle;

use ates::platform::db::{Lane, Origin};
use ates::platform::ids::UserId;
use ates::tasks::{self, TaskRow};
use serde_json::json;
use uuid::Uuid;

use crate::support::client::Api;
use crate::support::database::{count, text};
use crate::support::{Person, TestApp};

/// Creates a task over the API; gives its id.
fn create(api: &Api, title: &str) -> String {
    let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
    assert_eq!(status, 201, "{task}");
    task["uid"].as_str().unwrap().to_owned()
}

/// Brings in many tasks in somebody's name and waits until they are open.
pub fn bring_in(app: &TestApp, author: &Person, tasks: usize) {
    let rows = (1..=tasks)
        .map(|n| TaskRow {
            line: n as u64 + 1,
            jira_id: String::new(),
            title: format!("Feed bird {n}"),
            description: String::new(),
        })
        .collect();
    let author = UserId(author.id);
    let report = app
        .db()
        .transaction_blocking(Lane::Worker, tasks::ROLE, Origin::system(), |tx| {
            tasks::import_tasks(tx, author, rows, &mut |_, _| {})
        })
        .unwrap()
        .unwrap();
    assert_eq!(report.tasks, tasks);
    app.drain();
}

/// Who has a task.
fn assignee_of(app: &TestApp, task: &str) -> Uuid {
    let query = format!("select assignee_id::text as t from tasks.tasks where id = '{task}'");
    text(&mut app.conn(), &query).parse().unwrap()
}

fn status_of(app: &TestApp, task: &str) -> String {
    text(
        &mut app.conn(),
        &format!("select status as t from tasks.tasks where id = '{task}'"),
    )
}

/// How many rows there are `from …`.
fn rows(app: &TestApp, from: &str) -> i64 {
    count(&mut app.conn(), from)
}

/// The one of the people who has a task, and somebody else of them.
fn holder_and_other<'a>(
    app: &TestApp,
    task: &str,
    people: &'a [Person],
) -> (&'a Person, &'a Person) {
    let id = assignee_of(app, task);
    let holder = people.iter().find(|person| person.id == id).unwrap();
    let other = people.iter().find(|person| person.id != id).unwrap();
    (holder, other)
}
