//! What the operator reads of the bus: how the subscribers are, and what waits for repair.

mod parked;
mod statuses;
mod unresolved;

pub use parked::{
    ErrorClass, ParkedEvent, ParkedFilter, ParkedItem, ParkedPlace, ParkedState, count_parked,
    error_classes, find_parked, list_parked, show_parked,
};
pub(in crate::bus) use parked::{UNRESOLVED, condition_of};
pub use statuses::{Hold, SubscriberStatus, bound_log, caught_up_with, statuses};
pub use unresolved::{Unresolved, list_unresolved};
