//! A task as a line of a table.

use chrono::{DateTime, Utc};
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;
use uuid::Uuid;

use crate::auth::Actor;
use crate::events::TaskStatus;
use crate::platform::money::Money;
use crate::platform::web::Frame;
use crate::tasks::display_title;
use crate::tasks::model::Task;

/// The word for a status on a page.
#[must_use]
pub fn status_word(l: &'static FluentLanguageLoader, status: TaskStatus) -> String {
    match status {
        TaskStatus::Saving => fl!(l, "task-status-saving"),
        TaskStatus::Open => fl!(l, "task-status-open"),
        TaskStatus::Done => fl!(l, "task-status-done"),
    }
}

/// The colour of its chip.
#[must_use]
pub fn status_kind(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Saving => "wait",
        TaskStatus::Open => "info",
        TaskStatus::Done => "ok",
    }
}

/// A line of a table of tasks.
pub(super) struct TaskLine {
    pub id: Uuid,
    pub number: i64,
    pub title: String,
    pub kind: &'static str,
    pub status: String,
    pub is_done: bool,
    /// What was charged: a minus.
    pub fee: Option<Money>,
    pub reward: Option<Money>,
    pub created_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub may_complete: bool,
    /// The one-time key of its own button, so that two buttons of one page are two forms.
    pub key: Uuid,
}

impl TaskLine {
    pub fn new(frame: &Frame, actor: &Actor, task: &Task) -> Self {
        Self {
            id: task.id.0,
            number: task.number,
            title: display_title(task.text.jira_id.as_deref(), &task.text.title),
            kind: status_kind(task.status),
            status: status_word(frame.l, task.status),
            is_done: task.status == TaskStatus::Done,
            may_complete: task.may_be_completed_by(actor),
            fee: task.fee.map(|fee| -fee),
            reward: task.reward,
            created_at: task.created_at,
            completed_at: task.completed_at,
            key: Uuid::new_v5(&frame.key, task.id.0.as_bytes()),
        }
    }
}
