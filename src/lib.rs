//! aTES, the Awesome Task Exchange System of UberPopug Inc.

pub mod accounting;
pub mod auth;
pub mod bus;
pub mod events;
pub mod platform;
pub mod tasks;
