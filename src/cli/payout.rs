//! `ates payout`.

use std::process::ExitCode;

use chrono::NaiveDate;

use super::{CliError, connect};
use crate::accounting;
use crate::platform::config::Config;
use crate::platform::partitions;

pub(super) fn payout(config: Config, date: Option<NaiveDate>) -> Result<ExitCode, CliError> {
    let db = connect::open(&config)?;
    partitions::make(&db)?;
    let runs = match date {
        Some(date) => vec![accounting::settle_date(&db, &config, date)?],
        None => accounting::settle_due(&db, &config)?,
    };
    if runs.is_empty() {
        println!("nothing is due");
    }
    for run in runs {
        println!("{run}");
    }
    Ok(ExitCode::SUCCESS)
}
