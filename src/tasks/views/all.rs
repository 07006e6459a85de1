//! `/tasks/all`.

use askama::Template;
use i18n_embed_fl::fl;
use url::form_urlencoded::Serializer;

use super::row::{TaskLine, status_word};
use crate::auth::Actor;
use crate::events::TaskStatus;
use crate::platform::web::{Frame, PageOf};
use crate::tasks::queries::{Load, TaskFilter, TaskView};

/// What the page is made of.
pub(in crate::tasks) struct AllTasks {
    pub tasks: PageOf<TaskView>,
    pub loads: Vec<Load>,
    pub open: i64,
    pub may_shuffle: bool,
    pub is_first: bool,
    pub filter: TaskFilter,
}

/// A choice of a select.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// Every task and who has it.
#[derive(Template)]
#[template(path = "tasks/all.html")]
pub(in crate::tasks) struct AllTasksPage {
    frame: Frame,
    lines: Vec<TaskLine>,
    loads: Vec<Load>,
    open: i64,
    may_shuffle: bool,
    statuses: Vec<Choice>,
    people: Vec<Choice>,
    text: String,
    chips: Vec<String>,
    csv: String,
    first: String,
    older: String,
}

impl AllTasksPage {
    pub fn new(frame: Frame, actor: &Actor, all: AllTasks) -> Self {
        let AllTasks {
            tasks,
            loads,
            open,
            may_shuffle,
            is_first,
            filter,
        } = all;
        let address = |path: &str, cursor: Option<&str>| address(path, &filter, cursor);
        let statuses =
            [TaskStatus::Saving, TaskStatus::Open, TaskStatus::Done].map(|status| Choice {
                value: status.as_str().to_owned(),
                label: status_word(frame.l, status),
                chosen: filter.status == Some(status),
            });
        let chosen = filter.assignee.map(|id| id.0);
        let mut people: Vec<Choice> = loads
            .iter()
            .map(|load| Choice {
                value: load.id.to_string(),
                label: format!("{} ({})", load.name, load.open),
                chosen: chosen == Some(load.id),
            })
            .collect();
        people.sort_by(|one, other| one.label.cmp(&other.label));
        if let Some(id) = chosen.filter(|_| people.iter().all(|person| !person.chosen)) {
            people.push(Choice {
                value: id.to_string(),
                label: id.to_string(),
                chosen: true,
            });
        }
        let chips = statuses
            .iter()
            .chain(&people)
            .filter(|choice| choice.chosen)
            .map(|choice| choice.label.clone())
            .chain(filter.text.as_ref().map(|text| format!("«{text}»")))
            .collect();
        Self {
            lines: tasks
                .items
                .into_iter()
                .map(|view| TaskLine::new(&frame, actor, view))
                .collect(),
            csv: address("/tasks/all.csv", None),
            first: if is_first {
                String::new()
            } else {
                address("/tasks/all", None)
            },
            older: tasks
                .next
                .map(|cursor| address("/tasks/all", Some(&cursor)))
                .unwrap_or_default(),
            text: filter.text.clone().unwrap_or_default(),
            statuses: statuses.into(),
            people,
            chips,
            loads,
            open,
            may_shuffle,
            frame,
        }
    }
}

/// A path with the filter in its query.
fn address(path: &str, filter: &TaskFilter, cursor: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(status) = filter.status {
        query.append_pair("status", status.as_str());
    }
    if let Some(assignee) = filter.assignee {
        query.append_pair("assignee", &assignee.to_string());
    }
    if let Some(text) = &filter.text {
        query.append_pair("q", text);
    }
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
