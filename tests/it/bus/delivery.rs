//! What one subscriber is told when things go well, fail, wait and come back.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use ates::bus;
use ates::bus::{Holder, Item, Start, Subscriber};
use ates::events::{self, AccountDeleted, AccountLoggedIn, Assignment, TasksReassigned};
use ates::platform::db::{DbRole, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::ids::{ShuffleId, TaskId, UserId};
use ates::platform::workers::Progress;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::{House, Probe, people};
use crate::support::database::count;

#[test]
fn everything_is_heard_once_and_in_order() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    house.tell(&[(kesha, 1), (roma, 1), (kesha, 2)]);
    house.tell(&[(kesha, 3)]);
    house.work();
    house.work();
    assert_eq!(
        (house.heard(kesha), house.heard(roma)),
        ("1 2 3".into(), "1".into())
    );
    assert_eq!(house.lag(), 0);
}

#[test]
fn a_failing_item_parks_its_key_and_no_other() {
    let house = House::new(Probe::default());
    let [kesha, roma, lev] = people();
    house.probe.failing.lock().unwrap().insert(roma);
    let facts: Vec<(Uuid, i64)> = (1..=50)
        .flat_map(|version| people().map(|person| (person, version)))
        .collect();
    house.tell(&facts);
    house.work();
    let all: Vec<String> = (1..=50).map(|version| version.to_string()).collect();
    assert_eq!(
        (house.heard(kesha), house.heard(lev)),
        (all.join(" "), all.join(" "))
    );
    assert_eq!(house.heard(roma), "", "a failed item leaves nothing behind");
    assert_eq!(house.states(), format!("retrying{}", " blocked".repeat(49)));
    assert_eq!(house.lag(), 0);

    house.tell(&[(roma, 51), (kesha, 51)]);
    house.work();
    assert_eq!(
        house.heard(roma),
        "",
        "what comes later waits behind the failed one"
    );
    assert!(house.heard(kesha).ends_with(" 51"));

    house.probe.failing.lock().unwrap().clear();
    house.work();
    assert_eq!(house.heard(roma), "", "not before the retry is due");
    house.clock.advance(Duration::seconds(2));
    house.work();
    let all: Vec<String> = (1..=51).map(|version| version.to_string()).collect();
    assert_eq!(house.heard(roma), all.join(" "));
    assert_eq!(
        count(&mut house.conn(), "bus.parked_items where state <> 'done'"),
        0
    );
}

#[test]
fn an_item_is_dead_after_twenty_tries_and_its_key_waits_for_a_person() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    house.probe.failing.lock().unwrap().insert(roma);
    house.tell(&[(roma, 1), (roma, 2), (kesha, 1)]);
    for _ in 0..25 {
        house.work();
        house.clock.advance(Duration::seconds(301));
    }
    assert_eq!(house.states(), "dead blocked");
    assert_eq!(
        count(&mut house.conn(), "bus.parked_items where attempts = 20"),
        1
    );
    assert_eq!(house.heard(kesha), "1");
}

#[test]
fn a_panic_is_a_failure_like_any_other() {
    let house = House::new(Probe {
        panics: true,
        ..Probe::default()
    });
    let [kesha, roma, _] = people();
    house.probe.failing.lock().unwrap().insert(roma);
    house.tell(&[(kesha, 1), (roma, 1), (kesha, 2)]);
    house.work();
    assert_eq!(
        (house.heard(kesha), house.heard(roma)),
        ("1 2".into(), String::new())
    );
    assert_eq!(house.states(), "retrying");
}

#[test]
fn an_event_that_cannot_be_understood_is_kept_and_later_ones_go_on() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    house.tell(&[(kesha, 1)]);
    house.append("account.deleted", 7, roma, "{}");
    house.tell(&[(roma, 1), (kesha, 2)]);
    house.work();
    assert_eq!(
        (house.heard(kesha), house.heard(roma)),
        ("1 2".into(), String::new())
    );
    assert_eq!(house.states(), "dead blocked");
}

#[test]
fn a_paused_subscriber_hears_nothing_and_then_everything() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    house.pause(&Holder::Deploy);
    house.tell(&[(kesha, 1), (kesha, 2)]);
    house.work();
    assert_eq!((house.heard(kesha), house.lag()), (String::new(), 2));
    house.resume(&Holder::Deploy);
    house.work();
    assert_eq!((house.heard(kesha), house.lag()), ("1 2".into(), 0));
}

#[test]
fn events_of_a_rolled_back_unit_of_work_do_not_exist() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    let outcome: AppResult<()> =
        house
            .db
            .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                events::publish(tx, kesha, &AccountDeleted { version: 1 })?;
                Err(AppError::NotFound)
            });
    assert!(outcome.is_err());
    house.tell(&[(kesha, 2)]);
    house.work();
    assert_eq!(house.heard(kesha), "2");
}

