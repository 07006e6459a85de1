//! Partitions of the ledger, the journal and the log: made ahead, and moved to the archive when their time online is over (R07, R08).
//!
//! The statements that make and move tables are functions of the database, which act with the rights of who migrated it: the roles
//! of the modules cannot make tables, and only `ates_platform` may call these.

mod archive;

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Integer, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::db::{Db, DbRole, Lane, Origin};
use super::error::{AppError, AppResult};
pub use archive::{Archived, Partitioned, archive, archive_daily, list_archived, show_archived};

/// The role that makes and moves partitions and reads the archive.
pub const ROLE: DbRole = DbRole::new("ates_platform");

/// How many months, and parts of the log, are made before they are needed.
pub const MADE_AHEAD: i32 = 3;

/// Fewer of them than this is an alarm.
pub const LEAST_AHEAD: i64 = 2;

/// How often a table that is in use is waited for, two seconds each time.
const ATTEMPTS: u32 = 5;

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

fn names(rows: Vec<Name>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

fn write<T>(db: &Db, work: impl FnOnce(&mut PgConnection) -> AppResult<T>) -> AppResult<T> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| work(tx.conn()))
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
