//! `ates export`.

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;

use super::{CliError, ExportArgs, connect};
use crate::accounting;
use crate::platform::config::Config;

/// What can be exported.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Export {
    /// A plain-text accounting journal that hledger reads.
    Journal,
    /// All transfers as CSV.
    Transfers,
    /// All payouts as CSV.
    Payouts,
}

pub(super) fn export(config: &Config, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let (what, from, to) = (args.what, args.from, args.to);
    let bytes = db.read_blocking(accounting::ROLE, |conn| match what {
        Export::Journal => accounting::export_journal(conn, config, from, to),
        Export::Transfers => accounting::export_transfers(conn, from, to),
        Export::Payouts => accounting::export_payouts(conn, from, to),
    })?;
    std::io::stdout().lock().write_all(&bytes)?;
    Ok(ExitCode::SUCCESS)
}
