//! The proofs of the bus: histories against a naive model, processes that are killed, and planted faults that must be found.

mod adversary;
mod chaos;
pub mod cluster;
pub mod fleet;
mod frail;
mod history;
mod judge;
pub mod load;
mod market;
mod money;
mod monkey;
mod planted;
mod recorder;
mod scenes;
mod scheduler;
mod stage;
mod trial;
mod upcasters;

pub use trial::seed;
