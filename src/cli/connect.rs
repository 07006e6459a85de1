//! Reaching the database, and saying plainly why it cannot be reached.

use diesel::{Connection, PgConnection};

use super::CliError;
use crate::platform::clock::Clock;
use crate::platform::config::{Config, without_password};
use crate::platform::db::{self, Db};

/// The configured address of the database.
pub(super) fn address(config: &Config) -> Result<&str, CliError> {
    config.database_url.as_deref().ok_or_else(|| {
        CliError("DATABASE_URL is not set: give the address of a Postgres server, or run `ates demo`, which starts its own".into())
    })
}

/// One connection of its own.
pub(super) fn connect(url: &str) -> Result<PgConnection, CliError> {
    PgConnection::establish(url).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        CliError(format!(
            "cannot reach the database {}: {reason}; set DATABASE_URL to a server that runs, as postgres://user:password@host/name",
            without_password(url)
        ))
    })
}

/// Brings the schema up to date and opens the pools.
pub(super) fn open_migrated(config: &Config, url: &str) -> Result<Db, CliError> {
    let mut conn = connect(url)?;
    let applied = db::migrate(&mut conn).map_err(|error| {
        let text = error.to_string();
        if text.contains("permission denied") {
            CliError(format!(
                "{text}: the database user must own the database and have the right to create roles"
            ))
        } else {
            CliError(text)
        }
    })?;
    if applied > 0 {
        tracing::info!(applied, "migrations applied");
    }
    Ok(Db::new(config, url, Clock::system()))
}

/// Opens the pools on a database that is up to date.
pub(super) fn open(config: &Config) -> Result<Db, CliError> {
    let url = address(config)?;
    let mut conn = connect(url)?;
    let pending = db::pending_migrations(&mut conn).map_err(|error| CliError(error.to_string()))?;
    if pending > 0 {
        return Err(CliError(format!(
            "the database lacks {pending} migrations: run `ates migrate`"
        )));
    }
    Ok(Db::new(config, url, Clock::system()))
}
