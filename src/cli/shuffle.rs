//! `ates shuffle check`: draws a finished run anew from its published seed.

use std::process::ExitCode;

use super::{CliError, ShuffleCheckArgs, connect};
use crate::platform::config::Config;
use crate::platform::error::AppError;
use crate::tasks;

pub(super) fn check(config: &Config, args: &ShuffleCheckArgs) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let record = db
        .read_blocking(tasks::ROLE, |conn| tasks::find_record(conn, args.uid))
        .map_err(|error| match error {
            AppError::NotFound => CliError(format!("there is no shuffle {}", args.uid)),
            other => other.into(),
        })?;
    println!(
        "shuffle {}: {} assignments in {} chunks, seed {}, commitment {}",
        record.number,
        record.drawn.len(),
        record.chunks.len(),
        hex::encode(record.seed),
        hex::encode(&record.commitment)
    );
    let mut unfair = record.check();
    if let Some(noted) = &args.commitment
        && !noted.eq_ignore_ascii_case(&hex::encode(&record.commitment))
    {
        unfair.insert(0, tasks::Unfair::OtherSeed);
    }
    for one in &unfair {
        println!("{one}");
    }
    if unfair.is_empty() {
        println!("fair: every task went to whom the seed names");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} differences", unfair.len());
    Ok(ExitCode::from(2))
}
