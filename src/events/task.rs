//! What is told about tasks: tasks tells of creation, assignment and completion, accounting of the price.

use serde::{Deserialize, Serialize};

use super::Event;
use crate::platform::ids::{EventId, ShuffleId, TaskId, UserId};
use crate::platform::money::Money;

/// The states of a task (decision 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskStatus {
    /// Stored, not priced yet: «Сохраняем».
    Saving,
    /// Priced, charged, waiting for its assignee.
    Open,
    /// Completed, for ever.
    Done,
}

impl TaskStatus {
    /// Every status, in the order of a task's life.
    pub const ALL: [Self; 3] = [Self::Saving, Self::Open, Self::Done];

    /// The word in the database, in the API and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saving => "saving",
            Self::Open => "open",
            Self::Done => "done",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// `task.created` v2: a task was created and first assigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCreated {
    /// The title, without brackets (T05).
    pub title: String,
    /// The id in the issue tracker, such as `UBERPOP-42`.
    pub jira_id: Option<String>,
    /// Who got it first.
    pub assignee: UserId,
    /// The id of the `task.assigned` event of that first assignment: the reason of the first fee.
    pub assignment: EventId,
    /// Who created it.
    pub created_by: UserId,
}

/// `task.updated`: a task's text or status was changed (T31, T35).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskUpdated {
    /// The title now.
    pub title: String,
    /// The id in the issue tracker now.
    pub jira_id: Option<String>,
    /// The status now.
    pub status: TaskStatus,
    /// Who has it now.
    pub assignee: UserId,
    /// Who changed it; none for the system.
    pub updated_by: Option<UserId>,
}

/// Why a single task was given to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssignmentReason {
    /// It was created.
    Created,
    /// Its assignee can have no tasks any more (D15, A20).
    Unavailable,
}

/// `task.assigned`: one task was given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskAssigned {
    /// Who had it before; none at its creation.
    pub from: Option<UserId>,
    /// Who has it now; charged the fee.
    pub to: UserId,
    /// The number of this assignment of this task, from 1.
    pub assignment_seq: i32,
    /// Why.
    pub reason: AssignmentReason,
}

/// `tasks.reassigned`: a part of a shuffle, at most 500 tasks (T15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TasksReassigned {
    /// The press of the shuffle.
    pub run: ShuffleId,
    /// Who got which task.
    pub assignments: Vec<Assignment>,
}

/// One assignment of a shuffle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The task.
    pub task: TaskId,
    /// Who had it before.
    pub from: Option<UserId>,
    /// Who has it now; charged the fee, even if it is the same person (decision 12).
    pub to: UserId,
    /// The number of this assignment of this task, from 1.
    pub assignment_seq: i32,
}

/// `task.completed`: the assignee completed the task (T19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCompleted {
    /// Who completed it and gets the reward.
    pub assignee: UserId,
}

/// `task.estimated`: accounting priced the task and booked its first fee (M03).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskEstimated {
    /// Charged at each assignment, minor units.
    pub fee_minor: Money,
    /// Credited at completion, minor units.
    pub reward_minor: Money,
}

impl Event for TaskCreated {
    const TYPE: &'static str = "task.created";
    const VERSION: i16 = 2;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "tasks";
}

impl Event for TaskUpdated {
    const TYPE: &'static str = "task.updated";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "tasks";
}

impl Event for TaskAssigned {
    const TYPE: &'static str = "task.assigned";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "tasks";
}

impl Event for TasksReassigned {
    const TYPE: &'static str = "tasks.reassigned";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "reassign";
    const PRODUCER: &'static str = "tasks";

    fn item_count(&self) -> usize {
        self.assignments.len()
    }
}

impl Event for TaskCompleted {
    const TYPE: &'static str = "task.completed";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "tasks";
}

impl Event for TaskEstimated {
    const TYPE: &'static str = "task.estimated";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "accounting";
}
