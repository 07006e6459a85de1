//! What accounting does when it hears of people and tasks: copies, prices, transfers. A page of events is a handful of statements.

use std::collections::HashMap;

use uuid::Uuid;

use super::ROLE;
use super::service::{self, Happened, LEDGER, Terms, Work};
use super::store::{self, NewEmployee, NewTitle};
use crate::bus::{Item, Start, Subscriber};
use crate::events::{AccountRecord, Fact};
use crate::platform::config::Config;
use crate::platform::db::{DbRole, Tx};
use crate::platform::error::AppResult;
use crate::platform::ids::{TaskId, UserId};

/// The one listener that fills the ledger. Repeated events do no harm: prices, fees and rewards have natural keys (M40).
pub(super) struct Ledger {
    terms: Terms,
}

impl Ledger {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            terms: Terms::new(config),
        }
    }
}

impl Subscriber for Ledger {
    fn name(&self) -> &'static str {
        LEDGER
    }

    fn role(&self) -> DbRole {
        ROLE
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "account.created",
            "account.updated",
            "account.deleted",
            "task.created",
            "task.updated",
            "task.assigned",
            "tasks.reassigned",
            "task.completed",
        ]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn money(&self) -> bool {
        true
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        keep_people(tx, items)?;
        keep_titles(tx, items)?;
        service::book(tx, &self.terms, &work_of(items))?;
        Ok(())
    }
}

/// Opens accounts and keeps the newest record of each person.
fn keep_people(tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
    let mut newest: HashMap<Uuid, &AccountRecord> = HashMap::new();
    for item in items {
        if let Fact::Account(record) = &item.fact {
            let kept = newest.entry(item.subject).or_insert(record);
            if kept.version < record.version {
                *kept = record;
            }
        }
    }
    if !newest.is_empty() {
        let people: Vec<NewEmployee<'_>> = newest
            .into_iter()
            .map(|(id, record)| NewEmployee { id, record })
            .collect();
        store::upsert_employees(tx, &people)?;
    }
    for item in items {
        if let Fact::AccountDeleted(deleted) = &item.fact {
            store::deactivate_employee(tx, item.subject, deleted.version)?;
        }
    }
    Ok(())
}

/// Keeps the last title of each task. A creation is no news where the task is known already (E10).
fn keep_titles(tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
    let mut last: HashMap<TaskId, NewTitle<'_>> = HashMap::new();
    for item in items {
        let (title, jira_id, first) = match &item.fact {
            Fact::TaskCreated(task) => (&task.title, &task.jira_id, true),
            Fact::TaskUpdated(task) => (&task.title, &task.jira_id, false),
            _ => continue,
        };
        let task = TaskId(item.subject);
        if first && last.contains_key(&task) {
            continue;
        }
        let jira_id = jira_id.as_deref();
        last.insert(
            task,
            NewTitle {
                task,
                title,
                jira_id,
                first,
            },
        );
    }
    if last.is_empty() {
        return Ok(());
    }
    let titles: Vec<NewTitle<'_>> = last.into_values().collect();
    store::upsert_titles(tx, &titles)
}

/// What the items bring to be booked.
fn work_of(items: &[Item]) -> Work {
    let mut work = Work::default();
    for item in items {
        let happened = |employee: UserId, assignment_seq, reason_event_id| Happened {
            task: TaskId(item.subject),
            employee,
            assignment_seq,
            reason_event_id,
            recorded_at: item.recorded_at,
            cause: Some(item.cause.clone()),
        };
        let own_id = item.cause.event_id.0;
        match &item.fact {
            Fact::TaskCreated(task) => {
                work.created
                    .push(happened(task.assignee, Some(1), task.assignment.0))
            }
            Fact::TaskAssigned {
                to, assignment_seq, ..
            } => {
                work.assigned
                    .push(happened(*to, Some(*assignment_seq), own_id));
            }
            Fact::TaskCompleted(task) => work.completed.push(happened(task.assignee, None, own_id)),
            _ => {}
        }
    }
    work
}
