//! The bus by itself: what one subscriber is told when things go well, fail, wait and come back.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use ates::bus::{
    self, Holder, Item, ParkedFilter, ParkedItem, Start, Subscriber, SubscriberStatus,
};
use ates::events::{self, AccountDeleted, Fact};
use ates::platform::clock::Clock;
use ates::platform::config::Config;
use ates::platform::db::{Db, DbRole, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::workers::Progress;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{PgConnection, RunQueryDsl, sql_query};
use uuid::Uuid;

use crate::support::database::{TestDatabase, text};
use crate::support::monday;

mod delivery;
mod orders;
mod pauses;
mod processes;
mod rebuild;
mod repair;
mod watch;

/// The name of the probe and of its cursor.
pub const PROBE: &str = "test.probe";

/// Writes down what it hears, and fails for the subjects it is told to.
#[derive(Clone, Default)]
pub struct Probe {
    pub failing: Arc<Mutex<HashSet<Uuid>>>,
    pub panics: bool,
    pub money: bool,
}

impl Subscriber for Probe {
    fn name(&self) -> &'static str {
        PROBE
    }

    fn role(&self) -> DbRole {
        DbRole::new("ates_analytics")
    }

    fn types(&self) -> &'static [&'static str] {
        &["account.deleted"]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn money(&self) -> bool {
        self.money
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        for item in items {
            let Fact::AccountDeleted(deleted) = &item.fact else {
                continue;
            };
            sql_query("insert into analytics.heard (subject, version) values ($1, $2)")
                .bind::<SqlUuid, _>(item.subject)
                .bind::<BigInt, _>(deleted.version)
                .execute(tx.conn())?;
            if self.failing.lock().unwrap().contains(&item.subject) {
                assert!(!self.panics, "the probe was told to panic");
                return Err(AppError::internal("the probe was told to fail"));
            }
        }
        Ok(())
    }
}

pub struct House {
    pub db: Db,
    pub clock: Clock,
    pub database: TestDatabase,
    pub probe: Probe,
}

impl House {
    pub fn new(probe: Probe) -> Self {
        let database = TestDatabase::create();
        database
            .connect()
            .batch_execute(
                "create table analytics.heard (id bigint generated always as identity, subject uuid, version bigint);
                 grant select, insert on analytics.heard to ates_analytics",
            )
            .unwrap();
        let config =
            Config::from_values([("DATABASE_URL".to_owned(), database.url().to_owned())]).unwrap();
        let clock = Clock::fixed(monday());
        let db = Db::new(&config, database.url(), clock.clone());
        bus::register(&db, &[Box::new(probe.clone()) as Box<dyn Subscriber>]).unwrap();
        Self {
            db,
            clock,
            database,
            probe,
        }
    }

    pub fn tell(&self, facts: &[(Uuid, i64)]) {
        self.db
            .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                for (subject, version) in facts {
                    events::publish(tx, *subject, &AccountDeleted { version: *version })?;
                }
                Ok(())
            })
            .unwrap();
    }

    pub fn work(&self) {
        while bus::step(&self.db, &self.probe).unwrap() == Progress::More {}
    }

    pub fn heard(&self, subject: Uuid) -> String {
        text(
            &mut self.conn(),
            &format!(
                "select coalesce(string_agg(version::text, ' ' order by id), '') as t from analytics.heard where subject = '{subject}'"
            ),
        )
    }

    pub fn states(&self) -> String {
        text(
            &mut self.conn(),
            "select coalesce(string_agg(state, ' ' order by seq, item_no), '') as t from bus.parked_items",
        )
    }

    pub fn status(&self) -> SubscriberStatus {
        self.db
            .read_blocking(bus::ROLE, bus::statuses)
            .unwrap()
            .remove(0)
    }

    pub fn read<T>(&self, work: impl FnOnce(&mut PgConnection) -> AppResult<T>) -> T {
        self.db.read_blocking(bus::ROLE, work).unwrap()
    }

    pub fn parked(&self, filter: &ParkedFilter) -> Vec<ParkedItem> {
        self.read(|conn| bus::list_parked(conn, filter, None, 1_000))
    }

    pub fn lag(&self) -> i64 {
        self.status().lag()
    }

    pub fn pause(&self, holder: &Holder) {
        bus::pause(&self.db, PROBE, holder, "a test", Origin::system()).unwrap();
    }

    pub fn resume(&self, holder: &Holder) {
        bus::resume(&self.db, PROBE, holder, Origin::system()).unwrap();
    }

    /// Appends an event by hand, as a program of another version might.
    pub fn append(&self, event_type: &str, version: i16, subject: Uuid, payload: &str) {
        self.conn()
            .batch_execute(&format!(
                "select bus.append('2026-03-02 09:00:00+00', array[gen_random_uuid()], array['{event_type}'], array[{version}::smallint],
                   array['account'], array['auth'], array['{subject}'::uuid], array[1], array[gen_random_uuid()],
                   array[null]::uuid[], array[null]::uuid[], array['{payload}'::jsonb])"
            ))
            .unwrap();
    }

    pub fn conn(&self) -> PgConnection {
        self.database.connect()
    }
}

pub fn people() -> [Uuid; 3] {
    [1, 2, 3].map(Uuid::from_u128)
}
