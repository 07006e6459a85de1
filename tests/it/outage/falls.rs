//! The server falls under load and comes back, in every way that it can: nothing acknowledged is lost, the program lives on and goes
//! on by itself (T-DB-1, T-DB-2, T-DB-8, R12, R18, R20).

use std::time::Duration;

use diesel::{Connection, PgConnection};

use super::is_long;
use super::load::{Load, assert_nothing_lost, populate};
use super::pair::Pair;
use super::process::{Process, assert_verified, free_port};
use crate::support::client::Api;
use crate::support::database::{count, text};
use crate::support::stopwatch::Stopwatch;
use crate::support::wait_until;

/// Work has to go on so soon; 10 s where nothing else needs the machine.
const SOON: Duration = Duration::from_secs(20);

const OWN: &str = "pg_stat_activity where datname = 'ates' and application_name like 'ates %'";

#[test]
fn r12_r18_r20_t_db_1_t_db_2_t_db_8_the_server_falls_under_load_and_nothing_is_lost() {
    let pair = Pair::alone();
    let names = populate(&pair.both, 6);

    // Others have every connection when the program starts: it waits, and says so.
    let mut taken = vec![pair.connect("one")];
    let most: usize = text(
        &mut taken[0],
        "select current_setting('max_connections') as t",
    )
    .parse()
    .unwrap();
    wait_until("those who were connected before are gone", || {
        taken.extend(std::iter::from_fn(|| {
            PgConnection::establish(&pair.of("one")).ok()
        }));
        taken.len() == most
    });
    let mut process = Process::start(
        free_port(),
        &[],
        &[
            ("DATABASE_URL", &pair.both),
            ("ATES_REQUEST_DEADLINE_SECONDS", "5"),
        ],
    );
    wait_until("it says what it waits for", || {
        assert!(process.is_alive(), "{}", process.log());
        process.log().contains("waiting for the database")
    });
    assert_eq!(Api::anonymous(process.base()).try_get("/health/live"), None);
    drop(taken);
    process.await_readiness("ready");

    let load = Load::start(&process.base(), &names);
    load.await_acts(20);
    for fall in 1..=if is_long() { 30 } else { 3 } {
        pair.run("crash");
        pair.run("revive");
        let took = load.await_acts(5);
        println!("T-DB-1 fall {fall}: work went on after {took:?}");
        assert!(took < SOON && process.is_alive(), "{took:?}");
    }

    // Smart: who is connected works on while nobody new is let in; fast and immediate: everybody is thrown out.
    pair.signal("one", "-TERM");
    load.await_acts(5);
    for (stop, signal) in [("fast", "-INT"), ("immediate", "-QUIT")] {
        pair.signal("one", signal);
        pair.await_down("one");
        wait_until("it says that it cannot work", || {
            process.readiness().0 == 503
        });
        assert_eq!(Api::anonymous(process.base()).get("/health/live").0, 200);
        pair.run("revive");
        let took = load.await_acts(5);
        println!("T-DB-2 {stop}: work went on after {took:?}");
        assert!(took < SOON && process.is_alive(), "{stop}: {took:?}");
    }
    let mut watch = pair.connect("one");
    let (times, pause) = if is_long() { (30, 2_000) } else { (6, 300) };
    for _ in 0..times {
        let ended = count(
            &mut watch,
            &format!("(select pg_terminate_backend(pid) from {OWN}) ended"),
        );
        assert!(ended > 0, "there is somebody to end");
        std::thread::park_timeout(Duration::from_millis(pause));
    }
    let took = load.await_acts(10);
    println!("T-DB-2 ended sessions: work went on after {took:?}");
    assert!(took < SOON && process.is_alive(), "{took:?}");
    // Three pools of eight, the watch of the bus and the one of the primary.
    let began = Stopwatch::start();
    wait_until("the pools are full again", || count(&mut watch, OWN) >= 6);
    assert!(began.elapsed() < SOON);
    assert!(count(&mut watch, OWN) <= 26, "none is left behind");
    let slowest = load.slowest();
    println!("the slowest act took {slowest:?}");
    // Two requests of 5 s at most, with what the clients' own threads wait for.
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");

    let told = load.end();
    assert_nothing_lost(|| pair.connect("one"), told);
    assert!(process.is_alive());
    drop(process);
    assert_verified(&pair.both);
}
