//! Partitions of the ledger, the journal and the log: made ahead, and moved to the archive when their time online is over (R07, R08).
//!
//! The statements that make and move tables are functions of the database, which act with the rights of who migrated it: the roles
//! of the modules cannot make tables, and only `ates_platform` may call these.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::db::{Db, DbRole, Lane, Origin};
use super::error::{AppError, AppResult};

/// The role that makes and moves partitions and reads the archive.
pub const ROLE: DbRole = DbRole::new("ates_platform");

/// How many months, and parts of the log, are made before they are needed.
pub const MADE_AHEAD: i32 = 3;

/// Fewer of them than this is an alarm.
pub const LEAST_AHEAD: i64 = 2;

/// How often a table that is in use is waited for, two seconds each time.
const ATTEMPTS: u32 = 5;

/// A table of which months or parts are moved to the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioned {
    /// The ledger, by months of the business date.
    Transfers,
    /// The journal of the tasks, by months of the time in UTC.
    Journal,
    /// The log, by ten million numbers.
    Events,
}

impl Partitioned {
    /// Its name, in the archive too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Journal => "journal",
            Self::Events => "events",
        }
    }
}

/// How many partitions of a table lie after the one that is written to.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Ahead {
    /// The table.
    #[diesel(sql_type = Text)]
    pub parent: String,
    /// Months, or parts of the log.
    #[diesel(sql_type = BigInt)]
    pub ahead: i64,
}

/// A partition in the archive.
#[derive(Clone, Debug, QueryableByName)]
pub struct Archived {
    /// The table it belongs to.
    #[diesel(sql_type = Text)]
    pub parent: String,
    /// Its name in the schema `archive`.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its month; none for parts of the log.
    #[diesel(sql_type = Nullable<Date>)]
    pub month: Option<NaiveDate>,
    /// What it takes on disk with its indexes, in bytes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// Where it lies.
    #[diesel(sql_type = Text)]
    pub tablespace: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Makes the partitions around now that are missing, those after a downtime too: from the month before to [`MADE_AHEAD`] months
/// ahead. Cheap when nothing is missing. Gives the names of those it made.
///
/// # Errors
/// Unavailable when a table could not be had in time; those of the database.
pub fn make(db: &Db) -> AppResult<Vec<String>> {
    let now = db.clock().now();
    let made = patiently(|| {
        write(db, |conn| {
            let rows: Vec<Name> =
                sql_query("select name from platform.make_partitions($1, $2) as m(name)")
                    .bind::<Timestamptz, _>(now)
                    .bind::<Integer, _>(MADE_AHEAD)
                    .load(conn)?;
            Ok(names(rows))
        })
    })?;
    if !made.is_empty() {
        tracing::info!(partitions = made.join(" "), "partitions were made");
    }
    Ok(made)
}

/// How many partitions of each table lie ahead: the figure that alarms below [`LEAST_AHEAD`].
///
/// # Errors
/// Those of the database.
pub fn list_ahead(conn: &mut PgConnection, now: DateTime<Utc>) -> AppResult<Vec<Ahead>> {
    Ok(
        sql_query("select parent, ahead from platform.partitions_ahead($1) order by parent")
            .bind::<Timestamptz, _>(now)
            .load(conn)?,
    )
}

/// Moves what is older than `months` to the archive, a partition a transaction, and its files to `tablespace` if one is named. What
/// is not settled, not heard by every subscriber or not repaired stays. Idempotent. Gives the names of those it moved.
///
/// # Errors
/// Unavailable when a table could not be had in time; those of the database, as for an unknown tablespace.
pub fn archive(db: &Db, months: u32, tablespace: Option<&str>) -> AppResult<Vec<String>> {
    let now = db.clock().now();
    let months = i32::try_from(months).unwrap_or(i32::MAX);
    let due = write(db, |conn| {
        let rows: Vec<Name> = sql_query("select name from platform.archivable_partitions($1, $2)")
            .bind::<Timestamptz, _>(now)
            .bind::<Integer, _>(months)
            .load(conn)?;
        Ok(names(rows))
    })?;
    let mut moved = Vec::new();
    for name in due {
        let done = patiently(|| {
            write(db, |conn| {
                #[derive(QueryableByName)]
                struct Moved {
                    #[diesel(sql_type = Bool)]
                    moved: bool,
                }
                let row: Moved =
                    sql_query("select platform.archive_partition($1, $2, $3) as moved")
                        .bind::<Text, _>(&name)
                        .bind::<Timestamptz, _>(now)
                        .bind::<Integer, _>(months)
                        .get_result(conn)?;
                Ok(row.moved)
            })
        })?;
        if done {
            tracing::info!(partition = name, "a partition was moved to the archive");
            moved.push(name);
        }
    }
    if let Some(tablespace) = tablespace {
        while patiently(|| store(db, tablespace))? {}
    }
    Ok(moved)
}

/// Brings the files of one archived partition to the tablespace; false when all are there.
fn store(db: &Db, tablespace: &str) -> AppResult<bool> {
    write(db, |conn| {
        sql_query("set local statement_timeout = 0").execute(conn)?;
        let rows: Vec<Name> = sql_query("select name from platform.store_archived($1) as s(name)")
            .bind::<Text, _>(tablespace)
            .load(conn)?;
        Ok(!rows.is_empty())
    })
}

/// What is in the archive, the oldest first.
///
/// # Errors
/// Those of the database.
pub fn list_archived(conn: &mut PgConnection) -> AppResult<Vec<Archived>> {
    Ok(sql_query(
        "select parent, name, month, bytes, tablespace from platform.partitions where archived order by parent, name",
    )
    .load(conn)?)
}

fn names(rows: Vec<Name>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

fn write<T>(db: &Db, work: impl FnOnce(&mut PgConnection) -> AppResult<T>) -> AppResult<T> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| work(tx.conn()))
}

/// Tries again what could not get its lock within two seconds, so that nobody waits behind it for longer than that.
fn patiently<T>(work: impl Fn() -> AppResult<T>) -> AppResult<T> {
    let mut attempt = 1;
    loop {
        match work() {
            Err(AppError::Unavailable { .. }) if attempt < ATTEMPTS => {
                std::thread::park_timeout(Duration::from_millis(200) * attempt);
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}
