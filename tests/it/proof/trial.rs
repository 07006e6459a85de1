//! One trial: a stage, processes, a load, the monkey; then the calm, and the judge.

use std::time::{Duration, Instant};

use ates::bus::{self, Holder, ParkedFilter, Selection};
use ates::platform::db::{Db, Origin};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};

use super::fleet::{Instance, Kind, Launch};
use super::load::Load;
use super::monkey::{Monkey, Tools};
use super::{judge, recorder, stage};
use crate::support::database::TestDatabase;

/// A trial of the recorders alone, on a database of the tests' server.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What the recording processes are told to do wrong, as `ATES_FAULTS` says it.
    pub faults: Option<&'static str>,
    /// What is done to the database, as its owner.
    pub sabotage: Option<&'static str>,
    pub dawdle_ms: u64,
    pub tools: Tools,
    pub time: Duration,
}

impl Trial {
    /// Runs it, with a seed that is printed, and gives what the judge found.
    pub fn run(&self) -> Vec<String> {
        let seed = seed();
        let database = TestDatabase::create();
        let mut conn = database.connect();
        stage::set(&mut conn);
        stage::linger(&mut conn);
        if let Some(sabotage) = self.sabotage {
            conn.batch_execute(sabotage).unwrap();
        }
        let sick = Launch {
            database: database.url().to_owned(),
            faults: self.faults.map(ToOwned::to_owned),
            dawdle_ms: self.dawdle_ms,
        };
        let healthy = Launch {
            faults: None,
            dawdle_ms: 0,
            ..sick.clone()
        };
        let db = recorder::open(database.url());
        let mut fleet: Vec<Instance> = (0..2)
            .map(|_| Instance::start(Kind::Recorders, &sick))
            .collect();
        crate::support::wait_until("the recorders have begun", || {
            crate::support::database::count(&mut conn, "bus.subscribers") == 2
        });
        let load = Load::none().publish(&db, seed, 6);
        let mut monkey = Monkey::new(seed, database.url(), None, self.tools);
        monkey.play(self.time, &mut fleet, &sick);
        load.end();
        for instance in &mut fleet {
            instance.restart(&healthy);
        }
        calm(&db, database.url(), Duration::from_secs(30));
        drop(fleet);
        let events = crate::support::database::count(&mut conn, "bus.events");
        println!("{events} events; {:?}", monkey.deeds);
        assert!(events > 100, "too little work to mean anything");
        let mut findings = monkey.deeds.findings;
        findings.extend(judge::of_the_bus(&mut conn));
        findings
    }
}

/// The seed of a run; `ATES_TEST_SEED` plays an earlier one again, as far as the machine lets it.
pub fn seed() -> u64 {
    let seed = std::env::var("ATES_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("seed {seed}");
    seed
}

/// Resumes, replays and waits until nothing is left to do, or until the time is over: the judge then says what is left.
pub fn calm(db: &Db, url: &str, patience: Duration) {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(true) = PgConnection::establish(url)
            .ok()
            .and_then(|mut conn| is_calm(db, &mut conn))
        {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

fn is_calm(db: &Db, conn: &mut PgConnection) -> Option<bool> {
    #[derive(QueryableByName)]
    struct Hold {
        #[diesel(sql_type = Text)]
        subscriber: String,
        #[diesel(sql_type = Text)]
        holder: String,
    }
    #[derive(QueryableByName)]
    struct Left {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let held: Vec<Hold> = sql_query("select subscriber, holder from bus.pauses")
        .load(conn)
        .ok()?;
    for hold in held {
        let holder = Holder::parse(&hold.holder);
        bus::resume(db, &hold.subscriber, &holder, Origin::system()).ok()?;
    }
    bus::replay(
        db,
        &Selection::Filter(ParkedFilter::default()),
        Origin::system(),
    )
    .ok()?;
    let left: Left = sql_query(
        "select (select count(*) from bus.subscribers where position < (select coalesce(max(seq), 0) from bus.events))
           + (select count(*) from bus.parked_items where state not in ('done', 'skipped'))
           + (select count(*) from tasks.shuffles where state in ('queued', 'running'))
           + (select count(*) from tasks.tasks where status = 'saving') as number",
    )
    .get_result(conn)
    .ok()?;
    Some(left.number == 0)
}
