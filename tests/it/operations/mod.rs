//! What an operator sees and does.

mod doctor;
mod events;
mod invariants;
mod metrics;
mod pages;
