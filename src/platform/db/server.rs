//! What the database server tells of itself: for the page about the system.

use chrono::NaiveDateTime;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text, Timestamp};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::DbRole;
use crate::platform::error::AppResult;

/// The program's own log-in, which stands above the roles of the modules: to read what belongs to none of them.
pub const LOGIN: DbRole = DbRole::new("none");

/// The server that the pages are read from.
#[derive(Clone, Debug, QueryableByName)]
pub struct Server {
    /// Its version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Whether it follows another.
    #[diesel(sql_type = Bool)]
    pub standby: bool,
    /// How far a standby is behind, seconds.
    #[diesel(sql_type = Nullable<Double>)]
    pub behind: Option<f64>,
    /// How many standbys follow it.
    #[diesel(sql_type = BigInt)]
    pub followers: i64,
    /// How far the last of those is behind, seconds; none if that may not be seen, or nothing is under way.
    #[diesel(sql_type = Nullable<Double>)]
    pub follower_behind: Option<f64>,
}

/// The server.
///
/// # Errors
/// Those of the database.
pub fn server(conn: &mut PgConnection) -> AppResult<Server> {
    Ok(sql_query(
        "select current_setting('server_version') as version, pg_is_in_recovery() as standby,
           case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
             then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end as behind,
           (select count(*) from pg_stat_replication) as followers,
           (select extract(epoch from max(replay_lag))::float8 from pg_stat_replication) as follower_behind",
    )
    .get_result(conn)?)
}

/// What a schema takes.
#[derive(Clone, Debug, QueryableByName)]
pub struct SchemaSize {
    /// The schema.
    #[diesel(sql_type = Text)]
    pub schema: String,
    /// Tables and partitions in it.
    #[diesel(sql_type = BigInt)]
    pub tables: i64,
    /// What they take with their indexes, bytes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

/// What each module's schema takes, the largest first.
///
/// # Errors
/// Those of the database.
pub fn schema_sizes(conn: &mut PgConnection) -> AppResult<Vec<SchemaSize>> {
    Ok(sql_query(
        "select n.nspname::text as schema, count(*) as tables, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         group by 1 order by 3 desc, 1",
    )
    .load(conn)?)
}

/// A migration that was applied.
#[derive(Clone, Debug, QueryableByName)]
pub struct Migrated {
    /// Its number.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// When it was applied, UTC.
    #[diesel(sql_type = Timestamp)]
    pub run_on: NaiveDateTime,
    /// How many were applied up to now.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The migrations that were applied, the last first; read under [`LOGIN`].
///
/// # Errors
/// Those of the database.
pub fn last_migrations(conn: &mut PgConnection, limit: i64) -> AppResult<Vec<Migrated>> {
    Ok(sql_query(
        "select version::text as version, run_on, count(*) over () as count from __diesel_schema_migrations
         order by version desc limit $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
