//! The platform: everything a module needs that knows nothing of tasks or money.
//!
//! Configuration, time, the unit of work over Postgres, errors, pages, mail transport, background workers. It imports nothing
//! of ours and could be a library of its own.

pub mod agreement;
pub mod clock;
pub mod config;
pub mod csv;
pub mod damage;
pub mod db;
pub mod embedded;
pub mod error;
pub mod faults;
pub mod i18n;
pub mod ids;
pub mod jobs;
pub mod mail;
pub mod metrics;
pub mod money;
pub mod partitions;
pub mod period;
pub mod reports;
pub mod stop;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod turns;
pub mod wake;
pub mod web;
pub mod workers;
pub mod xlsx;
