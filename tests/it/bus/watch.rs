//! The watch: workers look by themselves once a minute only, so whatever comes sooner came through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ates::bus;
use ates::platform::config::Config;
use ates::platform::workers::{Progress, SAFETY_NET, Workers};
use diesel::connection::SimpleConnection;

use super::{House, Probe, people};
use crate::support::stopwatch::Stopwatch;
use crate::support::wait_until;

fn start(house: &House, workers: &mut Workers) {
    let config = Config::from_values([]).unwrap();
    let probe = Box::new(house.probe.clone());
    bus::start(workers, &house.db, &config, vec![probe]).unwrap();
}

#[test]
fn events_of_another_process_and_retries_that_are_due_are_found_without_a_wake_up() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    let mut workers = Workers::default();
    start(&house, &mut workers);
    let began = Stopwatch::start();
    house.append("account.deleted", 1, kesha, r#"{"version": 1}"#);
    wait_until("it hears of another process", || house.heard(kesha) == "1");

    house.probe.failing.lock().unwrap().insert(roma);
    house.append("account.deleted", 1, roma, r#"{"version": 1}"#);
    wait_until("it is parked", || house.states() == "retrying");
    house.probe.failing.lock().unwrap().clear();
    house.clock.advance(chrono::Duration::seconds(2));
    wait_until("it is tried again", || house.heard(roma) == "1");
    assert!(began.elapsed() < SAFETY_NET);
    workers.stop();
}

#[test]
fn a_worker_is_woken_when_its_condition_comes_true() {
    let house = House::new(Probe::default());
    let mut workers = Workers::default();
    start(&house, &mut workers);
    let steps = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&steps);
    workers
        .conditions()
        .add("exists (select from analytics.heard)");
    workers
        .spawn("test.worker", house.db.wake(), SAFETY_NET, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Progress::Idle)
        })
        .unwrap();
    wait_until("its first step", || steps.load(Ordering::SeqCst) > 0);
    let (before, began) = (steps.load(Ordering::SeqCst), Stopwatch::start());
    house
        .conn()
        .batch_execute("insert into analytics.heard (version) values (1)")
        .unwrap();
    wait_until("it is woken", || steps.load(Ordering::SeqCst) > before);
    assert!(began.elapsed() < Duration::from_secs(20));
    workers.stop();
}
