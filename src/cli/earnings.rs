//! `ates earnings`.

use std::process::ExitCode;

use chrono::NaiveDate;

use super::{CliError, connect};
use crate::accounting;
use crate::platform::config::Config;

/// Adds up closed dates anew, compares them with what is stored, and overwrites nothing.
pub(super) fn earnings(
    config: &Config,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let check = db.read_blocking(accounting::ROLE, |conn| {
        accounting::check_earnings(conn, from, to)
    })?;
    for difference in &check.differences {
        println!("DIFFERS {difference}");
    }
    let differ = check.differences.len();
    println!("{} closed dates, {differ} differ", check.dates);
    Ok(if differ > 0 {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}
