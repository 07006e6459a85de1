//! A task and its rules: who may see, change and complete it, and when.

use chrono::{DateTime, Utc};

use super::title::{
    DescriptionError, JiraIdError, TitleError, check_description, check_jira_id, check_title,
};
use crate::auth::{Actor, Operation, Scope};
use crate::events::TaskStatus;
use crate::platform::error::{AppError, AppResult, FieldError, Message};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;

/// The words of a task, checked (T05): what a person may write and change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskText {
    /// 1 to 200 characters, without square brackets.
    pub title: String,
    /// The id in the issue tracker, such as `UBERPOP-42`.
    pub jira_id: Option<String>,
    /// Anything else there is to know.
    pub description: Option<String>,
}

impl TaskText {
    /// Checks all three at once.
    ///
    /// # Errors
    /// Invalid, with every field that is wrong.
    pub fn parse(title: &str, jira_id: &str, description: &str) -> AppResult<Self> {
        let mut errors = Vec::new();
        let title = check_title(title)
            .map_err(|error| errors.push(FieldError::new("title", title_message(error))));
        let jira_id = check_jira_id(jira_id)
            .map_err(|error| errors.push(FieldError::new("jira_id", jira_id_message(error))));
        let description = check_description(description).map_err(|error| {
            errors.push(FieldError::new("description", description_message(error)));
        });
        match (title, jira_id, description) {
            (Ok(title), Ok(jira_id), Ok(description)) => Ok(Self {
                title,
                jira_id,
                description,
            }),
            _ => Err(AppError::Invalid(errors)),
        }
    }
}

fn title_message(error: TitleError) -> Message {
    Message::new(match error {
        TitleError::Empty => "field-title-empty",
        TitleError::TooLong => "field-title-too-long",
        TitleError::Brackets => "field-title-brackets",
        TitleError::Control => "field-control-characters",
    })
}

fn jira_id_message(error: JiraIdError) -> Message {
    match error {
        JiraIdError::Form => Message::new("field-jira-id-form"),
    }
}

fn description_message(error: DescriptionError) -> Message {
    Message::new(match error {
        DescriptionError::TooLong => "field-description-too-long",
        DescriptionError::Control => "field-control-characters",
    })
}

/// A task as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its short number, `T-42` for people.
    pub number: i64,
    /// Its words.
    pub text: TaskText,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who has it; never nobody (T06).
    pub assignee: UserId,
    /// The number of its last assignment, from 1.
    pub assignment_seq: i32,
    /// Charged at each assignment; none while saving.
    pub fee: Option<Money>,
    /// Credited at completion; none while saving.
    pub reward: Option<Money>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Who created it.
    pub created_by: UserId,
    /// When anything of it changed last.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last; none for nobody yet and for the system.
    pub updated_by: Option<UserId>,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// Who did it.
    pub completed_by: Option<UserId>,
}

impl Task {
    /// Whether somebody may know of it: the assignee, the author, and who may see all tasks (access M08).
    #[must_use]
    pub fn is_visible_to(&self, actor: &Actor) -> bool {
        actor.id == self.assignee || actor.id == self.created_by || sees_all(actor)
    }

    /// Whether somebody may change its words now (T35): the author, managers and administrators, until it is done.
    ///
    /// # Errors
    /// 404 when it is not theirs to know, 403 when it is not theirs to change, 409 when it is done.
    pub fn check_edit(&self, actor: &Actor) -> AppResult<()> {
        if !self.is_visible_to(actor) {
            return Err(AppError::NotFound);
        }
        if actor.allow(Operation::EditTask)? == Scope::Own && actor.id != self.created_by {
            return Err(AppError::Forbidden);
        }
        if self.status == TaskStatus::Done {
            return Err(AppError::conflict("error-task-done"));
        }
        Ok(())
    }

    /// Whether the button for changing it belongs on its page.
    #[must_use]
    pub fn may_be_edited_by(&self, actor: &Actor) -> bool {
        self.check_edit(actor).is_ok()
    }

    /// Whether the button for completing it belongs on its page.
    #[must_use]
    pub fn may_be_completed_by(&self, actor: &Actor) -> bool {
        self.status == TaskStatus::Open && actor.id == self.assignee
    }

