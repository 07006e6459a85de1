//! A database for each test, cloned from a template that is migrated once a run.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use ates::platform::db;
use ates::platform::partitions::MADE_AHEAD;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer, Timestamptz};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use super::monday;

/// A test's own database; dropped with it.
pub struct TestDatabase {
    name: String,
    url: String,
    /// Whether it lives on a server of its test's own, and goes with it.
    elsewhere: bool,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// A database as an earlier release left it: migrated up to `last` and no further.
    pub fn of_release(last: &str) -> Self {
        // Whoever makes the template has made the server's roles.
        template();
        let name = fresh_name();
        let database = Self {
            url: url_of(&name),
            name,
            elsewhere: false,
        };
        let mut server = connect_to("postgres");
        server
            .batch_execute(&format!(
                "drop database if exists {} with (force)",
                database.name
            ))
            .unwrap();
        server
            .batch_execute(&format!("create database {}", database.name))
            .unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let source = FileBasedMigrations::from_path(folder).unwrap();
        let mut conn = database.connect();
        while conn.run_next_migration(source.clone()).unwrap().to_string() != last {}
        database
    }

    pub fn create() -> Self {
        let template = template();
        let name = fresh_name();
        let mut server = connect_to("postgres");
        server
            .batch_execute(&format!("drop database if exists {name} with (force)"))
            .unwrap();
        // The lock keeps two clones of one template apart, which Postgres refuses to make at the same time. Copied files take half as
        // long as copied blocks, which would go through the log one by one.
        server
            .batch_execute("select pg_advisory_lock(7781, 99)")
            .unwrap();
        server
            .batch_execute(&format!(
                "create database {name} template {template} strategy file_copy"
            ))
            .unwrap();
        server
            .batch_execute("select pg_advisory_unlock(7781, 99)")
            .unwrap();
        Self {
            url: url_of(&name),
            name,
            elsewhere: false,
        }
    }

    /// The database at an address on another server than the tests' own, as it is.
    pub fn elsewhere(url: &str) -> Self {
        Self {
            name: String::new(),
            url: url.to_owned(),
            elsewhere: true,
        }
    }

    /// The same of several hosts at the one that takes changes, migrated.
    pub fn at(url: &str) -> Self {
        let database = Self::elsewhere(&db::primary_address(url));
        db::migrate(&mut database.connect()).unwrap();
        database
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.url).unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.elsewhere {
            return;
        }
        let dropped = connect_to("postgres").batch_execute(&format!(
            "drop database if exists {} with (force)",
            self.name
        ));
        if let Err(error) = dropped {
            eprintln!("database {} was left behind: {error}", self.name);
        }
    }
}

fn fresh_name() -> String {
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    format!("t_{}_{number}", std::process::id())
}

/// The migrations make the parts around the present moment, where no test's clock is: each of them would be planned for with every
/// statement of every test. A program that does live today makes its own when it starts.
const FORGET_THE_PRESENT: &str = "
    do $$ declare part record; begin
      for part in select p.schema, p.name from platform.partitions p
          where p.month > timestamptz '2026-07-01' loop
        execute format('drop table %I.%I', part.schema, part.name);
      end loop;
    end $$";

/// The name of the migrated template, made by whoever comes first.
fn template() -> String {
    let name = format!(
        "template_{:x}",
        fingerprint(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/migrations"
        )))
    );
    let mut server = connect_to("postgres");
    server
        .batch_execute("select pg_advisory_lock(7781, 98)")
        .unwrap();
    if count(
        &mut server,
        &format!("pg_database where datname = '{name}' and datistemplate"),
    ) == 0
    {
        server
            .batch_execute(&format!("drop database if exists {name} with (force)"))
            .unwrap();
        server
            .batch_execute(&format!("create database {name}"))
            .unwrap();
        let mut fresh = connect_to(&name);
        db::migrate(&mut fresh).unwrap();
        // What every program makes at its start, so that not each test makes it anew.
        sql_query("select platform.make_partitions($1, $2)")
            .bind::<Timestamptz, _>(monday())
            .bind::<Integer, _>(MADE_AHEAD)
            .execute(&mut fresh)
            .unwrap();
        fresh.batch_execute(FORGET_THE_PRESENT).unwrap();
        drop(fresh);
        server
            .batch_execute(&format!("alter database {name} is_template true"))
            .unwrap();
    }
    server
        .batch_execute("select pg_advisory_unlock(7781, 98)")
        .unwrap();
    name
}

/// A number for what a template is made of: the migrations of that folder and what this file adds to them.
fn fingerprint(folder: &Path) -> u64 {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    include_str!("database.rs").hash(&mut hasher);
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// A connection to a database of the tests' server.
pub fn connect_to(name: &str) -> PgConnection {
    PgConnection::establish(&url_of(name)).unwrap()
}

/// The address of a database on the tests' server.
fn url_of(name: &str) -> String {
    let server = std::env::var("ATES_TEST_DATABASE_URL")
        .expect("ATES_TEST_DATABASE_URL is not set: run ./check, or eval \"$(tests/support/postgres start)\" first");
    let (base, query) = server.split_once('?').unwrap_or((&server, ""));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    if query.is_empty() {
        format!("{base}/{name}")
    } else {
        format!("{base}/{name}?{query}")
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many rows there are `from …`.
pub fn count(conn: &mut PgConnection, from: &str) -> i64 {
    sql_query(format!("select count(*) as count from {from}"))
        .get_result::<Count>(conn)
        .unwrap()
        .count
}

/// One number that a query gives, under the name `n`.
pub fn number(conn: &mut PgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    sql_query(query).get_result::<Number>(conn).unwrap().n
}

/// One text that a query gives, under the name `t`.
pub fn text(conn: &mut PgConnection, query: &str) -> String {
    #[derive(QueryableByName)]
    struct TextRow {
        #[diesel(sql_type = diesel::sql_types::Text)]
        t: String,
    }
    sql_query(query).get_result::<TextRow>(conn).unwrap().t
}
