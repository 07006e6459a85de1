//! One event of each type, as the code makes it.

use serde_json::Value;
use uuid::Uuid;

use crate::events::*;
use crate::platform::ids::{ShuffleId, TaskId, UserId};
use crate::platform::money::Money;

fn sample<E: Event>(event: &E) -> (&'static str, i16, Value) {
    (E::TYPE, E::VERSION, serde_json::to_value(event).unwrap())
}

/// One of each, as it is written today.
pub(super) fn samples() -> Vec<(&'static str, i16, Value)> {
    let (user, task, id) = (
        UserId(Uuid::from_u128(1)),
        TaskId(Uuid::from_u128(2)),
        Uuid::from_u128(3),
    );
    let record = AccountRecord {
        username: "kesha".into(),
        email: "kesha@uberpopug.example".into(),
        name: "Кеша".into(),
        surname: "Попугаев".into(),
        language: Some("ru".into()),
        roles: vec!["developer".into()],
        version: 1,
    };
    let (title, jira_id) = ("Fix the perch".to_owned(), Some("POPUG-1".to_owned()));
    let business_date = "2026-03-02".parse().unwrap();
    vec![
        sample(&AccountCreated(record.clone())),
        sample(&AccountUpdated(record)),
        sample(&AccountDeleted { version: 2 }),
        sample(&AccountLoggedIn {
            method: "password".into(),
        }),
        sample(&TaskCreated {
            title: title.clone(),
            jira_id: jira_id.clone(),
            assignee: user,
            assignment: EventId(id),
            created_by: user,
        }),
        sample(&TaskUpdated {
            title,
            jira_id,
            status: TaskStatus::Open,
            assignee: user,
            updated_by: None,
        }),
        sample(&TaskAssigned {
            from: None,
            to: user,
            assignment_seq: 1,
            reason: AssignmentReason::Created,
        }),
        sample(&TasksReassigned {
            run: ShuffleId(id),
            assignments: vec![Assignment {
                task,
                from: Some(user),
                to: user,
                assignment_seq: 2,
            }],
        }),
        sample(&TaskCompleted { assignee: user }),
        sample(&TaskEstimated {
            fee_minor: Money::from_whole(10),
            reward_minor: Money::from_whole(40),
        }),
        sample(&AuditLogRecordCreated {
            transfer: id,
            kind: TransferKind::AssignmentFee,
            amount_minor: Money::from_whole(-10),
            balance_minor: Money::from_whole(-10),
            task: Some(task),
            business_date,
        }),
        sample(&PaymentLogRecordCreated {
            transfer: id,
            business_date,
            amount_minor: Money::from_whole(5),
        }),
        sample(&BusinessDayClosed {
            business_date,
            fees_minor: Money::ZERO,
            rewards_minor: Money::ZERO,
            paid_minor: Money::ZERO,
            people: 0,
            negative_balances: 0,
        }),
        sample(&EmailSent {
            mail: id,
            message_id: "<a@b>".into(),
            kind: "payout".into(),
        }),
        sample(&EmailFailed {
            mail: id,
            message_id: "<a@b>".into(),
            kind: "payout".into(),
            error: "no".into(),
        }),
    ]
}
