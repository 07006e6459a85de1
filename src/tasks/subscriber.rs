//! What tasks does when it hears of people and of prices.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::ROLE;
use super::note::Note;
use super::service;
use super::store::{self, Employee, JournalKind, JournalRow, Price};
use crate::auth::{Role, RoleSet};
use crate::bus::{Item, Start, Subscriber};
use crate::events::{self, AccountRecord, Cause, Fact};
use crate::platform::db::{DbRole, Tx};
use crate::platform::error::{AppError, AppResult};

/// Keeps the module's own copy of the people (A19) and gives the open tasks of those who leave to others (A20, D15).
pub(super) struct Employees;

impl Subscriber for Employees {
    fn name(&self) -> &'static str {
        "tasks.employees"
    }

    fn role(&self) -> DbRole {
        ROLE
    }

    fn types(&self) -> &'static [&'static str] {
        &["account.created", "account.updated", "account.deleted"]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        let ids: Vec<Uuid> = items.iter().map(|item| item.subject).collect();
        let known: BTreeMap<Uuid, Employee> = store::find_employees(tx.conn(), &ids)?
            .into_iter()
            .map(|person| (person.id, person))
            .collect();
        let people = people_after(&known, items)?;
        let was_assignable = |id: &Uuid| known.get(id).is_some_and(|person| person.assignable);
        let (mut leave, mut join) = (false, false);
        for (id, person) in &people {
            leave |= was_assignable(id) && !person.assignable;
            join |= !was_assignable(id) && person.assignable;
        }
        if leave {
            store::lock_eligibility(tx.conn())?;
        } else if join {
            store::lock_eligibility_shared(tx.conn())?;
        }
        let rows: Vec<Employee> = people.into_values().collect();
        store::upsert_employees(tx.conn(), &rows)?;
        let Some(last) = items.last().filter(|_| leave || join) else {
            return Ok(());
        };
        service::redraw_stranded(tx, &causes_of(items), &last.cause)
    }
}

/// Opens tasks when accounting has priced them (T24).
pub(super) struct Prices;

impl Subscriber for Prices {
    fn name(&self) -> &'static str {
        "tasks.prices"
    }

    fn role(&self) -> DbRole {
        ROLE
    }

    fn types(&self) -> &'static [&'static str] {
        &["task.estimated"]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        let prices: Vec<Price> = items.iter().filter_map(price_of).collect();
        let Some(last) = items.last().filter(|_| !prices.is_empty()) else {
            return Ok(());
        };
        store::lock_eligibility_shared(tx.conn())?;
        let (now, causes) = (tx.now, causes_of(items));
        let opened = store::update_priced(tx.conn(), now, &prices)?;
        let mut journal = Vec::with_capacity(opened.len());
        for task in &opened {
            let event = tx.new_id();
            let cause = causes.get(&task.id.0);
            events::publish_as(tx, event, task.id, cause, &service::record_of(task))?;
            journal.push(JournalRow {
                note: Some(Note::Opened.to_string()),
                ..JournalRow::new(task.id, JournalKind::Other, None, event)
            });
        }
        store::insert_journal(tx.conn(), now, &journal)?;
        service::redraw_stranded_among(tx, &opened, &causes, &last.cause)
    }
}

fn price_of(item: &Item) -> Option<Price> {
    let Fact::TaskEstimated(estimate) = &item.fact else {
        return None;
    };
    Some(Price {
        task: item.subject,
        fee: estimate.fee_minor,
        reward: estimate.reward_minor,
    })
}

/// The last event about each subject.
fn causes_of(items: &[Item]) -> HashMap<Uuid, Cause> {
    items
        .iter()
        .map(|item| (item.subject, item.cause.clone()))
        .collect()
}

/// The people of a page of events as they are after it; records older than what is known change nothing.
fn people_after(
    known: &BTreeMap<Uuid, Employee>,
    items: &[Item],
) -> AppResult<BTreeMap<Uuid, Employee>> {
    let mut people: BTreeMap<Uuid, Employee> = BTreeMap::new();
    for item in items {
        let before = people
            .get(&item.subject)
            .or_else(|| known.get(&item.subject));
        let next = match &item.fact {
            Fact::Account(record) => employed(item.subject, record)?,
            Fact::AccountDeleted(deleted) => Employee {
                id: item.subject,
                name: String::new(),
                assignable: false,
                active: false,
                version: deleted.version,
                record_version: 0,
            },
            _ => continue,
        };
        let next = before.map_or_else(|| next.clone(), |before| newer_of(before, &next));
        people.insert(item.subject, next);
    }
    Ok(people)
}

/// What holds of two accounts of a person, whichever came first: the name of the newer record, the state of the newer event.
fn newer_of(one: &Employee, other: &Employee) -> Employee {
    let (older, newer) = if one.version < other.version {
        (one, other)
    } else {
        (other, one)
    };
    let named = if older.record_version > newer.record_version {
        older
    } else {
        newer
    };
    Employee {
        name: named.name.clone(),
        record_version: named.record_version,
        ..newer.clone()
    }
}

fn employed(id: Uuid, record: &AccountRecord) -> AppResult<Employee> {
    let roles = record
        .roles
        .iter()
        .map(|name| name.parse::<Role>())
        .collect::<Result<Vec<_>, _>>()
        .and_then(RoleSet::new)
        .map_err(|error| AppError::internal(format!("the roles of {id}: {error}")))?;
    Ok(Employee {
        id,
        name: format!("{} {}", record.name, record.surname)
            .trim()
            .to_owned(),
        assignable: roles.is_assignable(),
        active: true,
        version: record.version,
        record_version: record.version,
    })
}
