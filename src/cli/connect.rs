//! Reaching the database, and saying plainly why it cannot be reached.

use std::time::{Duration, Instant};

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

/// How long a server that is away is left alone between two tries.
const TRY_EVERY: Duration = Duration::from_millis(500);

/// How often somebody who waits is told what for.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// One connection of its own.
pub(super) fn connect(url: &str) -> Result<PgConnection, CliError> {
    establish(&db::primary_address(url)).map_err(|reason| unreachable(url, &reason))
}

/// The same for programs that are started together with their database: a server that is away or not ready is waited for, up to
/// `ATES_START_WAIT_SECONDS` and until `stopped` says so; what waiting cannot mend, such as a wrong password, is an error at once.
pub(super) fn connect_patiently(
    config: &Config,
    url: &str,
    stopped: &dyn Fn() -> bool,
) -> Result<PgConnection, CliError> {
    patiently(config, url, &db::primary_address(url), stopped)
}

fn patiently(
    config: &Config,
    url: &str,
    address: &str,
    stopped: &dyn Fn() -> bool,
) -> Result<PgConnection, CliError> {
    let begun = Instant::now();
    let mut told: Option<Instant> = None;
    loop {
        let reason = match establish(address) {
            Ok(conn) => return Ok(conn),
            Err(reason) => reason,
        };
        let waited = begun.elapsed();
        if stopped() || waited >= config.start_wait || !may_pass(&reason) {
            return Err(unreachable(url, &reason));
        }
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            told = Some(Instant::now());
            tracing::warn!(
                "waiting for the database, {} more seconds at most: {reason}",
                (config.start_wait - waited).as_secs()
            );
        }
        std::thread::sleep(TRY_EVERY.min(config.start_wait - waited));
    }
}

/// A connection, or in a line why there is none.
fn establish(address: &str) -> Result<PgConnection, String> {
    PgConnection::establish(address).map_err(|error| {
        let words = error.to_string();
        let lines: Vec<&str> = words.lines().map(str::trim).collect();
        lines.join(" ")
    })
}

fn unreachable(url: &str, reason: &str) -> CliError {
    CliError(format!(
        "cannot reach the database {}: {reason}; set DATABASE_URL to a server that runs, as postgres://user:password@host/name",
        without_password(url)
    ))
}

/// Whether the reason is one that passes by itself: nobody listens yet, the name is not known yet, the server is about to run or
/// full. What a running server refuses stays refused, and so does an address that is none.
fn may_pass(reason: &str) -> bool {
    const PASSING: [&str; 14] = [
        // Of several hosts none is the primary: one of them is about to be promoted.
        "session is read-only",
        "Connection refused",
        "No such file or directory",
        "timeout expired",
        "timed out",
        "could not translate host name",
        "No route to host",
        "unreachable",
        "reset by peer",
        "server closed the connection",
        "is starting up",
        "is shutting down",
        "not yet accepting connections",
        "recovery mode",
    ];
    let full = reason.contains("too many clients") || reason.contains("connection slots");
    full || PASSING.iter().any(|words| reason.contains(words))
}

/// Brings the schema up to date and opens the pools.
pub(super) fn open_migrated(config: &Config, url: &str) -> Result<Db, CliError> {
    migrated(config, url, connect(url)?)
}

/// The same once the server is there, see [`connect_patiently`].
pub(super) fn open_migrated_patiently(
    config: &Config,
    url: &str,
    stopped: &dyn Fn() -> bool,
) -> Result<Db, CliError> {
    migrated(config, url, connect_patiently(config, url, stopped)?)
}

fn migrated(config: &Config, url: &str, mut conn: PgConnection) -> Result<Db, CliError> {
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

/// Opens the pools of a process that only shows, on whichever server of the address for reading answers. Nothing is written: the
/// schema has to be there.
pub(super) fn open_to_show(config: &Config, url: &str) -> Result<Db, CliError> {
    let at = config.database_read_url.as_deref().unwrap_or(url);
    let mut conn = patiently(config, at, &db::patient_address(at), &|| false)?;
    let lacking = db::lacking_migrations(&mut conn).map_err(|error| CliError(error.to_string()))?;
    if lacking > 0 {
        return Err(CliError(format!(
            "the database lacks {lacking} migrations and this process writes nothing: run `ates migrate` on the primary, or start the earlier release"
        )));
    }
    Ok(Db::read_only(config, url, Clock::system()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_waited_for() {
        for passing in [
            "connection to server at \"127.0.0.1\", port 5432 failed: Connection refused Is the server running on that host?",
            "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory",
            "connection to server at \"db\", port 5432 failed: FATAL:  the database system is starting up",
            "connection to server at \"db\", port 5432 failed: FATAL:  sorry, too many clients already",
            "could not translate host name \"db\" to address: Temporary failure in name resolution",
        ] {
            assert!(may_pass(passing), "{passing}");
        }
        for lasting in [
            "connection to server at \"db\", port 5432 failed: FATAL:  password authentication failed for user \"ates\"",
            "connection to server at \"db\", port 5432 failed: FATAL:  database \"nothing\" does not exist",
            "connection to server at \"db\", port 5432 failed: FATAL:  role \"nobody\" does not exist",
            "connection to server at \"db\", port 5432 failed: FATAL:  no pg_hba.conf entry for host \"10.0.0.1\"",
            "invalid port number: \"x\"",
        ] {
            assert!(!may_pass(lasting), "{lasting}");
        }
    }
}
