//! `ates export`.

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;

use super::{CliError, ExportArgs, connect};
use crate::accounting::{self, JournalFormat};
use crate::platform::config::Config;

/// What can be exported.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Export {
    /// A plain-text accounting journal.
    Journal,
    /// All transfers as CSV.
    Transfers,
    /// All payouts as CSV.
    Payouts,
    /// The payment file of one settled date (`--date`), pain.001.001.09.
    Pain,
}

/// Whose dialect the journal speaks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// hledger's.
    Hledger,
    /// beancount's.
    Beancount,
}

pub(super) fn export(config: &Config, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    if let Export::Pain = args.what {
        let Some(date) = args.date else {
            return Err(CliError(
                "--date is missing: whose payment file?".to_owned(),
            ));
        };
        let bytes = accounting::export_bank_file(&db, config, date)?;
        std::io::stdout().lock().write_all(&bytes)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (what, from, to) = (args.what, args.from, args.to);
    let format = match args.format {
        Format::Hledger => JournalFormat::Hledger,
        Format::Beancount => JournalFormat::Beancount,
    };
    let bytes = db.read_blocking(accounting::ROLE, |conn| match what {
        Export::Journal => accounting::export_journal(conn, config, format, from, to),
        Export::Transfers => accounting::export_transfers(conn, from, to),
        Export::Payouts | Export::Pain => accounting::export_payouts(conn, from, to),
    })?;
    std::io::stdout().lock().write_all(&bytes)?;
    Ok(ExitCode::SUCCESS)
}
