//! The reference: what each event of the log must have moved. Simple on purpose, and blind to how accounting does it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use crate::operations::queries::{Journaled, Leg, LogEvent};

/// A leg that an event calls for; its amount follows from the task's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The event that is the reason.
    pub reason: Uuid,
    /// Whether it is the reward; else the fee.
    pub reward: bool,
    /// The task.
    pub task: Uuid,
    /// Whose account.
    pub employee: Uuid,
}

impl From<Journaled> for Due {
    fn from(row: Journaled) -> Self {
        Self {
            reason: row.event_id,
            reward: row.completes,
            task: row.task,
            employee: row.employee,
        }
    }
}

/// What accounting did not hear from the log itself.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    /// Items and events that it has not applied and may never apply; nothing is booked for them.
    pub unapplied: HashSet<Uuid>,
    /// Events that were parked and booked all the same, by a correction or by the sweep, with what the journal of the tasks has of
    /// them: their content may be unreadable.
    pub journaled: HashMap<Uuid, Vec<Due>>,
}

/// What an event calls for.
pub(super) fn dues(event: &LogEvent, unheard: &Unheard) -> Vec<Due> {
    let unapplied = &unheard.unapplied;
    if unapplied.contains(&event.event_id) {
        return Vec::new();
    }
    if let Some(journaled) = unheard.journaled.get(&event.event_id) {
        return journaled.clone();
    }
    let id = |value: &Value| value.as_str().and_then(|text| text.parse::<Uuid>().ok());
    let due = |reason, reward, task, employee| {
        let (reason, employee) = (reason?, employee?);
        Some(Due {
            reason,
            reward,
            task,
            employee,
        })
    };
    let (own, data) = (Some(event.event_id), &event.data);
    match event.event_type.as_str() {
        "task.created" => due(
            id(&data["assignment"]),
            false,
            event.subject,
            id(&data["assignee"]),
        )
        .into_iter()
        .collect(),
        "task.assigned" => due(own, false, event.subject, id(&data["to"]))
            .into_iter()
            .collect(),
        "task.completed" => due(own, true, event.subject, id(&data["assignee"]))
            .into_iter()
            .collect(),
        "tasks.reassigned" => data["assignments"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| {
                let task = id(&item["task"])?;
                let item_id = Uuid::new_v5(&event.event_id, task.as_bytes());
                (!unapplied.contains(&item_id)).then_some(())?;
                due(own, false, task, id(&item["to"]))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What the dues amount to by their reasons, each leg once; a task without a told price counts as zero, which no ledger has.
pub(super) fn legs_of<'a>(
    dues: impl IntoIterator<Item = &'a Due>,
    prices: &HashMap<Uuid, (i64, i64)>,
) -> BTreeMap<Uuid, Vec<Leg>> {
    let mut all: BTreeMap<Uuid, Vec<Leg>> = BTreeMap::new();
    for due in dues {
        let (fee, reward) = prices.get(&due.task).copied().unwrap_or_default();
        let leg = Leg {
            reason: due.reason,
            kind: if due.reward {
                "completion_reward"
            } else {
                "assignment_fee"
            }
            .to_owned(),
            task: Some(due.task),
            employee: due.employee,
            amount_minor: if due.reward { reward } else { -fee },
        };
        let legs = all.entry(due.reason).or_default();
        if !legs.contains(&leg) {
            legs.push(leg);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn uuid(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn event(event_type: &str, data: Value) -> LogEvent {
        LogEvent {
            seq: 1,
            event_id: uuid(1),
            event_type: event_type.to_owned(),
            subject: uuid(2),
            data,
        }
    }

    #[test]
    fn a_creation_and_its_assignment_call_for_one_fee() {
        let created = event(
            "task.created",
            json!({"assignment": uuid(7), "assignee": uuid(3)}),
        );
        let mut assigned = event("task.assigned", json!({"to": uuid(3)}));
        assigned.event_id = uuid(7);
        let none = Unheard::default();
        let dues: Vec<Due> = [dues(&created, &none), dues(&assigned, &none)].concat();
        let legs = legs_of(&dues, &HashMap::from([(uuid(2), (1_000, 4_000))]));
        assert_eq!(legs[&uuid(7)].len(), 1);
        assert_eq!(legs[&uuid(7)][0].amount_minor, -1_000);
    }

    #[test]
    fn what_is_parked_of_a_batch_calls_for_nothing() {
        let batch = event(
            "tasks.reassigned",
            json!({"assignments": [{"task": uuid(8), "to": uuid(3)}, {"task": uuid(9), "to": uuid(4)}]}),
        );
        let parked = |id| Unheard {
            unapplied: HashSet::from([id]),
            ..Unheard::default()
        };
        let left = dues(&batch, &parked(Uuid::new_v5(&uuid(1), uuid(8).as_bytes())));
        assert_eq!((left.len(), left[0].task), (1, uuid(9)));
        assert!(dues(&batch, &parked(uuid(1))).is_empty());
    }

    #[test]
    fn what_nobody_can_read_calls_for_what_the_journal_has_of_it() {
        let unreadable = event("task.completed", json!({"nonsense": true}));
        assert!(dues(&unreadable, &Unheard::default()).is_empty());
        let due = Due {
            reason: uuid(1),
            reward: true,
            task: uuid(2),
            employee: uuid(3),
        };
        let unheard = Unheard {
            journaled: HashMap::from([(uuid(1), vec![due.clone()])]),
            ..Unheard::default()
        };
        assert_eq!(dues(&unreadable, &unheard), [due]);
    }
}
