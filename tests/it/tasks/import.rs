//! Bringing in tasks from a file.

use ates::platform::csv::LineError;
use ates::platform::db::{Lane, Origin};
use ates::platform::error::{AppError, AppResult};
use ates::platform::ids::UserId;
use ates::tasks::{self, ImportReport, TaskRow};

use super::rows;
use crate::support::{Person, TestApp};

fn row(line: u64, jira_id: &str, title: &str) -> TaskRow {
    TaskRow {
        line,
        jira_id: jira_id.into(),
        title: title.into(),
        description: String::new(),
    }
}

fn import(
    app: &TestApp,
    author: &Person,
    file: &[TaskRow],
) -> AppResult<Result<ImportReport, Vec<LineError>>> {
    app.db()
        .transaction_blocking(Lane::Worker, tasks::ROLE, Origin::system(), |tx| {
            tasks::import_tasks(tx, UserId(author.id), file.to_vec(), &mut |_, _| {})
        })
}

#[test]
fn an_import_is_all_or_nothing_and_names_each_bad_line() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let file = [
        row(2, "", "[POP-1] - Feed the macaw"),
        row(3, "", "[Java] tests"),
        row(7, "pop", ""),
    ];
    let errors = import(&app, &kesha, &file).unwrap().unwrap_err();
    assert_eq!(
        errors.iter().map(|error| error.line).collect::<Vec<_>>(),
        [3, 7]
    );
    assert_eq!(rows(&app, "tasks.tasks"), 0);

    assert_eq!(import(&app, &kesha, &file[..1]).unwrap().unwrap().tasks, 1);
    app.drain();
    let split = "report_v1.tasks r join tasks.tasks t on t.id = r.task_id
        where t.jira_id = 'POP-1' and t.title = 'Feed the macaw' and r.status = 'open'";
    assert_eq!(rows(&app, split), 1);
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        1
    );
}

#[test]
fn t08_an_import_for_nobody_is_refused() {
    let app = TestApp::start();
    let lev = app.register("lev", &["manager"]);
    let outcome = import(&app, &lev, &[row(2, "", "Feed the macaw")]);
    assert!(matches!(outcome, Err(AppError::Conflict(_))));
    assert_eq!(rows(&app, "tasks.tasks"), 0);
}
