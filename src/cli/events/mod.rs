//! `ates events …`: the operator's tools of the bus.

mod doctor;
mod show;
mod tree;

use std::process::ExitCode;

use clap::Subcommand;
use uuid::Uuid;

use super::CliError;
use crate::app::Services;
use crate::bus::Roster;
use crate::platform::config::Config;
use crate::platform::db::Db;

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Check that log, cursors and ledger agree; exit code 2 when they do not.
    Doctor,
    /// Show all that one click has started; UID is that of an event, a click, a task, a shuffle or a person.
    Tree {
        /// The id.
        uid: Uuid,
    },
    /// Show an event with its content.
    Show {
        /// The id.
        uid: Uuid,
    },
    /// Show the last events of the log.
    Tail {
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        lines: i64,
    },
}

pub(super) fn events(config: Config, command: &EventsCommand) -> Result<ExitCode, CliError> {
    match command {
        EventsCommand::Doctor => doctor::doctor(config),
        EventsCommand::Tree { uid } => tree::tree(config, *uid),
        EventsCommand::Show { uid } => show::show(&config, *uid),
        EventsCommand::Tail { lines } => show::tail(&config, *lines),
    }
}

/// Who listens to what.
fn roster_of(config: Config, db: &Db) -> Result<Roster, CliError> {
    Ok(Services::new(config, db.clone(), false)?.roster())
}
