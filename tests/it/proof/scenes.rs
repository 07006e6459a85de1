//! Single scenes: starvation, a held snapshot, a dump and its restore, two processes, a kill with a thousand waiting, a zombie.

use std::collections::HashMap;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ates::bus::{self, Item, Start, Subscriber};
use ates::events::{self, AccountDeleted};
use ates::operations;
use ates::platform::db::{Db, DbRole, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::workers::Progress;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use uuid::Uuid;

use super::fleet::{Instance, Kind, Launch};
use super::load::publish_next;
use super::{judge, recorder, stage};
use crate::running::pace::was_in_time;
use crate::support::database::{TestDatabase, count};
use crate::support::{TestApp, wait_until};

/// A subscriber that refuses one key for good.
struct Picky {
    refused: Option<Uuid>,
    /// How many handler calls each key took part in.
    calls: Arc<Mutex<HashMap<Uuid, u32>>>,
}

impl Picky {
    fn new(refused: Option<Uuid>) -> Self {
        Self {
            refused,
            calls: Arc::default(),
        }
    }
}

impl Subscriber for Picky {
    fn name(&self) -> &'static str {
        if self.refused.is_some() {
            "proof.picky"
        } else {
            "proof.content"
        }
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

    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        for item in items {
            *self.calls.lock().unwrap().entry(item.subject).or_insert(0) += 1;
        }
        recorder::record(tx, self.name(), items)?;
        if items.iter().any(|item| Some(item.subject) == self.refused) {
            return Err(AppError::Invalid(Vec::new()));
        }
        Ok(())
    }
}

fn stage_of(database: &TestDatabase) -> (Db, PgConnection) {
    let mut conn = database.connect();
    stage::set(&mut conn);
    (recorder::open(database.url()), conn)
}

fn publish(db: &Db, keys: &[Uuid]) {
    db.transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
        publish_next(tx, keys)
    })
    .unwrap();
}

/// Publishes one number of each key, without keeping count.
fn number(db: &Db, keys: &[Uuid], version: i64) {
    db.transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
        keys.iter()
            .try_for_each(|key| events::publish(tx, *key, &AccountDeleted { version }).map(drop))
    })
    .unwrap();
}

/// Steps until nothing is left; gives how many it took.
fn work(db: &Db, subscriber: &dyn Subscriber) -> u32 {
    let mut steps = 1;
    while bus::step(db, subscriber).unwrap() == Progress::More {
        steps += 1;
    }
    steps
}

fn keys(count: u128) -> Vec<Uuid> {
    (1..=count).map(Uuid::from_u128).collect()
}

fn launch(url: &str) -> Launch {
    Launch {
        database: url.to_owned(),
        faults: None,
        dawdle_ms: 0,
    }
}

#[test]
fn one_dead_key_starves_none_of_ten_thousand_others() {
    let database = TestDatabase::create();
    let (db, mut conn) = stage_of(&database);
    let keys = keys(10_000);
    let dead = keys[5_000];
    let (picky, content) = (Picky::new(Some(dead)), Picky::new(None));
    let both: [Box<dyn Subscriber>; 2] =
        [Box::new(Picky::new(Some(dead))), Box::new(Picky::new(None))];
    bus::register(&db, &both).unwrap();
    number(&db, &[dead], 1);
    work(&db, &picky);
    work(&db, &content);
    let dead_now = "bus.parked_items where subscriber = 'proof.picky' and state = 'dead'";
    assert_eq!(count(&mut conn, dead_now), 1, "the refused key is dead");
    // Now that it is dead, a number of every other key, and one of the dead key in every unit of work.
    let others: Vec<Uuid> = keys.iter().copied().filter(|key| *key != dead).collect();
    for (chunk, version) in others.chunks(500).zip(2..) {
        number(&db, chunk, 1);
        number(&db, &[dead], version);
    }
    picky.calls.lock().unwrap().clear();
    let begun = Instant::now();
    let clean_steps = work(&db, &content);
    let clean = begun.elapsed();
    let begun = Instant::now();
    let steps = work(&db, &picky);
    let taken = begun.elapsed();
    println!(
        "with a dead key {steps} steps in {taken:?}, without {clean_steps} in {clean:?}: {:.2} of the clean rate",
        clean.as_secs_f64() / taken.as_secs_f64()
    );
    assert_eq!(steps, clean_steps, "a dead key costs no step");
    let heard = "proof.heard where subscriber = 'proof.picky'";
    assert_eq!(count(&mut conn, heard), 9_999, "every other key was heard");
    let calls = picky.calls.lock().unwrap();
    assert!(
        calls.values().all(|calls| *calls == 1),
        "nobody's events were tried again for the dead one"
    );
    assert!(!calls.contains_key(&dead), "what waits is not tried");
    assert_eq!(
        judge::of_the_bus_but(&mut conn, "left parked"),
        Vec::<String>::new()
    );
}

