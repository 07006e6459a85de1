//! Migrations, embedded in the binary and run under a lock, so that several instances may start at once.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::pg::PgConnection;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use thiserror::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

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
    conn.batch_execute("set statement_timeout = 0; set lock_timeout = 0; select pg_advisory_lock(7781, 0); set lock_timeout = '5s'")
        .map_err(|error| failed(&error))?;
    let applied = conn
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.len());
    conn.batch_execute("select pg_advisory_unlock(7781, 0)")
        .map_err(|error| failed(&error))?;
    applied.map_err(|error| failed(&error))
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
