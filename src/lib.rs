//! aTES, the Awesome Task Exchange System of UberPopug Inc.

pub mod accounting;
pub mod analytics;
pub mod app;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod events;
pub mod operations;
pub mod platform;
pub mod relay;
pub mod tasks;
pub mod webhooks;
