//! Migrations, embedded in the binary and run under a lock, so that several instances may start at once.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// For how long a migration is tried again while somebody holds what it changes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Those who have waited behind a migration get through before it is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Why the schema could not be brought up to date.
#[derive(Debug, Error)]
#[error("the migrations failed: {0}")]
pub struct MigrationError(String);

/// Brings the schema up to date; idempotent. Gives the number of migrations that were applied.
///
/// # Errors
/// The first migration that fails, in words.
pub fn migrate(conn: &mut PgConnection) -> Result<usize, MigrationError> {
    let failed = |error: &dyn std::fmt::Display| MigrationError(error.to_string());
    conn.batch_execute("set statement_timeout = 0; set lock_timeout = 0; select pg_advisory_lock(7781, 0); set lock_timeout = '1s'")
        .map_err(|error| failed(&error))?;
    let applied = run_pending(conn);
    conn.batch_execute("select pg_advisory_unlock(7781, 0)")
        .map_err(|error| failed(&error))?;
    applied
}

/// Whoever wants a table waits behind the migration that waits for it, so it waits for a second only, and then lets them go first.
fn run_pending(conn: &mut PgConnection) -> Result<usize, MigrationError> {
    let (begun, pending) = (Instant::now(), pending_migrations(conn)?);
    while let Err(error) = conn.run_pending_migrations(MIGRATIONS) {
        let words = error.to_string();
        if !words.contains("lock timeout") || begun.elapsed() > PATIENCE {
            return Err(MigrationError(words));
        }
        tracing::warn!("somebody holds what a migration changes; it is tried again: {words}");
        std::thread::sleep(PAUSE);
    }
    Ok(pending)
}

/// How many migrations the database lacks.
///
/// # Errors
/// That the database cannot be asked.
pub fn pending_migrations(conn: &mut PgConnection) -> Result<usize, MigrationError> {
    conn.pending_migrations(MIGRATIONS)
        .map(|pending| pending.len())
        .map_err(|error| MigrationError(error.to_string()))
}

/// The same without a write, for a server that may be a standby.
///
/// # Errors
/// That the database cannot be asked; so it is for one that was never migrated.
pub fn lacking_migrations(conn: &mut PgConnection) -> Result<usize, MigrationError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        applied: i64,
    }
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS
        .migrations()
        .map_err(|error| MigrationError(error.to_string()))?;
    let versions: Vec<String> = known
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let row: Row = sql_query(
        "select count(*) as applied from __diesel_schema_migrations where version = any($1)",
    )
    .bind::<Array<Text>, _>(&versions)
    .get_result(conn)
    .map_err(|error| MigrationError(error.to_string()))?;
    Ok(versions
        .len()
        .saturating_sub(usize::try_from(row.applied).unwrap_or_default()))
}
