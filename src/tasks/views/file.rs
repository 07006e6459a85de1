//! Tasks as a file.

use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use super::row::status_word;
use crate::platform::csv::{Cell, Csv};
use crate::platform::money::Money;
use crate::tasks::queries::TaskView;

/// A file in the making: a line a task, in the visitor's language.
pub(in crate::tasks) struct TasksFile {
    l: &'static FluentLanguageLoader,
    csv: Csv,
}

impl TasksFile {
    /// The file with its header line.
    pub fn new(l: &'static FluentLanguageLoader) -> Self {
        let header = header(l);
        Self {
            l,
            csv: Csv::new(&header.each_ref().map(String::as_str)),
        }
    }

    /// The next piece of the file: these tasks, and before the first ones the header.
    pub fn piece(&mut self, tasks: &[TaskView]) -> Vec<u8> {
        for view in tasks {
            self.csv.row(&line(self.l, view));
        }
        self.csv.take()
    }
}

fn header(l: &FluentLanguageLoader) -> [String; 10] {
    [
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

fn line(l: &'static FluentLanguageLoader, view: &TaskView) -> [Cell; 10] {
    let task = &view.task;
    let nothing = || Cell::Text(String::new());
    let amount =
        |money: Option<Money>| money.map_or_else(nothing, |money| Cell::Amount(money.minor()));
    [
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
