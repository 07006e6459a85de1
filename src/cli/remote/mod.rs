//! `ates` as a client of a remote server, for people who live in a terminal: `ates --server URL …`.
//!
//! It talks to the API and to nothing else; no setting but the address is needed. Whom it acts for stands in a file that only its owner
//! can read, see [`keeper`]; a token is never an argument, so that no list of processes shows it.

mod client;
mod events;
mod keeper;
mod log_in;
mod shuffle;
mod table;
mod tasks;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::CliError;
use crate::platform::config::{Config, is_safe};
use crate::platform::money::Money;
use client::Client;
pub(super) use events::tail;
pub(super) use log_in::{log_in, log_out};
pub(super) use shuffle::press;
pub(super) use tasks::task;

/// How an answer is shown.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// Print what the server answers, as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How to log in.
#[derive(Args, Debug)]
pub(super) struct LoginArgs {
    /// The log-in name or the mail address; asked for when it is not given.
    #[arg(long)]
    username: Option<String>,
    /// Read the password from the first line of standard input, and the code of the second factor, if there is one, from the second.
    #[arg(long, conflicts_with = "token_stdin")]
    password_stdin: bool,
    /// Read a personal token, as one makes it at /profile/access, from the first line of standard input.
    #[arg(long, conflicts_with = "username")]
    token_stdin: bool,
}

/// What is done with tasks.
#[derive(Debug, Subcommand)]
pub(super) enum TaskCommand {
    /// Create a task.
    Create {
        /// The title.
        title: String,
        /// The number of the task in Jira.
        #[arg(long)]
        jira_id: Option<String>,
        /// What is to be done.
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// List one's own tasks, the newest first.
    List {
        /// Everybody's tasks, for those who may see them.
        #[arg(long)]
        all: bool,
        /// Only those in this state: saving, open or done.
        #[arg(long)]
        status: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        #[command(flatten)]
        form: Form,
    },
    /// Complete a task of one's own.
    Complete {
        /// The uid of the task, as in the address of its page.
        uid: Uuid,
        #[command(flatten)]
        form: Form,
    },
}

/// How a shuffle is pressed.
#[derive(Args, Debug)]
pub(super) struct PressArgs {
    /// Stay until the shuffle is done, and show how far it is.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    form: Form,
}

/// The address of the server: the given one, else the one of the settings.
pub(super) fn server(given: Option<Url>, config: &Config) -> Result<Url, CliError> {
    let address = given
        .or_else(|| config.server.clone())
        .ok_or_else(no_server)?;
    check(&address).map_err(|reason| CliError(format!("--server: {reason}")))?;
    Ok(address)
}

/// That nobody said which server.
pub(super) fn no_server() -> CliError {
    CliError("no server: give its address with --server, or set ATES_SERVER".into())
}

/// Whether an address can be a server: over TLS unless it is on this machine, and without anything behind the host.
fn check(address: &Url) -> Result<(), String> {
    if !is_safe(address) {
        return Err("expected an https address (http only on this machine)".into());
    }
    let plain = address.path() == "/" && address.query().is_none() && address.fragment().is_none();
    if !plain || !address.username().is_empty() || address.password().is_some() {
        return Err(
            "expected an address such as https://ates.example, without a path or a name".into(),
        );
    }
    Ok(())
}

/// Shows one's own balance.
pub(super) fn balance(server: Url, form: Form) -> Result<ExitCode, CliError> {
    let answer = Client::of(server)?.get("/api/v1/accounting/balance")?;
    if form.json {
        return print_json(&answer);
    }
    table::print(
        &["balance", "earned today", "as of"],
        vec![vec![
            money(&answer["balance_minor"]),
            money(&answer["earned_today_minor"]),
            text(&answer["as_of"]),
        ]],
    );
    Ok(ExitCode::SUCCESS)
}

fn print_json(value: &Value) -> Result<ExitCode, CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError(error.to_string()))?;
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// A member of an answer for people; a dash for nothing.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An amount for people; a dash for none.
fn money(value: &Value) -> String {
    value
        .as_i64()
        .map_or_else(|| "-".into(), |minor| Money::from_minor(minor).to_string())
}
