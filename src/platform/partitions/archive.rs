//! The archive: what is past its time online, with its rows and their indexes as they were (R07).

use chrono::{Months, NaiveDate};
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::{Name, ROLE, names, patiently, write};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::jobs::{self, RunState};

/// The daily job in the run table; its run key is the date in the company's zone.
const JOB: &str = "platform.archive";

/// Rows that are read at a time when a month is shown.
const ROWS: u32 = 1_000;

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

    /// The rows of a month in their order; `$1` and `$2` are its first day and the one after its last, in UTC.
    const fn rows_of_month(self) -> &'static str {
        match self {
            Self::Transfers => {
                "archive.transfers t where t.business_date >= $1 and t.business_date < $2 order by t.business_date, t.id"
            }
            Self::Journal => {
                "archive.journal t where t.occurred_at >= $1::timestamp at time zone 'UTC'
                   and t.occurred_at < $2::timestamp at time zone 'UTC' order by t.occurred_at, t.id"
            }
            Self::Events => {
                "archive.events t where t.recorded_at >= $1::timestamp at time zone 'UTC'
                   and t.recorded_at < $2::timestamp at time zone 'UTC' order by t.recorded_at, t.seq"
            }
        }
    }
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

/// Does once a day what `ates archive` does, and writes it into the run table; a failed run is tried again at the next bell.
///
/// # Errors
/// As for [`archive`].
pub fn archive_daily(db: &Db, config: &Config) -> AppResult<()> {
    let key = config.zone.date_of(db.clock().now()).to_string();
    if write(db, |conn| jobs::is_done(conn, JOB, &key))? {
        return Ok(());
    }
    let outcome = archive(
        db,
        config.archive_after_months,
        config.archive_tablespace.as_deref(),
    );
    let (state, detail) = match &outcome {
        Ok(moved) => (
            RunState::Done,
            Some(moved.join(" ")).filter(|names| !names.is_empty()),
        ),
        Err(error) => (RunState::Failed, Some(error.to_string())),
    };
    let now = db.clock().now();
    write(db, |conn| {
        jobs::record(conn, JOB, &key, state, detail.as_deref(), now)
    })?;
    outcome.map(drop)
}

/// Hands over every archived row of a table of the month that begins on `first`, each as a line of JSON, in the order of time.
/// Gives their number.
///
/// # Errors
/// Those of the database and of `line`.
pub fn show_archived(
    db: &Db,
    table: Partitioned,
    first: NaiveDate,
    line: &mut dyn FnMut(&str) -> AppResult<()>,
) -> AppResult<u64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        line: String,
    }
    db.read_blocking(ROLE, |conn| {
        sql_query("set local statement_timeout = 0").execute(conn)?;
        sql_query(format!(
            "declare archived no scroll cursor for select to_jsonb(t)::text as line from {}",
            table.rows_of_month()
        ))
        .bind::<Date, _>(first)
        .bind::<Date, _>(first + Months::new(1))
        .execute(conn)?;
        let mut count = 0;
        loop {
            let rows: Vec<Row> =
                sql_query(format!("fetch forward {ROWS} from archived")).load(conn)?;
            if rows.is_empty() {
                return Ok(count);
            }
            for row in rows {
                line(&row.line)?;
                count += 1;
            }
        }
    })
}
