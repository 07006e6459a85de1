//! A database that lives for one command on the configured server, beside the product's own.

use std::time::Instant;

use chrono::{DateTime, Duration, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{Bool, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query};
use thiserror::Error;

use super::primary_address;

/// What the names of all of them begin with.
const PREFIX: &str = "ates_scratch_";

/// The age from which one that nobody uses counts as left behind by a command that was killed.
const ABANDONED: Duration = Duration::hours(1);

/// How long a standby may take to hear of a new one.
const REACH: std::time::Duration = std::time::Duration::from_secs(20);
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);

/// Why there is none.
#[derive(Debug, Error)]
pub enum ScratchError {
    /// The user may not make databases.
    #[error(
        "the database user may not create a database: `alter role {0} createdb`, or set DATABASE_URL to any other server"
    )]
    Forbidden(String),
    /// Anything else, in a line.
    #[error("no scratch database: {0}")]
    Failed(String),
}

impl From<diesel::result::Error> for ScratchError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// An empty database; dropped with it, whatever happens but the death of the process.
pub struct Scratch {
    server: PgConnection,
    name: String,
    url: String,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Scratch {
    /// Makes one on the server of `url` over the connection `server`, which it keeps. Removes those that killed commands left behind.
    ///
    /// # Errors
    /// That the user may not, or what the server says.
    pub fn create(
        mut server: PgConnection,
        url: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, ScratchError> {
        #[derive(QueryableByName)]
        struct May {
            #[diesel(sql_type = Bool)]
            may: bool,
            #[diesel(sql_type = Text)]
            who: String,
        }
        let may: May = sql_query(
            "select rolcreatedb or rolsuper as may, rolname::text as who from pg_roles where rolname = current_user",
        )
        .get_result(&mut server)?;
        if !may.may {
            return Err(ScratchError::Forbidden(may.who));
        }
        sweep(&mut server, now)?;
        let name = format!("{PREFIX}{}_{}", now.timestamp(), std::process::id());
        // From the empty template, so that nothing of a house's own template gets in; the encoding is that of the product's database.
        let encoding: Named = sql_query(
            "select pg_encoding_to_char(encoding)::text as name from pg_database where datname = current_database()",
        )
        .get_result(&mut server)?;
        server.batch_execute("set lock_timeout = '5s'; set statement_timeout = '20s'")?;
        server.batch_execute(&format!(
            "create database {name} template template0 encoding '{}'",
            encoding.name
        ))?;
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}dbname={name}");
        let scratch = Self { server, name, url };
        scratch.await_reach()?;
        Ok(scratch)
    }

    /// Waits until it can be reached by its address: of several hosts a standby may be asked first, and one that has not heard of it
    /// yet refuses, which ends the search for the primary.
    fn await_reach(&self) -> Result<(), ScratchError> {
        let begun = Instant::now();
        loop {
            match self.connect() {
                Err(error) if begun.elapsed() > REACH => return Err(error),
                Err(_) => std::thread::sleep(LOOK_AGAIN),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it.
    ///
    /// # Errors
    /// What the server says.
    pub fn connect(&self) -> Result<PgConnection, ScratchError> {
        PgConnection::establish(&primary_address(&self.url))
            .map_err(|error| ScratchError::Failed(error.to_string()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = drop_database(&mut self.server, &self.name) {
            eprintln!(
                "ates: the database {} is left behind: {error}; drop it by hand",
                self.name
            );
        }
    }
}

/// Drops those that are old and that nobody uses.
fn sweep(server: &mut PgConnection, now: DateTime<Utc>) -> Result<(), ScratchError> {
    let unused: Vec<Named> = sql_query(
        "select d.datname::text as name from pg_database d
         where starts_with(d.datname::text, $1) and pg_has_role(d.datdba, 'usage')
           and not exists (select from pg_stat_activity a where a.datid = d.oid)",
    )
    .bind::<Text, _>(PREFIX)
    .load(server)?;
    for Named { name } in unused {
        let made = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(seconds, _)| seconds.parse().ok())
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        if made.is_some_and(|made| now - made > ABANDONED) {
            drop_database(server, &name)?;
        }
    }
    Ok(())
}

fn drop_database(server: &mut PgConnection, name: &str) -> diesel::QueryResult<()> {
    server.batch_execute(&format!("drop database if exists {name} with (force)"))
}
