//! Bringing in tasks from a file: all of them or none.

use serde_json::json;

use crate::platform::csv::LineError;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::ids::UserId;
use crate::tasks::draw::{Seed, draw};
use crate::tasks::store::{self, NewTask};
use crate::tasks::title::{check_description, check_jira_id, check_title, split_imported_title};

use super::create_task::{nobody_eligible, tell_of_creation};
use super::fresh_seed;
use crate::tasks::model::TaskText;

/// Tasks written by one statement.
const CHUNK: usize = 1_000;

/// A row of the file, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Where the row begins in the file, for the report.
    pub line: u64,
    /// The id in the issue tracker, or nothing.
    pub jira_id: String,
    /// The title; with nothing in `jira_id`, `[KEY-1] - Title` is split.
    pub title: String,
    /// The description, or nothing.
    pub description: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// How many tasks it created.
    pub tasks: usize,
}

/// Creates a task of each row in the name of `author`, or reports every row that is wrong and creates none. `progress` hears how
/// many of how many are written. All tasks and their events are one unit of work; each is drawn, told and later priced like any
/// other.
///
/// # Errors
/// 409 when nobody is eligible (T08).
pub fn import_tasks(
    tx: &mut Tx<'_>,
    author: UserId,
    rows: Vec<TaskRow>,
    progress: &mut dyn FnMut(usize, usize),
) -> AppResult<Result<ImportReport, Vec<LineError>>> {
    let texts = match check_rows(&rows) {
        Ok(texts) => texts,
        Err(errors) => return Ok(Err(errors)),
    };
    let (now, seed, total) = (tx.now, fresh_seed(tx), texts.len());
    store::lock_eligibility_shared(tx.conn())?;
    let candidates = store::list_assignable(tx.conn())?;
    let mut texts = texts.into_iter();
    let mut written = 0;
    while written < total {
        let new = texts
            .by_ref()
            .take(CHUNK)
            .map(|text| new_task(tx, &seed, text, &candidates))
            .collect::<AppResult<Vec<_>>>()?;
        store::insert_tasks(tx.conn(), now, author, &new)?;
        let mut journal = Vec::with_capacity(new.len() * 2);
        for task in &new {
            journal.extend(tell_of_creation(tx, author, task)?);
        }
        store::insert_journal(tx.conn(), now, &journal)?;
        written += new.len();
        progress(written, total);
    }
    tx.audit(
        "tasks.tasks_imported",
        Some(author.0),
        &json!({ "tasks": total }),
    )?;
    Ok(Ok(ImportReport { tasks: total }))
}

fn new_task(
    tx: &mut Tx<'_>,
    seed: &Seed,
    text: TaskText,
    candidates: &[UserId],
) -> AppResult<NewTask> {
    let id = tx.new_id();
    let assignee = draw(seed, id, candidates).ok_or_else(nobody_eligible)?;
    Ok(NewTask { id, text, assignee })
}

fn check_rows(rows: &[TaskRow]) -> Result<Vec<TaskText>, Vec<LineError>> {
    let mut errors = Vec::new();
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        match check_row(row) {
            Ok(text) => texts.push(text),
            Err(message) => errors.push(LineError {
                line: row.line,
                message,
            }),
        }
    }
    if errors.is_empty() {
        Ok(texts)
    } else {
        Err(errors)
    }
}

fn check_row(row: &TaskRow) -> Result<TaskText, String> {
    let (jira_id, title) = split_imported_title(&row.jira_id, &row.title);
    let mut wrong: Vec<String> = Vec::new();
    let title = check_title(&title)
        .map_err(|error| wrong.push(error.to_string()))
        .ok();
    let jira_id = check_jira_id(&jira_id)
        .map_err(|error| wrong.push(error.to_string()))
        .ok();
    let description = check_description(&row.description)
        .map_err(|error| wrong.push(error.to_string()))
        .ok();
    match (title, jira_id, description) {
        (Some(title), Some(jira_id), Some(description)) => Ok(TaskText {
            title,
            jira_id,
            description,
        }),
        _ => Err(wrong.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, jira_id: &str, title: &str) -> TaskRow {
        TaskRow {
            line,
            jira_id: jira_id.into(),
            title: title.into(),
            description: String::new(),
        }
    }

    #[test]
    fn t05_an_imported_title_is_split_before_it_is_checked() {
        let texts = check_rows(&[
            row(2, "", "[LEMMY-103321] - Version v0.7.4"),
            row(3, "TIGER-1", "rust client: Fix"),
        ])
        .unwrap();
        assert_eq!(texts[0].jira_id.as_deref(), Some("LEMMY-103321"));
        assert_eq!(texts[0].title, "Version v0.7.4");
        assert_eq!(texts[1].jira_id.as_deref(), Some("TIGER-1"));
    }

    #[test]
    fn every_bad_line_is_named_with_all_that_is_wrong() {
        let errors = check_rows(&[
            row(2, "", "[Java] Unit test"),
            row(3, "", "fine"),
            row(5, "tiger-1", " "),
        ])
        .unwrap_err();
        let lines: Vec<u64> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [2, 5]);
        assert!(errors[1].message.contains("empty") && errors[1].message.contains("UBERPOP-42"));
    }
}
