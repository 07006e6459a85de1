//! `ates keys rotate`: another key signs the access tokens from now on.

use std::process::ExitCode;

use clap::Subcommand;

use super::{CliError, connect};
use crate::auth::{self, Rotation};
use crate::platform::config::Config;
use crate::platform::db::{Lane, Origin};

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a new signing key. It is published at once and signs a little later; tokens of the old one live out their time.
    Rotate {
        /// The new key signs now and the tokens of all others end within seconds: for a key that may be known to others.
        #[arg(long)]
        at_once: bool,
    },
}

pub(super) fn keys(config: &Config, command: &KeysCommand) -> Result<ExitCode, CliError> {
    let KeysCommand::Rotate { at_once } = command;
    let rotation = if *at_once {
        Rotation::AtOnce
    } else {
        Rotation::InTurn
    };
    let db = connect::open(config)?;
    let (kid, signs_from) =
        db.transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
            auth::rotate_keys(tx, rotation)
        })?;
    println!(
        "key {kid} signs from {}",
        signs_from.format("%Y-%m-%d %H:%M:%S UTC")
    );
    Ok(ExitCode::SUCCESS)
}