#[test]
fn a_snapshot_held_for_long_slows_the_cursor_and_never_stops_it() {
    let database = TestDatabase::create();
    let (db, mut conn) = stage_of(&database);
    let content = Picky::new(None);
    bus::register(&db, &[Box::new(Picky::new(None))]).unwrap();
    let mut holder = database.connect();
    holder
        .batch_execute(
            "begin isolation level repeatable read; select count(*) from bus.subscribers",
        )
        .unwrap();
    let key = [Uuid::from_u128(1)];
    let mut times = Vec::new();
    for _ in 0..10 {
        let begun = Instant::now();
        for _ in 0..150 {
            publish(&db, &key);
            bus::step(&db, &content).unwrap();
        }
        times.push(begun.elapsed() / 150);
    }
    println!(
        "one event and one step, under one held snapshot: first {:?}, after 1,500 {:?}",
        times[0], times[9]
    );
    // The versions of the cursor's row that cannot be pruned cost reading; ten times as much would be something else.
    let bound = times[0].max(Duration::from_millis(10)) * 10;
    was_in_time(
        "a step under a held snapshot",
        times[9] < bound,
        &format!("{times:?}"),
    );
    assert_eq!(count(&mut conn, "proof.heard"), 1_500);
    assert_eq!(
        count(
            &mut conn,
            "proof.moves where to_position = from_position + 1"
        ),
        1_500,
        "each event was one move"
    );
    assert_eq!(
        count(&mut holder, "bus.events"),
        0,
        "the snapshot was held to the end"
    );
    assert_eq!(judge::of_the_bus(&mut conn), Vec::<String>::new());
}

#[test]
fn e02_a_kill_with_a_thousand_events_waiting_delivers_each_once() {
    let database = TestDatabase::create();
    let (db, mut conn) = stage_of(&database);
    let slow = Launch {
        dawdle_ms: 3_000,
        ..launch(database.url())
    };
    keys(1_000)
        .chunks(100)
        .for_each(|chunk| publish(&db, chunk));
    let mut process = Instance::start(Kind::Recorders, &slow);
    wait_until("a page is under way", || {
        count(
            &mut conn,
            "pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid() and datname = current_database()",
        ) > 0
    });
    process.kill();
    assert!(
        count(&mut conn, "proof.heard") < 2_000,
        "not all were heard before the kill"
    );
    process.restart(&launch(database.url()));
    wait_until("everything is heard", || {
        count(&mut conn, "proof.heard") >= 2_000
    });
    drop(process);
    assert_eq!(judge::of_the_bus(&mut conn), Vec::<String>::new());
}

#[test]
fn two_processes_on_one_database_hear_each_event_once_between_them() {
    let database = TestDatabase::create();
    let (db, mut conn) = stage_of(&database);
    let both: Vec<Instance> = (0..2)
        .map(|_| Instance::start(Kind::Recorders, &launch(database.url())))
        .collect();
    wait_until("both have begun", || {
        count(
            &mut conn,
            "pg_stat_activity where application_name = 'ates worker' and datname = current_database()",
        ) >= 6
            && count(&mut conn, "bus.subscribers") == 2
    });
    for _ in 0..100 {
        publish(&db, &keys(20));
    }
    wait_until("everything is heard", || {
        count(&mut conn, "proof.heard") >= 4_000
    });
    drop(both);
    assert_eq!(count(&mut conn, "proof.heard"), 4_000);
    assert_eq!(judge::of_the_bus(&mut conn), Vec::<String>::new());
}

