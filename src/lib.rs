//! aTES, the Awesome Task Exchange System of UberPopug Inc.

<<<<<<< HEAD
pub mod accounting;
=======
pub mod analytics;
>>>>>>> analytics
pub mod auth;
pub mod bus;
pub mod events;
pub mod operations;
pub mod platform;
pub mod tasks;
