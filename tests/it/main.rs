//! Integration tests: what a person would notice, on the real program with a real database.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and take the time as it is"
)]

mod accounting;
mod admin;
mod analytics;
mod api;
mod api_page;
mod attacks;
mod auth;
mod bus;
mod cli;
mod contrast;
mod crash;
mod endurance;
mod event_contracts;
mod exchange;
mod failures;
mod front;
mod idempotency;
mod import;
mod operations;
mod operations_scenarios;
mod outage;
mod partitions;
mod parts;
mod periods;
mod proof;
mod proxies;
mod relay;
mod remote;
mod requirements;
mod routes;
mod running;
mod scale;
mod support;
mod tasks;
mod webhooks;