#[test]
fn publishers_at_once_lose_nothing_and_keep_the_order_of_time() {
    let house = House::new(Probe::default());
    std::thread::scope(|scope| {
        for writer in 0..8_u128 {
            let house = &house;
            scope.spawn(move || {
                for version in 1..=25 {
                    house.tell(&[(Uuid::from_u128(100 + writer), version)]);
                }
            });
        }
        for _ in 0..200 {
            house.work();
        }
    });
    house.work();
    let all: Vec<String> = (1..=25).map(|version| version.to_string()).collect();
    for writer in 0..8_u128 {
        assert_eq!(house.heard(Uuid::from_u128(100 + writer)), all.join(" "));
    }
    let backwards = "(select recorded_at < lag(recorded_at) over (order by seq) as back from bus.events) e where back";
    assert_eq!(count(&mut house.conn(), backwards), 0);
}

#[test]
fn types_that_nobody_takes_do_not_hold_a_subscriber_back() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    house
        .db
        .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
            events::publish(
                tx,
                kesha,
                &AccountLoggedIn {
                    method: "password".into(),
                },
            )
            .map(drop)
        })
        .unwrap();
    house.work();
    assert_eq!(
        (house.heard(kesha), house.lag(), house.states()),
        (String::new(), 0, String::new())
    );
}

#[test]
fn the_log_refuses_changes_even_by_its_owner() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    house.tell(&[(kesha, 1)]);
    for statement in [
        "update bus.events set payload = '{}'",
        "delete from bus.events",
        "truncate bus.events",
    ] {
        let error = house
            .conn()
            .batch_execute(statement)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("never changed or removed"),
            "{statement}: {error}"
        );
    }
}

/// Counts the facts of each page.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<Vec<usize>>>);

impl Subscriber for Pages {
    fn name(&self) -> &'static str {
        "test.pages"
    }

    fn role(&self) -> DbRole {
        DbRole::new("ates_analytics")
    }

    fn types(&self) -> &'static [&'static str] {
        &["tasks.reassigned"]
    }

    fn start(&self) -> Start {
        Start::Beginning
    }

    fn handle(&self, _tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        self.0.lock().unwrap().push(items.len());
        Ok(())
    }
}

/// A batch of so many facts.
fn publish_batch(tx: &mut Tx<'_>, number: u128, size: u128) -> AppResult<()> {
    let run = ShuffleId(Uuid::from_u128(number));
    let assignments = (0..size)
        .map(|task| Assignment {
            task: TaskId(Uuid::from_u128(task)),
            from: None,
            to: UserId(Uuid::from_u128(1)),
            assignment_seq: 2,
        })
        .collect();
    events::publish(tx, run.0, &TasksReassigned { run, assignments }).map(drop)
}

#[test]
fn e14_a_page_of_batches_ends_with_the_event_that_fills_it() {
    let house = House::new(Probe::default());
    let pages = Pages::default();
    bus::register(&house.db, &[Box::new(pages.clone()) as Box<dyn Subscriber>]).unwrap();
    house
        .db
        .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
            // Ten events are 4,990 facts, so the eleventh is taken whole.
            publish_batch(tx, 0, 490)?;
            (1..=22).try_for_each(|number| publish_batch(tx, number, 500))
        })
        .unwrap();
    while bus::step(&house.db, &pages).unwrap() == Progress::More {}
    assert_eq!(*pages.0.lock().unwrap(), [5_490, 5_000, 1_000]);
    house.work();
    assert_eq!(house.lag(), 0);
}

#[test]
fn a_page_is_small_while_people_append_since_it_holds_the_lock_of_the_log() {
    let house = House::new(Probe::default());
    let pages = Pages::default();
    bus::register(&house.db, &[Box::new(pages.clone()) as Box<dyn Subscriber>]).unwrap();
    let append = |lane: Lane, numbers: Range<u128>| {
        house
            .db
            .transaction_blocking(lane, bus::ROLE, Origin::system(), |tx| {
                numbers
                    .clone()
                    .try_for_each(|number| publish_batch(tx, number, 125))
            })
            .unwrap();
    };
    append(Lane::Worker, 0..16);
    // One who appends is nobody whom the next page could hold up.
    append(Lane::Web, 16..20);
    while bus::step(&house.db, &pages).unwrap() == Progress::More {}
    append(Lane::Worker, 20..32);
    append(Lane::Web, 32..36);
    for _ in 0..2 {
        assert_eq!(bus::step(&house.db, &pages).unwrap(), Progress::More);
    }
    house.clock.advance(Duration::seconds(1));
    while bus::step(&house.db, &pages).unwrap() == Progress::More {}
    assert_eq!(*pages.0.lock().unwrap(), [2_500, 250, 250, 1_500]);
}
