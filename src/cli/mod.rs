//! The command line: a file a command; each calls the same use cases as the pages.

mod archive;
mod connect;
mod create_admin;
mod demo;
mod earnings;
mod events;
mod export;
mod health;
mod import;
mod interrupt;
mod keys;
mod migrate;
mod payout;
mod remote;
mod selftest;
mod serve;
mod shuffle;
mod stop;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::platform::config::{Config, ConfigError};
use crate::platform::error::AppError;
use crate::platform::i18n::Lang;
use crate::platform::ids::ShuffleId;

/// aTES, the Awesome Task Exchange System.
#[derive(Debug, Parser)]
#[command(name = "ates", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// A TOML file with settings; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address of a remote aTES, for the commands that speak to one; else ATES_SERVER.
    #[arg(long, global = true, value_name = "URL")]
    server: Option<Url>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the schema up to date, then serve pages, API and workers (the default).
    Serve(ServeArgs),
    /// Serve a made-up company, on a private Postgres unless DATABASE_URL is set.
    Demo(DemoArgs),
    /// Bring the schema up to date.
    Migrate,
    /// Manage users.
    #[command(subcommand)]
    User(UserCommand),
    /// Look after the keys that sign access tokens.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Settle a closed business date, or every one that is due.
    Payout {
        /// The date, YYYY-MM-DD.
        #[arg(long)]
        date: Option<NaiveDate>,
    },
    /// Add up the earnings of closed dates anew and compare them with what is stored; exit code 2 when a date differs.
    Earnings {
        /// The first business date, YYYY-MM-DD.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// The last business date, YYYY-MM-DD.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
    /// Check every invariant of the ledger and of the events; exit code 2 when one is broken.
    Verify,
    /// Ask the server on this host whether it is ready; exit code 1 when it is not.
    Health {
        /// Ask only whether it lives.
        #[arg(long)]
        live: bool,
    },
    /// Play every planned scenario in a database of its own, which is dropped at the end; exit code 2 when a step fails.
    Selftest,
    /// Set the emergency stop: every change is refused until an administrator releases it.
    Stop {
        /// Why, in 10 to 500 characters; everybody reads it.
        #[arg(long)]
        reason: String,
    },
    /// Release the emergency stop, as an administrator with the password.
    Release(ReleaseArgs),
    /// Look after the bus.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Shuffle the open tasks of a remote aTES, or look into a shuffle of this one.
    #[command(args_conflicts_with_subcommands = true)]
    Shuffle {
        #[command(flatten)]
        press: remote::PressArgs,
        #[command(subcommand)]
        command: Option<ShuffleCommand>,
    },
    /// Log in to a remote aTES; the tokens are kept in a file that only you can read.
    Login(remote::LoginArgs),
    /// Log out of a remote aTES.
    Logout,
    /// Create, list and complete tasks of a remote aTES.
    #[command(subcommand)]
    Task(remote::TaskCommand),
    /// Show your balance at a remote aTES.
    Balance(remote::Form),
    /// Write the books to standard output.
    Export(ExportArgs),
    /// Bring in users or tasks from a CSV file, all or nothing.
    Import(ImportArgs),
    /// Make coming partitions and move months that are past their time online to the archive, or read the archive.
    Archive {
        #[command(subcommand)]
        command: Option<archive::ArchiveCommand>,
    },
    /// Show every setting with its effective value, secrets hidden.
    Config,
}

#[derive(Args, Debug, Default)]
struct ServeArgs {
    /// The pages that only show, and nothing else: no migration, no writes, no workers; the database may be a standby.
    #[arg(long, conflicts_with_all = ["no_workers", "workers_only", "no_mails", "mails_only"])]
    read_only: bool,
    /// Pages and API only; another process has the workers.
    #[arg(long, conflicts_with = "workers_only")]
    no_workers: bool,
    /// The bus, the jobs and the mails only.
    #[arg(long)]
    workers_only: bool,
    /// Everything else, but no mails: another process sends them, or nobody for now.
    #[arg(long, conflicts_with = "mails_only")]
    no_mails: bool,
    /// The mails only.
    #[arg(long, conflicts_with_all = ["no_workers", "workers_only"])]
    mails_only: bool,
}

#[derive(Args, Debug)]
struct DemoArgs {
    /// Start without the made-up company.
    #[arg(long)]
    empty: bool,
    /// How many days of history the made-up company has.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=30))]
    days: u64,
    /// Where the private Postgres and the demo's password are kept.
    #[arg(long, value_name = "FOLDER", default_value = ".ates")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make the first administrator.
    CreateAdmin(CreateAdminArgs),
}

#[derive(Debug, Subcommand)]
enum ShuffleCommand {
    /// Draw a finished shuffle anew from its seed and compare; exit code 2 when an assignment differs.
    Check(ShuffleCheckArgs),
}

