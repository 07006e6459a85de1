//! `ates`: parse the command line, call the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ates::cli::run(ates::cli::Cli::parse())
}
