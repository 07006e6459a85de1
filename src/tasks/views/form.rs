//! The form of a task.

use askama::Template;
use i18n_embed_fl::fl;

use crate::platform::ids::TaskId;
use crate::platform::web::{FormErrors, Frame};
use crate::tasks::model::TaskText;

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
pub(in crate::tasks) struct TaskWords {
    pub title: String,
    pub jira_id: String,
    pub description: String,
}

impl TaskWords {
    /// The words of a task as they are.
    pub fn of(text: &TaskText) -> Self {
        Self {
            title: text.title.clone(),
            jira_id: text.jira_id.clone().unwrap_or_default(),
            description: text.description.clone().unwrap_or_default(),
        }
    }
}

/// `/tasks/new` and `/tasks/{uid}/edit`.
#[derive(Template)]
#[template(path = "tasks/form.html")]
pub(in crate::tasks) struct TaskFormPage {
    frame: Frame,
    action: String,
    cancel: String,
    is_new: bool,
    words: TaskWords,
    errors: FormErrors,
}

impl TaskFormPage {
    pub fn new(frame: Frame, id: Option<TaskId>, words: TaskWords, errors: FormErrors) -> Self {
        let action = id.map_or_else(|| "/tasks".to_owned(), |id| format!("/tasks/{id}"));
        Self {
            frame,
            cancel: action.clone(),
            action,
            is_new: id.is_none(),
            words,
            errors,
        }
    }
}