#[derive(Args, Debug)]
struct ShuffleCheckArgs {
    /// The uid of the shuffle, as in the address of its page.
    uid: ShuffleId,
    /// The commitment that was shown at the press, in hex, for those who noted it down.
    #[arg(long, value_name = "HEX")]
    commitment: Option<String>,
}

#[derive(Args, Debug)]
struct CreateAdminArgs {
    /// The log-in name.
    #[arg(long)]
    username: String,
    /// The mail address.
    #[arg(long)]
    email: String,
    /// Read the password from the first line of standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
    /// Make another administrator although there is one, to recover a lost log-in.
    #[arg(long)]
    force: bool,
}

#[derive(Args, Debug)]
struct ReleaseArgs {
    /// Why, in 10 to 500 characters.
    #[arg(long)]
    reason: String,
    /// The log-in name of the administrator who releases it.
    #[arg(long)]
    username: String,
    /// Read the password from the first line of standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args, Debug)]
struct ExportArgs {
    /// What to export.
    #[arg(value_enum)]
    what: export::Export,
    /// Of a payment file: the settled date, YYYY-MM-DD.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    date: Option<NaiveDate>,
    /// Of a journal: the program that is to read it.
    #[arg(long, value_enum, default_value = "hledger")]
    format: export::Format,
    /// The first business date, YYYY-MM-DD.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// The last business date, YYYY-MM-DD.
    #[arg(long)]
    to: Option<NaiveDate>,
}

#[derive(Args, Debug)]
struct ImportArgs {
    /// What the file holds.
    #[arg(value_enum)]
    what: import::Import,
    /// The CSV file.
    file: PathBuf,
    /// The user in whose name tasks are created; by default the first administrator.
    #[arg(long = "as", value_name = "USERNAME")]
    creator: Option<String>,
}

/// Why a command ends with an error: one line for the person at the terminal.
#[derive(Debug)]
pub struct CliError(String);

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string())
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        Self(match &error {
            AppError::Invalid(fields) => fields
                .iter()
                .map(|error| {
                    format!(
                        "{}: {}",
                        error.field,
                        crate::platform::i18n::text(
                            crate::platform::i18n::Lang::En,
                            &error.message
                        )
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
            AppError::Conflict(message)
            | AppError::Stopped(message)
            | AppError::Unavailable { message, .. } => {
                crate::platform::i18n::text(crate::platform::i18n::Lang::En, message)
            }
            AppError::Internal(cause) => cause.to_string(),
            other => other.to_string(),
        })
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command that was asked for.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match execute(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ates: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<ExitCode, CliError> {
    let config = Config::load(cli.config.as_deref())?;
    let command = cli.command.unwrap_or(Command::Serve(ServeArgs::default()));
    let speaks = cli.server.is_some() || config.server.is_some();
    let server = || remote::server(cli.server.clone(), &config);
    match command {
        Command::Login(args) => remote::log_in(server()?, &args),
        Command::Logout => remote::log_out(server()?),
        Command::Task(command) => remote::task(server()?, command),
        Command::Balance(form) => remote::balance(server()?, form),
        Command::Shuffle {
            press,
            command: None,
        } => remote::press(server()?, &press),
        Command::Events(events::EventsCommand::Tail(tail)) if speaks => {
            remote::tail(server()?, tail.lines, tail.follow, tail.form.json)
        }
        _ if cli.server.is_some() => Err(CliError(
            "this command works on the database, not on a server: leave --server away".into(),
        )),
        command => execute_here(config, command),
    }
}

/// Runs a command that works on the database.
fn execute_here(config: Config, command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve(args) => serve::serve(config, &args),
        Command::Demo(args) => demo::demo(config, &args),
        Command::Migrate => migrate::migrate(&config),
        Command::User(UserCommand::CreateAdmin(args)) => create_admin::create_admin(&config, &args),
        Command::Keys(command) => keys::keys(&config, &command),
        Command::Payout { date } => payout::payout(config, date),
        Command::Earnings { from, to } => earnings::earnings(&config, from, to),
        Command::Health { live } => health::health(&config, live),
        Command::Selftest => selftest::selftest(config),
        Command::Verify => verify::verify(&config),
        Command::Stop { reason } => stop::stop(&config, &reason),
        Command::Release(args) => stop::release(&config, &args),
        Command::Events(command) => events::events(config, command),
        Command::Shuffle {
            command: Some(ShuffleCommand::Check(args)),
            ..
        } => shuffle::check(&config, &args),
        Command::Export(args) => export::export(&config, &args),
        Command::Import(args) => import::import(config, &args),
        Command::Archive { command } => archive::archive(&config, command.as_ref()),
        Command::Config => {
            show_config(&config);
            Ok(ExitCode::SUCCESS)
        }
        Command::Login(_)
        | Command::Logout
        | Command::Task(_)
        | Command::Balance(_)
        | Command::Shuffle { command: None, .. } => Err(remote::no_server()),
    }
}

fn show_config(config: &Config) {
    for (key, value) in config.shown() {
        println!("{}={value}    # {}", key.name, key.meaning(Lang::En));
    }
}
