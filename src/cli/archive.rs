//! `ates archive`.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Subcommand, ValueEnum};

use super::{CliError, connect};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppError;
use crate::platform::partitions::{self, LEAST_AHEAD, Partitioned};

/// What to do with the archive; without it, what the daily job does.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum ArchiveCommand {
    /// List the months and parts of the log that are in the archive.
    List,
    /// Write the archived rows of a month to standard output, each as a line of JSON.
    Show {
        /// What to show.
        #[arg(value_enum)]
        what: Archive,
        /// The month, YYYY-MM; of the journal and the log, in UTC.
        #[arg(long, value_parser = month)]
        month: NaiveDate,
    },
}

/// What is archived.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Archive {
    /// Transfers of the ledger, by business date.
    Transfers,
    /// The journal of the tasks.
    Journal,
    /// The log.
    Events,
}

impl From<Archive> for Partitioned {
    fn from(archive: Archive) -> Self {
        match archive {
            Archive::Transfers => Self::Transfers,
            Archive::Journal => Self::Journal,
            Archive::Events => Self::Events,
        }
    }
}

fn month(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
        .map_err(|_| "expected a month such as 2026-03".into())
}

pub(super) fn archive(
    config: &Config,
    command: Option<&ArchiveCommand>,
) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    match command {
        None => run(config, &db),
        Some(ArchiveCommand::List) => list(&db),
        Some(ArchiveCommand::Show { what, month }) => show(&db, (*what).into(), *month),
    }
}

fn run(config: &Config, db: &Db) -> Result<ExitCode, CliError> {
    for name in partitions::make(db)? {
        println!("made {name}");
    }
    let tablespace = config.archive_tablespace.as_deref();
    for name in partitions::archive(db, config.archive_after_months, tablespace)? {
        println!("moved {name} to the archive");
    }
    let now = db.clock().now();
    for table in db.read_blocking(partitions::ROLE, |conn| partitions::list_ahead(conn, now))? {
        let alarm = if table.ahead < LEAST_AHEAD {
            ": too few"
        } else {
            ""
        };
        println!("{}: {} partitions ahead{alarm}", table.parent, table.ahead);
    }
    Ok(ExitCode::SUCCESS)
}

fn list(db: &Db) -> Result<ExitCode, CliError> {
    let archived = db.read_blocking(partitions::ROLE, partitions::list_archived)?;
    if archived.is_empty() {
        println!("the archive is empty");
    }
    for part in archived {
        let mib = part.bytes.div_euclid(1 << 20);
        println!(
            "{} {} {mib} MiB, tablespace {}",
            part.parent, part.name, part.tablespace
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn show(db: &Db, table: Partitioned, month: NaiveDate) -> Result<ExitCode, CliError> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let count = partitions::show_archived(db, table, month, &mut |line| {
        writeln!(out, "{line}").map_err(|error| AppError::Internal(Box::new(error)))
    })?;
    out.flush()?;
    if count == 0 {
        return Err(CliError(format!(
            "the archive has no {} of {}; `ates archive list` shows what it has",
            table.as_str(),
            month.format("%Y-%m")
        )));
    }
    Ok(ExitCode::SUCCESS)
}
