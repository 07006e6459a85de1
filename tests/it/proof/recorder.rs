//! A subscriber that writes down all it hears, and a process of it that can be killed.
//!
//! Its table has no unique key on purpose: what is heard twice is seen twice.

use std::io::Read;
use std::time::Duration;

use ates::bus::{self, Item, Start, Subscriber};
use ates::events::Fact;
use ates::platform::clock::Clock;
use ates::platform::config::Config;
use ates::platform::db::{Db, DbRole, Tx};
use ates::platform::error::AppResult;
use ates::platform::workers::Workers;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel::{RunQueryDsl, sql_query};
use uuid::Uuid;

/// The variables that a recording process is started with.
pub const DATABASE: &str = "PROOF_DATABASE_URL";
pub const DAWDLE: &str = "PROOF_DAWDLE_MS";

/// The name of the test that is the body of a recording process.
pub const BODY: &str = "proof::recorder::a_recorder_records_until_its_parent_goes";

/// What the recorders take: all that moves a task or an account of somebody, and the marks of our own publishers.
pub const TYPES: &[&str] = &[
    "account.deleted",
    "task.created",
    "task.estimated",
    "task.assigned",
    "tasks.reassigned",
    "task.completed",
    "audit_log_record.created",
];

/// The names of the two recorders.
pub const NAMES: [&str; 2] = ["proof.first", "proof.second"];

/// Writes into `proof.heard`.
#[derive(Clone, Copy, Debug)]
pub struct Recorder {
    name: &'static str,
    dawdle: Duration,
}

impl Recorder {
    pub fn all(dawdle: Duration) -> Vec<Box<dyn Subscriber>> {
        NAMES
            .iter()
            .map(|name| Box::new(Self { name, dawdle }) as Box<dyn Subscriber>)
            .collect()
    }
}

impl Subscriber for Recorder {
    fn name(&self) -> &'static str {
        self.name
    }

    fn role(&self) -> DbRole {
        DbRole::new("ates_analytics")
    }

    fn types(&self) -> &'static [&'static str] {
        TYPES
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        record(tx, self.name, items)?;
        if !self.dawdle.is_zero() {
            sql_query("select pg_sleep($1)")
                .bind::<Double, _>(self.dawdle.as_secs_f64())
                .execute(tx.conn())?;
        }
        Ok(())
    }
}

/// Writes items down, in their order.
pub fn record(tx: &mut Tx<'_>, subscriber: &str, items: &[Item]) -> AppResult<()> {
    let keys: Vec<Uuid> = items.iter().map(|item| item.subject).collect();
    let seqs: Vec<i64> = items.iter().map(|item| item.seq).collect();
    let numbers: Vec<i32> = items.iter().map(|item| item.item_no).collect();
    let versions: Vec<Option<i64>> = items.iter().map(|item| version(&item.fact)).collect();
    sql_query(
        "insert into proof.heard (subscriber, key, seq, item_no, version)
         select $1, x.key, x.seq, x.item_no, x.version
         from unnest($2, $3, $4, $5) with ordinality as x(key, seq, item_no, version, place) order by x.place",
    )
    .bind::<Text, _>(subscriber)
    .bind::<Array<SqlUuid>, _>(keys)
    .bind::<Array<BigInt>, _>(seqs)
    .bind::<Array<Integer>, _>(numbers)
    .bind::<Array<Nullable<BigInt>>, _>(versions)
    .execute(tx.conn())?;
    Ok(())
}

/// The number that a fact carries among those of its key, if it does: it must come as 1, 2, 3 …
fn version(fact: &Fact) -> Option<i64> {
    match fact {
        Fact::AccountDeleted(deleted) => Some(deleted.version),
        Fact::TaskAssigned { assignment_seq, .. } => Some(i64::from(*assignment_seq)),
        _ => None,
    }
}

/// The database as our own process opens it: small pools, as many processes share one server.
pub fn open(url: &str) -> Db {
    Db::new(&config(url), url, Clock::system())
}

fn config(url: &str) -> Config {
    let values = [
        ("DATABASE_URL", url),
        ("ATES_WEB_POOL", "2"),
        ("ATES_WORKER_POOL", "12"),
        ("ATES_READ_POOL", "2"),
    ];
    Config::from_values(values.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap()
}

/// No test by itself: a process of both recorders, which other tests start, stop and kill.
#[test]
#[ignore = "the body of a process that other tests start"]
fn a_recorder_records_until_its_parent_goes() {
    let Ok(url) = std::env::var(DATABASE) else {
        return;
    };
    let dawdle = std::env::var(DAWDLE)
        .ok()
        .and_then(|ms| ms.parse().ok())
        .map_or(Duration::ZERO, Duration::from_millis);
    std::thread::spawn(move || {
        loop {
            let mut workers = Workers::default();
            if bus::start(
                &mut workers,
                &open(&url),
                &config(&url),
                Recorder::all(dawdle),
            )
            .is_ok()
            {
                // It holds the workers until the process ends.
                loop {
                    std::thread::park();
                }
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    let mut nothing = Vec::new();
    drop(std::io::stdin().read_to_end(&mut nothing));
    std::process::exit(0);
}
