//! What analytics does when it hears an event: sums up the page, then writes each table once.
//!
//! The sums are moved, not recomputed, so an event must count once: the effects and the cursor share a transaction, which is all
//! that this takes. The other parts of a task or a person may come in any order (E10).

use crate::bus::{Item, Start, Subscriber};
use crate::events::{
    AccountCreated, AccountUpdated, AuditLogRecordCreated, BusinessDayClosed, Event, Fact,
    TaskCompleted, TaskCreated, TaskEstimated, TaskUpdated,
};
use crate::platform::clock::BusinessZone;
use crate::platform::db::{DbRole, Tx};
use crate::platform::error::AppResult;

use super::model::{Changes, Completion, NameChange, Title};
use super::store;

/// The name of the subscriber and of its cursor.
pub const PROJECTION: &str = "analytics.projection";

/// The subscriber that keeps the figures.
pub(super) struct Projection {
    zone: BusinessZone,
}

impl Projection {
    pub(super) fn new(zone: BusinessZone) -> Self {
        Self { zone }
    }

    fn add(&self, changes: &mut Changes, item: &Item) {
        let task = |changes: &mut Changes, write: &dyn Fn(&mut super::model::TaskChange)| {
            write(changes.tasks.entry(item.subject).or_default());
        };
        match &item.fact {
            Fact::Account(record) => {
                let name = format!("{} {}", record.name, record.surname);
                let version = record.version;
                changes.add_name(item.subject, NameChange { name, version });
            }
            Fact::TaskCreated(event) => task(changes, &|task| {
                task.created = Some(title(&event.title, event.jira_id.as_ref()));
            }),
            Fact::TaskUpdated(event) => task(changes, &|task| {
                task.updated = Some(title(&event.title, event.jira_id.as_ref()));
            }),
            Fact::TaskEstimated(event) => {
                task(changes, &|task| task.reward = Some(event.reward_minor));
            }
            Fact::TaskCompleted(event) => task(changes, &|task| {
                task.completed.get_or_insert(Completion {
                    at: item.recorded_at,
                    date: self.zone.date_of(item.recorded_at),
                    by: event.assignee.0,
                });
            }),
            Fact::TransferBooked(event) => changes.add_transfer(item.subject, event),
            Fact::DayClosed(event) => {
                let date = event.business_date;
                changes.closed_days.insert(date, event.negative_balances);
            }
            Fact::AccountDeleted(_) | Fact::TaskAssigned { .. } | Fact::PayoutBooked(_) => {}
        }
    }
}

impl Subscriber for Projection {
    fn name(&self) -> &'static str {
        PROJECTION
    }

    fn role(&self) -> DbRole {
        super::ROLE
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            AccountCreated::TYPE,
            AccountUpdated::TYPE,
            TaskCreated::TYPE,
            TaskUpdated::TYPE,
            TaskEstimated::TYPE,
            TaskCompleted::TYPE,
            AuditLogRecordCreated::TYPE,
            BusinessDayClosed::TYPE,
        ]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn rebuildable(&self) -> bool {
        true
    }

    fn clear(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        store::delete_all(tx)
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        let mut changes = Changes::default();
        for item in items {
            self.add(&mut changes, item);
        }
        store::upsert_names(tx, &changes.names)?;
        store::add_to_balances(tx, &changes.balances)?;
        store::upsert_tasks(tx, &changes.tasks)?;
        store::update_titles(tx, &changes.tasks)?;
        store::add_to_days(tx, &changes.days)?;
        store::upsert_closed_days(tx, &changes.closed_days)
    }
}

fn title(title: &str, jira_id: Option<&String>) -> Title {
    Title {
        title: title.to_owned(),
        jira_id: jira_id.cloned(),
    }
}
