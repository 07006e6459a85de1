//! The published language: every event the modules tell one another, in plain data.
//!
//! Modules learn of each other here and only here. Each type and version has a JSON Schema in `schemas/`, which an event is
//! checked against when it is written and when it is read (E05, E11). Old versions are lifted to the newest before a subscriber
//! sees them. A batch is taken apart into facts, so that subscribers know only facts about one thing.

mod account;
mod catalogue;
#[cfg(test)]
mod contract_tests;
mod decode;
mod mail;
mod money;
mod schemas;
mod task;
mod upcast;

use serde::Serialize;
use uuid::Uuid;

use crate::platform::db::{Outgoing, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::EventId;

pub use account::{AccountCreated, AccountDeleted, AccountLoggedIn, AccountRecord, AccountUpdated};
pub use catalogue::{ALL_TYPES, CATALOGUE, EventKind};
pub use decode::{DecodeError, Fact, facts_of};
pub use mail::{EmailFailed, EmailSent};
pub use money::{AuditLogRecordCreated, BusinessDayClosed, PaymentLogRecordCreated, TransferKind};
pub use schemas::{SchemaError, all_schemas, is_known, validate};
pub use task::{
    Assignment, AssignmentReason, TaskAssigned, TaskCompleted, TaskCreated, TaskEstimated,
    TaskStatus, TaskUpdated, TasksReassigned,
};

/// A type of event as it is written today.
pub trait Event: Serialize {
    /// Its type, as in the contract.
    const TYPE: &'static str;
    /// The newest version of its schema.
    const VERSION: i16;
    /// The topic it belongs to (E04).
    const TOPIC: &'static str;
    /// The module that publishes it.
    const PRODUCER: &'static str;

    /// How many facts it carries.
    fn item_count(&self) -> usize {
        1
    }
}

/// Publishes an event about `subject` with the unit of work's commit, under a new id.
///
/// # Errors
/// An internal error when the event does not fit its schema.
pub fn publish<E: Event>(
    tx: &mut Tx<'_>,
    subject: impl Into<Uuid>,
    event: &E,
) -> AppResult<EventId> {
    let id = tx.new_id();
    publish_as(tx, id, subject, None, event)?;
    Ok(id)
}

/// Publishes an event under an id that the caller chose, as the consequence of another event or of none.
///
/// # Errors
/// An internal error when the event does not fit its schema.
pub fn publish_as<E: Event>(
    tx: &mut Tx<'_>,
    id: EventId,
    subject: impl Into<Uuid>,
    cause: Option<&Cause>,
    event: &E,
) -> AppResult<()> {
    let data =
        serde_json::to_value(event).map_err(|error| AppError::internal(error.to_string()))?;
    validate(E::TYPE, E::VERSION, &data).map_err(|error| AppError::Internal(Box::new(error)))?;
    let outgoing = Outgoing {
        id: id.0,
        event_type: E::TYPE,
        version: E::VERSION,
        topic: E::TOPIC,
        producer: E::PRODUCER,
        subject: subject.into(),
        item_count: i32::try_from(event.item_count()).unwrap_or(i32::MAX),
        correlation_id: cause.map_or_else(|| tx.correlation(), |cause| cause.correlation_id),
        causation_id: cause.map(|cause| cause.event_id.0),
        actor_id: cause.map_or(tx.origin.actor, |cause| cause.actor_id),
        data,
    };
    tx.enqueue(outgoing);
    Ok(())
}

/// The event that a subscriber acts upon, so that what it publishes can be traced back to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The event itself.
    pub event_id: EventId,
    /// The chain that it belongs to.
    pub correlation_id: Uuid,
    /// The person at the start of the chain, if any.
    pub actor_id: Option<Uuid>,
}
