//! Tasks as a file.

use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use super::row::status_word;
use crate::platform::csv::Cell;
use crate::platform::money::Money;
use crate::tasks::queries::TaskView;

/// The titles of a file of tasks.
pub(in crate::tasks) fn tasks_header(l: &FluentLanguageLoader) -> Vec<String> {
    vec![
        fl!(l, "tasks-number"),
        fl!(l, "tasks-jira-id"),
        fl!(l, "tasks-task"),
        fl!(l, "tasks-status"),
        fl!(l, "tasks-assignee"),
        fl!(l, "tasks-fee"),
        fl!(l, "tasks-reward"),
        fl!(l, "tasks-author"),
        fl!(l, "tasks-created"),
        fl!(l, "tasks-completed"),
    ]
}

/// A line of it.
pub(in crate::tasks) fn task_row(l: &'static FluentLanguageLoader, view: &TaskView) -> Vec<Cell> {
    let task = &view.task;
    let nothing = || Cell::Text(String::new());
    let amount =
        |money: Option<Money>| money.map_or_else(nothing, |money| Cell::Amount(money.minor()));
    vec![
        Cell::Int(task.number),
        Cell::Text(task.text.jira_id.clone().unwrap_or_default()),
        Cell::Text(task.text.title.clone()),
        Cell::Text(status_word(l, task.status)),
        Cell::Text(view.assignee.name.clone()),
        amount(task.fee.map(|fee| -fee)),
        amount(task.reward),
        Cell::Text(view.author.name.clone()),
        Cell::Instant(task.created_at),
        task.completed_at.map_or_else(nothing, Cell::Instant),
    ]
}
