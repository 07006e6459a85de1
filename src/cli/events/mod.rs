//! `ates events`: the operator's tools of the bus. A file a group of commands; each calls what the pages call.

mod doctor;
mod parked;
mod show;
mod subscribers;
mod tree;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{CliError, connect, remote};
use crate::app::Services;
use crate::bus::{ROLE, Roster};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};

/// The commands of the bus.
#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Show every subscriber: where it stands, how far behind it is, who holds it, what waits for repair.
    Subscribers,
    /// Pause a subscriber: when the command ends, nothing of it runs, and its events wait.
    Pause {
        /// The subscriber.
        name: String,
        /// Why, for those who look later.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        holder: subscribers::HolderArgs,
    },
    /// Let one holder of a subscriber go; it goes on when it was the last one.
    Resume {
        /// The subscriber.
        name: String,
        #[command(flatten)]
        holder: subscribers::HolderArgs,
    },
    /// List what waits for repair, or show one of it with the content of its event.
    Parked {
        /// The id of an item or of an event.
        id: Option<Uuid>,
        #[command(flatten)]
        filter: parked::FilterArgs,
    },
    /// List what was given up.
    Dead {
        /// The subscriber.
        #[arg(long)]
        consumer: Option<String>,
    },
    /// Try parked items again now, or with --from let subscribers hear the log again from a number on.
    Replay(parked::ReplayArgs),
    /// Try one parked item again now, by its id or that of its event.
    Retry {
        /// The id.
        id: Uuid,
    },
    /// Decide that parked items are never applied. What moves money is skipped in accounting, with a correcting transfer.
    Skip(parked::SkipArgs),
    /// Set a paused subscriber back, so that it hears again what comes behind a number.
    Rewind {
        /// The subscriber.
        name: String,
        /// The number; 0 is the beginning.
        #[arg(long)]
        to: i64,
    },
    /// End a paused subscriber for good, so that nothing waits for it any more.
    Retire {
        /// The subscriber.
        name: String,
    },
    /// Build what a subscriber keeps again from the log; the old figures are served until the new ones are whole.
    Rebuild {
        /// The subscriber.
        name: String,
    },
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
    /// Show the last events of the log, also of a remote aTES.
    Tail(TailArgs),
}

/// What of the log is shown.
#[derive(Args, Debug)]
pub(super) struct TailArgs {
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub lines: i64,
    /// Of a remote aTES: go on with what comes.
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub form: remote::Form,
}

/// Runs a command of the bus.
pub(super) fn events(config: Config, command: EventsCommand) -> Result<ExitCode, CliError> {
    if let EventsCommand::Tail(tail) = &command
        && (tail.follow || tail.form.json)
    {
        return Err(CliError(
            "--follow and --json need a server: give its address with --server".into(),
        ));
    }
    let db = connect::open(&config)?;
    match command {
        EventsCommand::Subscribers => subscribers::list(&db)?,
        EventsCommand::Pause {
            name,
            reason,
            holder,
        } => subscribers::pause(&db, &name, &reason, &holder)?,
        EventsCommand::Resume { name, holder } => subscribers::resume(&db, &name, &holder)?,
        EventsCommand::Parked { id: Some(id), .. } => parked::show(&db, id)?,
        EventsCommand::Parked { id: None, filter } => parked::list(&db, &filter)?,
        EventsCommand::Dead { consumer } => parked::list_dead(&db, consumer)?,
        EventsCommand::Replay(args) => parked::replay(&db, args)?,
        EventsCommand::Retry { id } => parked::retry(&db, id)?,
        EventsCommand::Skip(args) => parked::skip(&db, args)?,
        EventsCommand::Rewind { name, to } => subscribers::rewind(&db, &name, to)?,
        EventsCommand::Retire { name } => subscribers::retire(&db, &name)?,
        EventsCommand::Rebuild { name } => subscribers::rebuild(config, db, &name)?,
        EventsCommand::Doctor => return doctor::doctor(config),
        EventsCommand::Tree { uid } => return tree::tree(config, uid),
        EventsCommand::Show { uid } => return show::show(&config, uid),
        EventsCommand::Tail(TailArgs { lines, .. }) => return show::tail(&config, lines),
    }
    Ok(ExitCode::SUCCESS)
}

/// Who listens to what.
fn roster_of(config: Config, db: &Db) -> Result<Roster, CliError> {
    Ok(Services::new(config, db.clone(), false)?.roster())
}

/// Reads as the bus does, from the primary: a standby may lag behind what was just decided.
fn read<T>(
    db: &Db,
    work: impl FnOnce(&mut diesel::PgConnection) -> crate::platform::error::AppResult<T>,
) -> Result<T, CliError> {
    let lane = crate::platform::db::Lane::Worker;
    Ok(db.transaction_blocking(lane, ROLE, Origin::system(), |tx| work(tx.conn()))?)
}

/// An instant for people, or a dash.
fn at(instant: Option<chrono::DateTime<chrono::Utc>>) -> String {
    instant.map_or_else(
        || "-".to_owned(),
        |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}
