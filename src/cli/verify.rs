//! `ates verify`.

use std::process::ExitCode;

use super::{CliError, connect};
use crate::operations;
use crate::platform::config::Config;
use crate::platform::db::READER;

pub(super) fn verify(config: &Config) -> Result<ExitCode, CliError> {
    let db = connect::open(config)?;
    let now = db.clock().now();
    let findings = db.read_blocking(READER, |conn| operations::verify(conn, now))?;
    let mut broken = false;
    for finding in &findings {
        println!("{finding}");
        broken |= finding.count > 0;
    }
    Ok(if broken {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}