#[test]
fn a_frozen_process_that_wakes_finds_its_step_taken_back() {
    let database = TestDatabase::create();
    let (db, mut conn) = stage_of(&database);
    // Short, so that the test is: the product waits a minute before it takes a frozen process for dead.
    conn.batch_execute(
        "create function proof.be_impatient() returns trigger language plpgsql as $$
         begin
           perform set_config('idle_in_transaction_session_timeout', '1s', false);
           return null;
         end $$;
         create trigger heard_be_impatient after insert on proof.heard for each statement execute function proof.be_impatient()",
    )
    .unwrap();
    publish(&db, &keys(50));
    let slow = Launch {
        dawdle_ms: 1_500,
        ..launch(database.url())
    };
    let mut zombie = Instance::start(Kind::Recorders, &slow);
    wait_until("a page is under way", || {
        count(
            &mut conn,
            "pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid() and datname = current_database()",
        ) > 0
    });
    zombie.freeze(Instant::now() + Duration::from_secs(3_600));
    let _heir = Instance::start(Kind::Recorders, &launch(database.url()));
    wait_until("the other one has taken over", || {
        count(&mut conn, "proof.heard") >= 100
    });
    zombie.thaw();
    for _ in 0..5 {
        publish(&db, &keys(50));
    }
    wait_until("everything is heard", || {
        count(
            &mut conn,
            "bus.subscribers where position = (select max(seq) from bus.events)",
        ) == 2
    });
    assert_eq!(count(&mut conn, "proof.heard"), 600);
    assert_eq!(judge::of_the_bus(&mut conn), Vec::<String>::new());
}

#[test]
fn a_dump_restored_elsewhere_goes_on_where_it_was() {
    let from = TestApp::with(|settings| settings.workers(false)).stop();
    let to = TestDatabase::create();
    let (db, mut conn) = stage_of(&from);
    let recorders = recorder::Recorder::all(Duration::ZERO);
    bus::register(&db, &recorders).unwrap();
    publish(&db, &keys(300));
    work(&db, recorders[0].as_ref());
    // The second one has heard nothing yet, and both have more before them.
    publish(&db, &keys(200));
    copy(from.url(), to.url());
    let events = count(&mut conn, "bus.events");
    conn = to.connect();
    assert_eq!(count(&mut conn, "bus.events"), events);
    let db = recorder::open(to.url());
    publish(&db, &keys(100));
    for subscriber in &recorders {
        work(&db, subscriber.as_ref());
    }
    assert_eq!(count(&mut conn, "proof.heard"), 1_200);
    // The product's own subscribers go on as well: it starts on the copy, and checks every invariant at its end.
    let app = TestApp::with(|settings| settings.workers(false).on(to));
    app.step_all();
    assert_eq!(judge::of_the_bus(&mut conn), Vec::<String>::new());
    stage::strike(&mut conn);
    let (roster, now) = (app.services().roster(), app.clock().now());
    let diagnosis = app
        .db()
        .read_blocking(operations::ROLE, |conn| {
            operations::examine(conn, &roster, now)
        })
        .unwrap();
    let faults: Vec<String> = diagnosis.faults().collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Dumps one database into another one.
fn copy(from: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.sql");
    let status = Command::new("pg_dump")
        .args(["--dbname", from])
        .stdout(File::create(&dump).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    PgConnection::establish(to)
        .unwrap()
        .batch_execute(
            "do $$ declare s text; begin
               for s in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)' loop
                 execute format('drop schema %I cascade', s);
               end loop;
             end $$; create schema public",
        )
        .unwrap();
    let status = Command::new("psql")
        .args([
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--dbname",
            to,
            "--file",
        ])
        .arg(&dump)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
