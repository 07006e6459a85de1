//! aTES, the Awesome Task Exchange System of UberPopug Inc.

pub mod bus;
pub mod events;
pub mod platform;
