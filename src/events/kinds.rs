//! Every type of event with its topic, for those who look at the log as a whole (E04).

use super::{
    AccountCreated, AccountDeleted, AccountLoggedIn, AccountUpdated, AuditLogRecordCreated,
    BusinessDayClosed, EmailFailed, EmailSent, Event, PaymentLogRecordCreated, TaskAssigned,
    TaskCompleted, TaskCreated, TaskEstimated, TaskUpdated, TasksReassigned,
};

const fn kind<E: Event>() -> (&'static str, &'static str) {
    (E::TYPE, E::TOPIC)
}

/// Type and topic of every event.
pub const KINDS: &[(&str, &str)] = &[
    kind::<AccountCreated>(),
    kind::<AccountUpdated>(),
    kind::<AccountDeleted>(),
    kind::<AccountLoggedIn>(),
    kind::<TaskCreated>(),
    kind::<TaskUpdated>(),
    kind::<TaskAssigned>(),
    kind::<TaskEstimated>(),
    kind::<TaskCompleted>(),
    kind::<TasksReassigned>(),
    kind::<AuditLogRecordCreated>(),
    kind::<PaymentLogRecordCreated>(),
    kind::<BusinessDayClosed>(),
    kind::<EmailSent>(),
    kind::<EmailFailed>(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn e04_every_published_type_has_its_topic() {
        let kinds: BTreeSet<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let schemas: BTreeSet<&str> = crate::events::all_schemas()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(kinds, schemas, "list every type with its topic");
    }
}
