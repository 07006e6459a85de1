//! `ates user create-admin`.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use super::{CliError, CreateAdminArgs, connect};
use crate::auth::{self, NewAdministrator};
use crate::platform::config::Config;
use crate::platform::db::{Lane, Origin};

pub(super) fn create_admin(config: &Config, args: &CreateAdminArgs) -> Result<ExitCode, CliError> {
    let url = connect::address(config)?.to_owned();
    let db = connect::open_migrated(config, &url)?;
    let new = NewAdministrator {
        username: args.username.clone(),
        email: args.email.clone(),
        password: read_password(args.password_stdin)?,
        force: args.force,
    };
    db.transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
        auth::create_admin(tx, &new)
    })?;
    println!("administrator {} created", args.username);
    Ok(ExitCode::SUCCESS)
}

/// Reads a password from standard input: asked for at a terminal, expected with `--password-stdin` otherwise.
pub(super) fn read_password(from_stdin: bool) -> Result<String, CliError> {
    if !from_stdin {
        if !std::io::stdin().is_terminal() {
            return Err(CliError("no terminal to ask for a password: give it on standard input with --password-stdin".into()));
        }
        print!("password (it is shown as you type): ");
        std::io::stdout().flush()?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
