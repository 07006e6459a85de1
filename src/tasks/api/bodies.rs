//! What is sent and answered about tasks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::events::TaskStatus;
use crate::platform::error::AppResult;
use crate::platform::money::Money;
use crate::platform::web::PageOf;
use crate::platform::web::api::{List, Named, text_of, words};
use crate::tasks::model::TaskText;
use crate::tasks::note::Note;
use crate::tasks::queries::{JournalEntry, Person, TaskView};
use crate::tasks::title::{DESCRIPTION_MAX, TITLE_MAX};

/// A title: what can be seen, without square brackets.
struct TitleText;

impl PartialSchema for TitleText {
    fn schema() -> RefOr<Schema> {
        text_of(1, TITLE_MAX, TITLE, "Preen the left wing")
    }
}

impl ToSchema for TitleText {}

/// One character of a title; all but brackets, line ends and control characters.
macro_rules! of_title {
    ($besides:literal) => {
        concat!(
            r"[^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\[\]",
            $besides,
            "]"
        )
    };
}

/// Something that can be seen, with anything else that a title may have around it.
const TITLE: &str = concat!(
    "^",
    of_title!(""),
    "*",
    of_title!(r"\s\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"),
    of_title!(""),
    "*$"
);

/// All but control characters; a carriage return belongs to a line feed.
const DESCRIPTION: &str = r"^(\r\n|[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029])*$";

/// An id in the issue tracker; nothing for none.
struct JiraIdText;

impl PartialSchema for JiraIdText {
    fn schema() -> RefOr<Schema> {
        text_of(0, 33, "^([A-Z][A-Z0-9]{0,19}-[0-9]{1,12})?$", "UBERPOP-42")
    }
}

impl ToSchema for JiraIdText {}

/// A description; line breaks are welcome.
struct DescriptionText;

impl PartialSchema for DescriptionText {
    fn schema() -> RefOr<Schema> {
        text_of(0, DESCRIPTION_MAX, DESCRIPTION, "Each feather on its own.")
    }
}

impl ToSchema for DescriptionText {}

/// Where a task stands: stored and not priced yet, waiting for its assignee, completed for ever.
pub(super) struct TaskState;

impl PartialSchema for TaskState {
    fn schema() -> RefOr<Schema> {
        words(TaskStatus::ALL.map(TaskStatus::as_str))
    }
}

impl ToSchema for TaskState {}

/// A task to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTask {
    #[schema(value_type = TitleText, inline)]
    pub(super) title: String,
    #[schema(value_type = Option<JiraIdText>, inline)]
    pub(super) jira_id: Option<String>,
    #[schema(value_type = Option<DescriptionText>, inline)]
    pub(super) description: Option<String>,
}

/// What is not named stays; `null` takes a jira id or a description away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTask {
    #[schema(value_type = Option<TitleText>, inline)]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<JiraIdText>, inline)]
    jira_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DescriptionText>, inline)]
    description: Option<Option<String>>,
}

impl UpdateTask {
    /// The present words with the named ones put in their place.
    pub(super) fn applied_to(self, present: &TaskText) -> AppResult<TaskText> {
        let kept =
            |new: Option<Option<String>>, old: &Option<String>| new.unwrap_or_else(|| old.clone());
        TaskText::parse(
            self.title.as_deref().unwrap_or(&present.title),
            &kept(self.jira_id, &present.jira_id).unwrap_or_default(),
            &kept(self.description, &present.description).unwrap_or_default(),
        )
    }
}

/// Tells a field that is `null` from one that is not there.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskBody {
    uid: Uuid,
    #[schema(example = "Preen the left wing")]
    title: String,
    #[schema(required, example = "UBERPOP-42")]
    jira_id: Option<String>,
    #[schema(required)]
    description: Option<String>,
    #[schema(value_type = TaskState)]
    status: &'static str,
    assignee: Named,
    /// The uid of its author.
    created_by: Uuid,
    /// What an assignment costs; `null` while it is saving.
    #[schema(required)]
    fee_minor: Option<Money>,
    /// What its completion brings; `null` while it is saving.
    #[schema(required)]
    reward_minor: Option<Money>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[schema(required)]
    completed_at: Option<DateTime<Utc>>,
}

/// An entry of a task's journal.
#[derive(Serialize, ToSchema)]
#[schema(as = JournalEntry)]
pub(super) struct JournalBody {
    at: DateTime<Utc>,
    /// What happened.
    #[schema(example = "assigned")]
    kind: String,
    #[schema(required)]
    description: Option<String>,
    /// Who did it; `null` for the system.
    #[schema(required)]
    actor: Option<Named>,
    /// The number of the assignment, from 1.
    #[schema(required)]
    assignment_seq: Option<i32>,
    #[schema(required)]
    from: Option<Named>,
    #[schema(required)]
    to: Option<Named>,
    /// The uid of the shuffle that did it.
    #[schema(required)]
    run: Option<Uuid>,
}

fn named(person: Person) -> Named {
    Named {
        uid: person.id,
        name: person.name,
    }
}

impl From<TaskView> for TaskBody {
    fn from(view: TaskView) -> Self {
        let TaskView { task, assignee, .. } = view;
        Self {
            uid: task.id.0,
            title: task.text.title,
            jira_id: task.text.jira_id,
            description: task.text.description,
            status: task.status.as_str(),
            assignee: named(assignee),
            created_by: task.created_by.0,
            fee_minor: task.fee,
            reward_minor: task.reward,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}

impl From<JournalEntry> for JournalBody {
    fn from(entry: JournalEntry) -> Self {
        Self {
            at: entry.at,
            kind: entry.kind,
            description: entry.note.as_ref().map(Note::to_string),
            actor: entry.actor.map(named),
            assignment_seq: entry.assignment_seq,
            from: entry.from.map(named),
            to: entry.to.map(named),
            run: entry.run.map(|(run, _)| run),
        }
    }
}

/// A piece of a list of tasks.
pub(super) fn list_of(page: PageOf<TaskView>) -> List<TaskBody> {
    page.map(TaskBody::from).into()
}