    /// Why somebody cannot complete it (T19 to T21, T24); `had_it` tells whether it was theirs before.
    #[must_use]
    pub fn completion_refusal(&self, actor: &Actor, had_it: bool) -> AppError {
        if actor.id != self.assignee {
            return match (had_it, self.is_visible_to(actor)) {
                (true, _) => AppError::Refused(Message::new("error-task-reassigned")),
                (false, true) => AppError::Forbidden,
                (false, false) => AppError::NotFound,
            };
        }
        AppError::conflict(match self.status {
            TaskStatus::Saving => "error-task-saving",
            TaskStatus::Done => "error-task-done",
            TaskStatus::Open => "error-task-changed",
        })
    }
}

/// Whether somebody sees every task and who has it, by role or by permission.
#[must_use]
pub fn sees_all(actor: &Actor) -> bool {
    actor.may(Operation::AllTasks)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::auth::{Role, RoleSet};

    fn actor(id: u128, role: Role) -> Actor {
        let roles = RoleSet::from(role);
        Actor {
            id: UserId(Uuid::from_u128(id)),
            name: "Kesha".into(),
            permissions: roles.default_permissions(),
            limits: None,
            roles,
        }
    }

    fn task(status: TaskStatus) -> Task {
        let done = status == TaskStatus::Done;
        let priced = status != TaskStatus::Saving;
        let [assignee, author] = [1, 2].map(|id| UserId(Uuid::from_u128(id)));
        Task {
            id: TaskId(Uuid::from_u128(9)),
            number: 9,
            text: TaskText::parse("Feed the macaw", "", "").unwrap(),
            status,
            assignee,
            assignment_seq: 1,
            fee: priced.then(|| Money::from_whole(10)),
            reward: priced.then(|| Money::from_whole(20)),
            created_at: DateTime::UNIX_EPOCH,
            created_by: author,
            updated_at: DateTime::UNIX_EPOCH,
            updated_by: None,
            completed_at: done.then_some(DateTime::UNIX_EPOCH),
            completed_by: done.then_some(assignee),
        }
    }

    #[test]
    fn m08_the_assignee_the_author_and_who_sees_all_know_of_a_task() {
        let open = task(TaskStatus::Open);
        for (id, role, expected) in [
            (1, Role::Developer, true),
            (2, Role::Other, true),
            (3, Role::Manager, true),
            (3, Role::Administrator, true),
            (3, Role::Developer, false),
            (3, Role::Accountant, false),
            (3, Role::Boss, false),
        ] {
            assert_eq!(
                open.is_visible_to(&actor(id, role)),
                expected,
                "{id} {role}"
            );
        }
    }

    #[test]
    fn t19_whoever_cannot_complete_is_told_why() {
        let told = |id, role, status, had_it| match task(status)
            .completion_refusal(&actor(id, role), had_it)
        {
            AppError::Conflict(message) | AppError::Refused(message) => message.id,
            AppError::Forbidden => "403",
            AppError::NotFound => "404",
            other => panic!("{other}"),
        };
        use TaskStatus::{Done, Open, Saving};
        assert_eq!(told(3, Role::Administrator, Open, false), "403");
        assert_eq!(told(2, Role::Developer, Open, false), "403");
        assert_eq!(told(3, Role::Developer, Open, false), "404");
        assert_eq!(
            told(3, Role::Developer, Open, true),
            "error-task-reassigned"
        );
        assert_eq!(told(1, Role::Developer, Done, true), "error-task-done");
        assert_eq!(told(1, Role::Developer, Saving, true), "error-task-saving");
    }

    #[test]
    fn t35_author_manager_and_administrator_change_a_task_until_it_is_done() {
        for status in [TaskStatus::Saving, TaskStatus::Open] {
            assert!(task(status).check_edit(&actor(2, Role::Developer)).is_ok());
            assert!(task(status).check_edit(&actor(3, Role::Manager)).is_ok());
            let refused = task(status).check_edit(&actor(1, Role::Developer));
            assert!(matches!(refused, Err(AppError::Forbidden)));
        }
        let done = task(TaskStatus::Done).check_edit(&actor(2, Role::Developer));
        assert!(matches!(done, Err(AppError::Conflict(_))));
        let stranger = task(TaskStatus::Open).check_edit(&actor(3, Role::Boss));
        assert!(matches!(stranger, Err(AppError::NotFound)));
    }

    #[test]
    fn t05_every_wrong_field_is_named() {
        let Err(AppError::Invalid(errors)) = TaskText::parse("[UBERPOP-42] x", "uberpop", "a\0b")
        else {
            panic!("three errors expected");
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["title", "jira_id", "description"]);
    }
}
