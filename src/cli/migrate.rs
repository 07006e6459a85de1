//! `ates migrate`.

use std::process::ExitCode;

use super::{CliError, connect};
use crate::platform::config::Config;
use crate::platform::db;

pub(super) fn migrate(config: &Config) -> Result<ExitCode, CliError> {
    let mut conn = connect::connect(connect::address(config)?)?;
    let applied = db::migrate(&mut conn).map_err(|error| CliError(error.to_string()))?;
    println!("{applied} migrations applied");
    Ok(ExitCode::SUCCESS)
}
