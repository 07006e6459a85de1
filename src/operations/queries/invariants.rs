//! Asking every invariant.

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::operations::invariants::{INVARIANTS, Invariant};
use crate::platform::error::AppResult;

/// Rows that a finding shows.
const SAMPLE: i64 = 5;

/// What asking one invariant gave.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The invariant.
    pub invariant: &'static Invariant,
    /// How many rows break it; zero when it holds.
    pub count: i64,
    /// The first of them, in words.
    pub sample: Vec<String>,
}

impl Finding {
    /// Whether the invariant holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.holds() { "ok    " } else { "BROKEN" };
        let Invariant { number, name, .. } = self.invariant;
        write!(f, "{state} {number:>2} {name}: {}", self.count)?;
        for row in &self.sample {
            write!(f, "\n          {row}")?;
        }
        Ok(())
    }
}

/// Asks every invariant in the open transaction, which must be one snapshot and whose role must be able to read the auditors'
/// views; `now` tells what is late.
///
/// The questions look at every transfer, so for the rest of the transaction they get more time and memory than a page.
///
/// # Errors
/// Those of the database.
pub fn verify(conn: &mut PgConnection, now: DateTime<Utc>) -> AppResult<Vec<Finding>> {
    allow_time(conn)?;
    INVARIANTS
        .iter()
        .map(|invariant| ask(conn, invariant, now))
        .collect()
}

/// Gives the rest of the transaction more time and memory than a page has, and joins by hash only: with statistics of the morning
/// the planner takes the day's million transfers for a handful and compares each with each (docs/PERFORMANCE.md).
pub(in crate::operations) fn allow_time(conn: &mut PgConnection) -> AppResult<()> {
    conn.batch_execute(
        "set local statement_timeout = '5min'; set local work_mem = '64MB'; set local enable_nestloop = off; set local jit = off",
    )?;
    Ok(())
}

fn ask(
    conn: &mut PgConnection,
    invariant: &'static Invariant,
    now: DateTime<Utc>,
) -> AppResult<Finding> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        offender: String,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Row> = sql_query(format!(
        "select offender, count(*) over () as total from ({}) as offenders where $1 is not null limit {SAMPLE}",
        invariant.sql
    ))
    .bind::<Timestamptz, _>(now)
    .load(conn)?;
    Ok(Finding {
        invariant,
        count: rows.first().map_or(0, |row| row.total),
        sample: rows.into_iter().map(|row| row.offender).collect(),
    })
}
