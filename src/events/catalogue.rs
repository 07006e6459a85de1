//! Every type of event that the product writes, in one list.

use super::{
    AccountCreated, AccountDeleted, AccountLoggedIn, AccountUpdated, AuditLogRecordCreated,
    BusinessDayClosed, EmailFailed, EmailSent, Event, PaymentLogRecordCreated, TaskAssigned,
    TaskCompleted, TaskCreated, TaskEstimated, TaskUpdated, TasksReassigned,
};

/// A type of event as it is written today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Its type, as in the contract.
    pub event_type: &'static str,
    /// The version that its producer writes.
    pub version: i16,
    /// The topic it belongs to (E04).
    pub topic: &'static str,
    /// The module that publishes it.
    pub producer: &'static str,
}

const fn kind<E: Event>() -> EventKind {
    EventKind {
        event_type: E::TYPE,
        version: E::VERSION,
        topic: E::TOPIC,
        producer: E::PRODUCER,
    }
}

/// All of them, by topic (contract section 5).
pub const CATALOGUE: &[EventKind] = &[
    kind::<AccountCreated>(),
    kind::<AccountUpdated>(),
    kind::<AccountDeleted>(),
    kind::<AccountLoggedIn>(),
    kind::<TaskCreated>(),
    kind::<TaskUpdated>(),
    kind::<TaskAssigned>(),
    kind::<TaskCompleted>(),
    kind::<TaskEstimated>(),
    kind::<TasksReassigned>(),
    kind::<AuditLogRecordCreated>(),
    kind::<PaymentLogRecordCreated>(),
    kind::<BusinessDayClosed>(),
    kind::<EmailSent>(),
    kind::<EmailFailed>(),
];

/// The types alone.
pub const ALL_TYPES: [&str; CATALOGUE.len()] = {
    let mut types = [""; CATALOGUE.len()];
    let mut place = 0;
    while place < types.len() {
        types[place] = CATALOGUE[place].event_type;
        place += 1;
    }
    types
};
