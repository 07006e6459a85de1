//! What an operator sees and does.

mod abuse;
mod alerts;
mod audit;
mod doctor;
mod events;
mod feed;
mod invariants;
mod letters;
pub mod metrics;
mod pages;
pub mod reconciler;
mod selftest;
mod stop;
mod tampering;
