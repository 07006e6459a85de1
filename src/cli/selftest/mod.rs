//! `ates selftest`: plays every planned scenario before a release is let loose (R15).
//!
//! It plays in a database of its own on the configured server, made empty and dropped at the end: the product's database is not touched
//! in any way, so there is nothing to roll back and nothing to leave behind. Why so: docs/decisions/0023-selftest-sandbox.md.

mod judge;
mod play;
mod postbox;

use std::process::ExitCode;
use std::time::Instant;

use super::interrupt::Interrupt;
use super::{CliError, connect};
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::db::{self, Scratch};
use crate::platform::telemetry;
use play::{Play, STEPS};
use postbox::Postbox;

/// Exit code of a step that failed.
const FAILED: u8 = 2;

pub(super) fn selftest(config: Config) -> Result<ExitCode, CliError> {
    telemetry::start_quietly();
    let interrupt = Interrupt::listen()?;
    let begun = Instant::now();
    let url = connect::address(&config)?.to_owned();
    let server = connect::connect(&url)?;
    let scratch = Scratch::create(server, &url, Clock::system().now())
        .map_err(|error| CliError(error.to_string()))?;
    let outcome = run(config, &scratch, &interrupt);
    let url = scratch.url().to_owned();
    drop(scratch);
    let gone = connect::connect(&url).is_err();
    let failed = outcome?;
    println!(
        "{}  sandbox: its database is {}",
        word(gone),
        if gone {
            "gone again"
        } else {
            "still there: drop it by hand"
        }
    );
    let failed = failed + usize::from(!gone);
    println!(
        "self-test {} after {:.1} s",
        if failed == 0 { "passed" } else { "FAILED" },
        begun.elapsed().as_secs_f32()
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// Plays one step after the other and prints a line for each; after the first that fails the rest has no ground to stand on. Gives the
/// number of failures.
fn run(config: Config, scratch: &Scratch, interrupt: &Interrupt) -> Result<usize, CliError> {
    let begun = Instant::now();
    let mut conn = scratch
        .connect()
        .map_err(|error| CliError(error.to_string()))?;
    match db::migrate(&mut conn) {
        Ok(applied) => say("schema", begun, Ok(format!("{applied} migrations"))),
        Err(error) => {
            say("schema", begun, Err(error.to_string()));
            return Ok(1);
        }
    };
    drop(conn);
    let postbox = Postbox::open()?;
    let mut play = Play::open(config, scratch.url(), postbox)?;
    for (at, (name, step)) in STEPS.iter().enumerate() {
        if interrupt.is_asked() {
            return Err(CliError("stopped before the end".into()));
        }
        let begun = Instant::now();
        if !say(name, begun, step(&mut play)) {
            for (name, _) in &STEPS[at + 1..] {
                println!("-       {name}: not tried");
            }
            return Ok(1);
        }
    }
    Ok(0)
}

fn word(good: bool) -> &'static str {
    if good { "ok    " } else { "FAILED" }
}

fn say(name: &str, begun: Instant, outcome: Result<String, String>) -> bool {
    let good = outcome.is_ok();
    let words = outcome.unwrap_or_else(|why| why);
    println!(
        "{}  {name}: {words} ({:.1} s)",
        word(good),
        begun.elapsed().as_secs_f32()
    );
    good
}
