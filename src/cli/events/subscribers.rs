//! The subscribers: list, pause, resume, rewind, retire, rebuild.

use clap::Args;

use super::{at, read};
use crate::app::Services;
use crate::bus::{self, Holder, SubscriberStatus};
use crate::cli::CliError;
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};

/// On whose behalf a subscriber is held.
#[derive(Args, Debug)]
pub(in crate::cli) struct HolderArgs {
    /// Who holds it: a person's name, or `deploy`, `breaker`, `rebuild`; by default the user at this terminal.
    #[arg(long)]
    holder: Option<String>,
}

impl HolderArgs {
    fn holder(&self) -> Holder {
        match &self.holder {
            Some(name) => Holder::parse(name),
            None => Holder::Operator(terminal_user()),
        }
    }
}

fn terminal_user() -> String {
    std::env::var("USER")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "console".to_owned())
}

/// Says which subscriber is not known.
fn named<T>(name: &str, outcome: AppResult<T>) -> Result<T, CliError> {
    outcome.map_err(|error| match error {
        AppError::NotFound => CliError(format!("{name} is not known, or not held by that holder")),
        other => other.into(),
    })
}

pub(super) fn list(db: &Db) -> Result<(), CliError> {
    for row in read(db, bus::statuses)? {
        let state = match (row.retired_at, row.paused) {
            (Some(_), _) => "retired",
            (None, true) => "paused",
            (None, false) => "running",
        };
        println!(
            "{} {state} position={} head={} lag={} waiting_since={} applied={} retrying={} blocked={} dead={}",
            row.name,
            row.position,
            row.head,
            row.lag(),
            at(row.waiting_since),
            row.applied_total,
            row.retrying,
            row.blocked,
            row.dead
        );
        for hold in &row.holders {
            let since = at(Some(hold.since));
            println!("  held by {} since {since}: {}", hold.holder, hold.reason);
        }
        if let Some(error) = &row.last_error {
            println!("  last error {}: {error}", at(row.last_error_at));
        }
    }
    Ok(())
}

pub(super) fn pause(
    db: &Db,
    name: &str,
    reason: &str,
    holder: &HolderArgs,
) -> Result<(), CliError> {
    let holder = holder.holder();
    named(
        name,
        bus::pause(db, name, &holder, reason, Origin::system()),
    )?;
    println!("{name} is paused by {holder}");
    Ok(())
}

pub(super) fn resume(db: &Db, name: &str, holder: &HolderArgs) -> Result<(), CliError> {
    let holder = holder.holder();
    named(name, bus::resume(db, name, &holder, Origin::system()))?;
    let row = read(db, bus::statuses)?
        .into_iter()
        .find(|row| row.name == name);
    let others: Vec<String> = row
        .map(|row| row.holders.into_iter().map(|hold| hold.holder).collect())
        .unwrap_or_default();
    if others.is_empty() {
        println!("{name} runs");
    } else {
        println!("{name} is still held by {}", others.join(", "));
    }
    Ok(())
}

pub(super) fn rewind(db: &Db, name: &str, to: i64) -> Result<(), CliError> {
    named(name, bus::rewind(db, name, to, Origin::system()))?;
    println!("{name} stands at {to}");
    Ok(())
}

pub(super) fn retire(db: &Db, name: &str) -> Result<(), CliError> {
    named(name, bus::retire(db, name, Origin::system()))?;
    println!("{name} is retired");
    Ok(())
}

pub(super) fn rebuild(config: Config, db: Db, name: &str) -> Result<(), CliError> {
    let services = Services::new(config, db, false)?;
    let subscriber = services
        .subscribers()
        .into_iter()
        .find(|subscriber| subscriber.name() == name)
        .ok_or_else(|| CliError(format!("{name} is not known")))?;
    let items = bus::rebuild(&services.db, subscriber.as_ref(), Origin::system())?;
    println!("{name} is built again from {items} items");
    Ok(())
}

/// Lets subscribers hear the log again from a number on: held, set back, let go.
pub(super) fn hear_again(
    db: &Db,
    consumer: Option<&str>,
    from: i64,
    dry_run: bool,
) -> Result<(), CliError> {
    let rows: Vec<SubscriberStatus> = read(db, bus::statuses)?
        .into_iter()
        .filter(|row| match consumer {
            Some(name) => row.name == name,
            None => row.repeatable && row.retired_at.is_none(),
        })
        .collect();
    if rows.is_empty() {
        return Err(CliError(format!(
            "{} is not known",
            consumer.unwrap_or("a subscriber")
        )));
    }
    let holder = Holder::Operator(terminal_user());
    for SubscriberStatus { name, position, .. } in rows {
        if dry_run {
            println!(
                "{name} would hear {} numbers of the log again",
                position - from + 1
            );
            continue;
        }
        let reason = format!("hears the log again from {from}");
        named(
            &name,
            bus::pause(db, &name, &holder, &reason, Origin::system()),
        )?;
        let rewound = bus::rewind(db, &name, from - 1, Origin::system());
        named(&name, bus::resume(db, &name, &holder, Origin::system()))?;
        named(&name, rewound)?;
        println!("{name} hears the log again from {from}");
    }
    Ok(())
}
