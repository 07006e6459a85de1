//! The doctor: whether log, cursors and ledger agree, told from the outside.
//!
//! The ledger is compared with a fold over the log that shares nothing with the code that books: it reads the content of events
//! by the names of the contract, one after the other.

mod fold;
mod reconcile;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use fold::Unheard;

use super::queries;
use crate::bus::{self, Check, Roster};
use crate::platform::clock::BusinessZone;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::{AppError, AppResult};
use crate::platform::jobs::{self, RunState};
use crate::platform::partitions::{self, Ahead};

/// The consumer whose ledger is compared.
const LEDGER: &str = "accounting.ledger";

/// The name of the nightly run.
const JOB: &str = "operations.doctor";

/// Everything the doctor found, in the order it looked.
#[derive(Clone, Debug)]
pub struct Diagnosis(Vec<Check>);

impl Diagnosis {
    /// Every check.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.0.iter()
    }

    /// Every fault, each in a line that begins with its check.
    pub fn faults(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().flat_map(|check| {
            let line = |fault| format!("{}: {fault}", check.name);
            check.faults.iter().map(line)
        })
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.0.iter().all(|check| check.faults.is_empty())
    }
}

/// Looks at log, cursors and ledger in the open transaction, which must be one snapshot under [`super::ROLE`].
///
/// # Errors
/// Those of the database.
pub fn examine(
    conn: &mut PgConnection,
    roster: &Roster,
    now: DateTime<Utc>,
) -> AppResult<Diagnosis> {
    queries::allow_time(conn)?;
    let mut checks = bus::check_log(conn, roster)?;
    checks.push(partitions_ahead(conn, now)?);
    let parked = bus::list_unapplied(conn, LEDGER)?;
    let mut unheard = Unheard {
        unapplied: parked.iter().copied().collect(),
        journaled: HashMap::new(),
    };
    let booked = queries::list_booked_otherwise(conn, &parked)?;
    for item in &booked {
        unheard.unapplied.remove(item);
    }
    for row in queries::list_journaled(conn, &booked)? {
        let dues = unheard.journaled.entry(row.event_id).or_default();
        dues.push(row.into());
    }
    checks.push(reconcile::ledger(conn, LEDGER, &unheard)?);
    checks.push(Check::new("told transfers", queries::untold(conn)?));
    Ok(Diagnosis(checks))
}

fn partitions_ahead(conn: &mut PgConnection, now: DateTime<Utc>) -> AppResult<Check> {
    let all = partitions::list_ahead(conn, now)?;
    let (few, enough): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|table| table.ahead < partitions::LEAST_AHEAD);
    let told = |table: &&Ahead| format!("{}: {} ahead", table.parent, table.ahead);
    Ok(Check {
        notes: enough.iter().map(told).collect(),
        ..Check::new("partitions", few.iter().map(told).collect())
    })
}

/// Examines once a business date, when it has begun; what is wrong goes to the log of the program and stands with the runs.
///
/// # Errors
/// Those of the database.
pub fn examine_nightly(db: &Db, zone: BusinessZone, roster: &Roster) -> AppResult<()> {
    let now = db.clock().now();
    let date = zone.date_of(now).to_string();
    let known = db.read_blocking(super::ROLE, |conn| jobs::exists(conn, JOB, &date))?;
    if known {
        return Ok(());
    }
    let diagnosis = db.read_blocking(super::ROLE, |conn| examine(conn, roster, now))?;
    for fault in diagnosis.faults() {
        tracing::error!(fault, "the doctor found something wrong");
    }
    write_down(db, &date, &diagnosis, now)
}

/// [`examine`] at once, because somebody asked for it: what is found goes to the log and into the run table, beside the nightly run.
///
/// # Errors
/// Those of the database, and that something was found.
pub fn examine_by_hand(db: &Db, roster: &Roster) -> AppResult<()> {
    let now = db.clock().now();
    let diagnosis = db.read_blocking(super::ROLE, |conn| examine(conn, roster, now))?;
    for fault in diagnosis.faults() {
        tracing::error!(fault, "the doctor found something wrong");
    }
    let key = now.format("%Y-%m-%d %H:%M:%S by hand").to_string();
    write_down(db, &key, &diagnosis, now)?;
    match diagnosis.faults().next() {
        None => Ok(()),
        Some(fault) => Err(AppError::internal(fault)),
    }
}

fn write_down(db: &Db, date: &str, diagnosis: &Diagnosis, now: DateTime<Utc>) -> AppResult<()> {
    let first = diagnosis.faults().next();
    let state = match first {
        None => RunState::Done,
        Some(_) => RunState::Failed,
    };
    db.transaction_blocking(Lane::Worker, super::ROLE, Origin::system(), |tx| {
        jobs::record(tx.conn(), JOB, date, state, first.as_deref(), now)
    })
}
