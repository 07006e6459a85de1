//! `ates events doctor`.

use std::process::ExitCode;

use super::{CliError, roster_of};
use crate::cli::connect;
use crate::operations;
use crate::platform::config::Config;

/// A line for each check, and one for each fault; exit code 2 when there is any.
pub(super) fn doctor(config: Config) -> Result<ExitCode, CliError> {
    let db = connect::open(&config)?;
    let (now, roster) = (db.clock().now(), roster_of(config, &db)?);
    let diagnosis = db.read_blocking(operations::ROLE, |conn| {
        operations::examine(conn, &roster, now)
    })?;
    for check in diagnosis.checks() {
        let state = if check.faults.is_empty() {
            "ok    "
        } else {
            "BROKEN"
        };
        println!("{state} {}: {}", check.name, check.faults.len());
        for note in &check.notes {
            println!("         {note}");
        }
    }
    for fault in diagnosis.faults() {
        println!("{fault}");
    }
    Ok(if diagnosis.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}
