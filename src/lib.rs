//! aTES, the Awesome Task Exchange System of UberPopug Inc.

pub mod analytics;
pub mod auth;
pub mod bus;
pub mod events;
pub mod operations;
pub mod platform;
