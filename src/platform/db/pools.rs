//! The pools of connections, and the addresses that they are opened at.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, HandleError, PooledConnection};

use super::busy;
use crate::platform::error::AppResult;
use crate::platform::metrics;

type Manager = ConnectionManager<PgConnection>;

pub(super) type Pool = diesel::r2d2::Pool<Manager>;

/// A connection of a pool.
pub(super) type Pooled = PooledConnection<Manager>;

pub(super) fn checkout(pool: &Pool) -> AppResult<Pooled> {
    pool.get().map_err(|error| {
        metrics::no_connection();
        tracing::warn!(error = %error, "no database connection");
        busy()
    })
}

/// A pool that opens connections as they are needed; `idle` of them at once. Who begins a transaction finds out whether a connection
/// lives, see [`super::whole`]; nobody is asked twice.
pub(super) fn pool(url: &str, size: u32, idle: u32, wait: Duration, limits: Limits) -> Pool {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(size.min(idle)))
        .connection_timeout(wait)
        .test_on_check_out(false)
        .max_lifetime(Some(Duration::from_secs(30 * 60)))
        .connection_customizer(Box::new(limits))
        .error_handler(Box::new(LogPoolError))
        .build_unchecked(ConnectionManager::new(url))
}

/// What an address gets unless it says otherwise: a server that takes no connection, or that does not answer any more because the
/// network swallows everything, is given up after seconds instead of minutes.
const PATIENCE: [(&str, &str); 5] = [
    ("connect_timeout", "3"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

/// The address of the server that takes changes: of several hosts the one that is no standby, also after another was promoted.
#[must_use]
pub fn primary_address(url: &str) -> String {
    let url = patient_address(url);
    if has_several_hosts(&url) {
        return with(url, "target_session_attrs", "read-write");
    }
    url
}

/// The same address for who only reads: of several hosts the first that answers.
#[must_use]
pub fn patient_address(url: &str) -> String {
    PATIENCE
        .iter()
        .fold(url.to_owned(), |url, (key, value)| with(url, key, value))
}

/// Whether an address names more than one host.
pub(super) fn has_several_hosts(url: &str) -> bool {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let place = place.split_once("://").map_or(place, |(_, place)| place);
    let authority = place.split('/').next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    let named = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("host="));
    hosts.contains(',')
        || named
            .into_iter()
            .any(|hosts| hosts.contains(',') || hosts.contains("%2C"))
}

fn with(url: String, key: &str, value: &str) -> String {
    if url.contains(&format!("{key}=")) {
        return url;
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{key}={value}")
}

/// Server-side limits that every connection of a pool carries. Also what a random page costs: our sets are hundreds of keys out
/// of large tables, and at the server's default of 4 they are found by reading the whole table (docs/PERFORMANCE.md). And no helpers: to
/// start them takes longer than most pages do; what reads the whole of the books asks for them.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) name: &'static str,
    pub(super) statement: Duration,
    pub(super) lock_seconds: u32,
    pub(super) idle_seconds: u32,
}

impl Limits {
    /// Sets them on a connection that was just opened.
    pub(super) fn set(&self, conn: &mut PgConnection) -> Result<(), diesel::result::Error> {
        conn.batch_execute(&format!(
            "set application_name = '{}'; set statement_timeout = {}; set lock_timeout = '{}s'; \
             set idle_in_transaction_session_timeout = '{}s'; set client_connection_check_interval = 1000; \
             set random_page_cost = 1.1; set jit = off; set max_parallel_workers_per_gather = 0; set timezone = 'UTC'",
            self.name,
            self.statement.as_millis(),
            self.lock_seconds,
            self.idle_seconds,
        ))
    }
}

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Limits {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        self.set(conn).map_err(diesel::r2d2::Error::QueryError)
    }
}

#[derive(Debug)]
struct LogPoolError;

impl HandleError<diesel::r2d2::Error> for LogPoolError {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(error = %error, "a database connection could not be opened");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_of_several_hosts_the_one_that_takes_changes_is_asked_for() {
        for several in [
            "postgres://ates:s@one,two/ates",
            "postgres://ates@one:5432,two:5433/ates?sslmode=require",
            "postgres:///ates?user=ates&host=/run/a,/run/b",
        ] {
            assert!(
                primary_address(several).contains("target_session_attrs=read-write"),
                "{several}"
            );
            assert!(!patient_address(several).contains("target_session_attrs"));
        }
        for one in [
            "postgres://a,b@one/ates",
            "postgres:///ates?host=/run/a&user=ates",
            "postgres://one/ates",
        ] {
            assert!(
                !primary_address(one).contains("target_session_attrs"),
                "{one}"
            );
        }
        assert_eq!(
            patient_address("postgres://h/d?connect_timeout=9"),
            "postgres://h/d?connect_timeout=9&keepalives_idle=10&keepalives_interval=3&keepalives_count=3&tcp_user_timeout=15000"
        );
    }
}
