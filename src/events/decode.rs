//! From the log to facts: check, lift to the newest version, take batches apart.

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use super::{
    AccountCreated, AccountDeleted, AccountRecord, AccountUpdated, AuditLogRecordCreated,
    BusinessDayClosed, Event, PaymentLogRecordCreated, SchemaError, TaskAssigned, TaskCompleted,
    TaskCreated, TaskEstimated, TaskUpdated, TasksReassigned, upcast::lift, validate,
};
use crate::platform::ids::{ShuffleId, TaskId, UserId};

/// One thing that happened to one subject, in the newest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `account.created` or `account.updated`: the record as it is now.
    Account(AccountRecord),
    /// `account.deleted`.
    AccountDeleted(AccountDeleted),
    /// `task.created`.
    TaskCreated(TaskCreated),
    /// `task.updated`.
    TaskUpdated(TaskUpdated),
    /// `task.assigned`, or one item of `tasks.reassigned`.
    TaskAssigned {
        from: Option<UserId>,
        to: UserId,
        assignment_seq: i32,
        run: Option<ShuffleId>,
    },
    /// `task.completed`.
    TaskCompleted(TaskCompleted),
    /// `task.estimated`.
    TaskEstimated(TaskEstimated),
    /// `audit_log_record.created`.
    TransferBooked(AuditLogRecordCreated),
    /// `payment_log_record.created`.
    PayoutBooked(PaymentLogRecordCreated),
    /// `business_day.closed`.
    DayClosed(BusinessDayClosed),
}

/// Why an event of the log cannot be understood.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// It does not fit its schema, or there is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The type has no facts to hand on.
    #[error("{0} carries no fact for subscribers")]
    NoFact(String),
    /// The content fits the schema but not the type.
    #[error("{event_type}: {source}")]
    Content {
        event_type: String,
        source: serde_json::Error,
    },
}

/// The facts of an event: each with the subject it is about.
///
/// # Errors
/// That the event cannot be understood; it is then parked, never lost.
pub fn facts_of(
    event_type: &str,
    version: i16,
    subject: Uuid,
    data: &Value,
) -> Result<Vec<(Uuid, Fact)>, DecodeError> {
    validate(event_type, version, data)?;
    let data = &*lift(event_type, version, data);
    let one = |fact: Fact| Ok(vec![(subject, fact)]);
    match event_type {
        AccountCreated::TYPE | AccountUpdated::TYPE => {
            one(Fact::Account(content(event_type, data)?))
        }
        AccountDeleted::TYPE => one(Fact::AccountDeleted(content(event_type, data)?)),
        TaskCreated::TYPE => one(Fact::TaskCreated(content(event_type, data)?)),
        TaskUpdated::TYPE => one(Fact::TaskUpdated(content(event_type, data)?)),
        TaskAssigned::TYPE => {
            let TaskAssigned {
                from,
                to,
                assignment_seq,
                ..
            } = content(event_type, data)?;
            one(Fact::TaskAssigned {
                from,
                to,
                assignment_seq,
                run: None,
            })
        }
        TasksReassigned::TYPE => {
            let TasksReassigned { run, assignments } = content(event_type, data)?;
            Ok(assignments
                .into_iter()
                .map(|item| {
                    let TaskId(task) = item.task;
                    let (from, to, assignment_seq) = (item.from, item.to, item.assignment_seq);
                    (
                        task,
                        Fact::TaskAssigned {
                            from,
                            to,
                            assignment_seq,
                            run: Some(run),
                        },
                    )
                })
                .collect())
        }
        TaskCompleted::TYPE => one(Fact::TaskCompleted(content(event_type, data)?)),
        TaskEstimated::TYPE => one(Fact::TaskEstimated(content(event_type, data)?)),
        AuditLogRecordCreated::TYPE => one(Fact::TransferBooked(content(event_type, data)?)),
        PaymentLogRecordCreated::TYPE => one(Fact::PayoutBooked(content(event_type, data)?)),
        BusinessDayClosed::TYPE => one(Fact::DayClosed(content(event_type, data)?)),
        other => Err(DecodeError::NoFact(other.to_owned())),
    }
}

fn content<T: DeserializeOwned>(event_type: &str, data: &Value) -> Result<T, DecodeError> {
    T::deserialize(data).map_err(|source| DecodeError::Content {
        event_type: event_type.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_version_of_task_created_is_lifted_to_the_second() {
        let id = Uuid::nil();
        let v1 = json!({"title": "[UBERPOP-42] — Поменять оттенок", "assignee": id, "assignment": id, "created_by": id});
        let facts = facts_of("task.created", 1, id, &v1).unwrap();
        let [(_, Fact::TaskCreated(created))] = facts.as_slice() else {
            panic!("one fact expected")
        };
        assert_eq!(
            (created.title.as_str(), created.jira_id.as_deref()),
            ("Поменять оттенок", Some("UBERPOP-42"))
        );
    }

    #[test]
    fn a_batch_is_taken_apart_into_facts_about_tasks() {
        let (run, task, to) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let data = json!({"run": run, "assignments": [{"task": task, "from": null, "to": to, "assignment_seq": 2}]});
        let facts = facts_of("tasks.reassigned", 1, run, &data).unwrap();
        let fact = Fact::TaskAssigned {
            from: None,
            to: UserId(to),
            assignment_seq: 2,
            run: Some(ShuffleId(run)),
        };
        assert_eq!(facts, vec![(task, fact)]);
    }

    #[test]
    fn an_unknown_version_is_an_error() {
        assert!(matches!(
            facts_of("task.created", 7, Uuid::nil(), &json!({})),
            Err(DecodeError::Schema(_))
        ));
    }
}
