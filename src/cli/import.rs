//! `ates import`: users or tasks from a CSV file, all or nothing, with a report that names each bad line.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;

use super::{CliError, ImportArgs, connect};
use crate::app::Services;
use crate::auth::{self, Actor, ImportedPerson, PersonError};
use crate::platform::config::Config;
use crate::platform::csv::{LineError, read_rows};
use crate::platform::db::{Db, DbRole, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::i18n::{self, Lang};
use crate::platform::partitions;
use crate::platform::workers::Progress;
use crate::tasks::{self, TaskRow};
use crate::{accounting, bus};

/// Rows from which on a file counts as large and its progress is shown.
const LARGE: usize = 1_000;

/// How long to wait for another process that works on the same events.
const PAUSE: Duration = Duration::from_millis(50);

/// What a file holds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Import {
    /// The columns username, email, name, surname and roles, several of them with `;` between.
    Users,
    /// The columns `jira_id`, title and description; `[KEY-1] - Title` is taken apart.
    Tasks,
}

pub(super) fn import(config: Config, args: &ImportArgs) -> Result<ExitCode, CliError> {
    let bytes = std::fs::read(&args.file)
        .map_err(|error| CliError(format!("cannot read {}: {error}", args.file.display())))?;
    let db = connect::open(&config)?;
    let services = Services::new(config, db, false)?;
    partitions::make(&services.db)?;
    accounting::open_first_day(&services.db, &services.config)?;
    bus::register(&services.db, &services.subscribers())?;
    let (count, what) = match args.what {
        Import::Users => (import_people(&services.db, &bytes), "users"),
        Import::Tasks => {
            hear(&services)?;
            let creator = creator(&services.db, args.creator.as_deref())?;
            (import_tasks(&services.db, &creator, &bytes), "tasks")
        }
    };
    let count = count.map_err(CliError)?;
    println!("{count} {what} imported");
    hear(&services)?;
    Ok(ExitCode::SUCCESS)
}

/// Registers the people of a file. They have no password until they are given one. Gives their number, or the report.
pub(super) fn import_people(db: &Db, bytes: &[u8]) -> Result<usize, String> {
    let header = ["username", "email", "name", "surname", "roles"];
    let file = read_rows(bytes, header).map_err(|error| error.to_string())?;
    let (mut people, mut wrong) = (Vec::new(), file.errors);
    for (line, [username, email, name, surname, roles]) in file.rows {
        let person = ImportedPerson {
            line,
            username,
            email,
            name,
            surname,
            roles,
        };
        match person.check() {
            Ok(person) => people.push(person),
            Err(errors) => wrong.extend(errors.into_iter().map(line_error)),
        }
    }
    all_or_nothing(db, auth::ROLE, Origin::system(), wrong, |tx| {
        let registered = auth::register_people(tx, &people)?;
        Ok(registered.map_err(|errors| errors.into_iter().map(line_error).collect()))
    })?;
    Ok(people.len())
}

fn line_error(error: PersonError) -> LineError {
    let text = i18n::text(Lang::En, &Message::new(error.message));
    LineError {
        line: error.line,
        message: format!("{}: {text}", error.field),
    }
}

/// The tasks of a file, not checked yet; the report when some of its lines cannot be read.
pub(super) fn read_tasks(bytes: &[u8]) -> Result<Vec<TaskRow>, String> {
    let (rows, wrong) = task_rows(bytes)?;
    if wrong.is_empty() {
        Ok(rows)
    } else {
        Err(report(wrong))
    }
}

/// Creates the tasks of a file in somebody's name. Gives their number, or the report.
fn import_tasks(db: &Db, creator: &Actor, bytes: &[u8]) -> Result<usize, String> {
    let (rows, wrong) = task_rows(bytes)?;
    let (count, id) = (rows.len(), creator.id);
    let origin = Origin {
        actor: Some(id.0),
        ..Origin::system()
    };
    all_or_nothing(db, tasks::ROLE, origin, wrong, |tx| {
        tasks::import_tasks(tx, id, rows, &mut |done, total| {
            show_progress("tasks", done, total);
        })
    })?;
    Ok(count)
}

fn task_rows(bytes: &[u8]) -> Result<(Vec<TaskRow>, Vec<LineError>), String> {
    let file =
        read_rows(bytes, ["jira_id", "title", "description"]).map_err(|error| error.to_string())?;
    let rows = file
        .rows
        .into_iter()
        .map(|(line, [jira_id, title, description])| TaskRow {
            line,
            jira_id,
            title,
            description,
        });
    Ok((rows.collect(), file.errors))
}

/// Does all of the work, or none of it when a line is wrong; the lines that could not be read are reported with those that the
/// work refuses.
fn all_or_nothing<T>(
    db: &Db,
    role: DbRole,
    origin: Origin,
    mut wrong: Vec<LineError>,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<Result<T, Vec<LineError>>>,
) -> Result<(), String> {
    let outcome = db.transaction_blocking(Lane::Worker, role, origin, |tx| {
        wrong.extend(work(tx)?.err().unwrap_or_default());
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(AppError::internal("some lines are wrong"))
        }
    });
    if !wrong.is_empty() {
        return Err(report(wrong));
    }
    outcome.map_err(|error| CliError::from(error).0)
}

/// Every wrong line in the order of the file.
fn report(mut wrong: Vec<LineError>) -> String {
    wrong.sort_by_key(|error| error.line);
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    wrong.dedup_by_key(|error| error.line);
    let count = wrong.len();
    let noun = if count == 1 { "line is" } else { "lines are" };
    format!(
        "nothing was imported, {count} {noun} wrong:\n{}",
        lines.join("\n")
    )
}

/// The user in whose name tasks are created: the one who was named, else the first administrator.
fn creator(db: &Db, username: Option<&str>) -> Result<Actor, CliError> {
    let found = db.read_blocking(auth::ROLE, |conn| match username {
        Some(username) => auth::actor_by_username(conn, username),
        None => auth::first_administrator(conn),
    });
    found.map_err(|error| match (error, username) {
        (AppError::NotFound, Some(username)) => CliError(format!("there is no active user {username}")),
        (AppError::NotFound, None) => {
            CliError("there is no administrator yet: name somebody with --as, or make one with `ates user create-admin`".into())
        }
        (error, _) => error.into(),
    })
}

/// Lets every subscriber hear what was imported, so that new people can get tasks and new tasks are priced and charged when the
/// command ends. A server that runs beside it shares the work.
fn hear(services: &Services) -> Result<(), CliError> {
    let subscribers = services.subscribers();
    let lag = || -> Result<i64, CliError> {
        let statuses = services.db.read_blocking(bus::ROLE, bus::statuses)?;
        let running = statuses.iter().filter(|row| !row.paused);
        Ok(running.map(bus::SubscriberStatus::lag).max().unwrap_or(0))
    };
    let total = usize::try_from(lag()?).unwrap_or(0);
    loop {
        for subscriber in &subscribers {
            while bus::step(&services.db, subscriber.as_ref())? == Progress::More {
                let left = usize::try_from(lag()?).unwrap_or(0);
                show_progress("events heard", total.saturating_sub(left), total);
            }
        }
        if lag()? == 0 {
            show_progress("events heard", total, total);
            return Ok(());
        }
        std::thread::park_timeout(PAUSE);
    }
}

/// A line that counts up on a terminal.
fn show_progress(what: &str, done: usize, total: usize) {
    let mut out = std::io::stderr();
    if total >= LARGE && out.is_terminal() {
        drop(write!(out, "\r  {what}: {done} of {total}"));
        if done == total {
            drop(writeln!(out));
        }
        drop(out.flush());
    }
}
