//! Pause and resume with named holders, the breaker, rewind and retire.

use std::sync::atomic::{AtomicBool, Ordering};

use ates::bus::{self, Holder, Start, Subscriber};
use ates::platform::db::{DbRole, Lane, Origin, Tx};
use ates::platform::error::{AppError, AppResult};
use ates::platform::workers::{Progress, Workers};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::{House, PROBE, Probe, people};
use crate::support::database::{count, text};
use crate::support::wait_until;

fn operator(name: &str) -> Holder {
    Holder::Operator(name.to_owned())
}

#[test]
fn a_subscriber_runs_again_when_the_last_of_its_holders_has_let_go() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    house.pause(&operator("Masha"));
    house.clock.advance(Duration::seconds(1));
    house.pause(&Holder::Deploy);
    house.pause(&Holder::Deploy);
    house.clock.advance(Duration::seconds(1));
    house.tell(&[(kesha, 1)]);
    house.work();
    let status = house.status();
    let holders: Vec<&str> = status
        .holders
        .iter()
        .map(|hold| hold.holder.as_str())
        .collect();
    assert_eq!(holders, ["operator:Masha", "deploy"]);
    assert!(status.paused && status.lag() == 1 && status.waiting_since.is_some());
    assert!(status.holders.iter().all(|hold| hold.reason == "a test"));

    house.resume(&operator("Masha"));
    house.work();
    assert_eq!(house.heard(kesha), "", "the deployment still holds it");
    let again = bus::resume(&house.db, PROBE, &operator("Masha"), Origin::system());
    assert!(
        matches!(again, Err(AppError::NotFound)),
        "nobody lets go twice"
    );
    house.clock.advance(Duration::seconds(1));
    house.resume(&Holder::Deploy);
    house.work();
    assert_eq!(house.heard(kesha), "1");
    let audit = text(
        &mut house.conn(),
        "select string_agg(action || ' ' || (detail ->> 'holder'), ', ' order by occurred_at) as t from platform.audit_log",
    );
    assert_eq!(
        audit,
        "bus.paused operator:Masha, bus.paused deploy, bus.resumed operator:Masha, bus.resumed deploy"
    );
}

#[test]
fn a_pause_needs_a_reason_and_a_known_name() {
    let house = House::new(Probe::default());
    let empty = bus::pause(&house.db, PROBE, &Holder::Deploy, " ", Origin::system());
    assert!(matches!(empty, Err(AppError::Invalid(_))));
    let unknown = bus::pause(
        &house.db,
        "nobody",
        &Holder::Deploy,
        "a test",
        Origin::system(),
    );
    assert!(matches!(unknown, Err(AppError::NotFound)));
}

#[test]
fn when_pause_returns_nothing_runs_and_nothing_starts() {
    let house = House::new(Probe::default());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    drop(bus::step(&house.db, &house.probe));
                }
            });
        }
        scope.spawn(|| {
            for version in 1.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                house.tell(&[(people()[0], version)]);
            }
        });
        for round in 0..15 {
            let goal = house.status().position + 3;
            wait_until("the subscriber moves", || house.status().position >= goal);
            house.pause(&Holder::Deploy);
            let (position, heard) = (house.status().position, house.heard(people()[0]));
            let head = house.status().head;
            wait_until("publishing goes on", || house.status().head > head + 3);
            assert_eq!(house.status().position, position, "round {round}");
            assert_eq!(house.heard(people()[0]), heard, "round {round}");
            house.resume(&Holder::Deploy);
        }
        stop.store(true, Ordering::SeqCst);
    });
    house.work();
    let told = house.status().head;
    let all: Vec<String> = (1..=told).map(|version| version.to_string()).collect();
    assert_eq!(house.heard(people()[0]), all.join(" "), "nothing is lost");
}

#[test]
fn a_pause_outlives_the_program() {
    let house = House::new(Probe::default());
    house.pause(&operator("Masha"));
    bus::register(
        &house.db,
        &[Box::new(house.probe.clone()) as Box<dyn Subscriber>],
    )
    .unwrap();
    let mut workers = Workers::default();
    let config = ates::platform::config::Config::from_values([]).unwrap();
    let probe = Box::new(house.probe.clone());
    bus::start(&mut workers, &house.db, &config, vec![probe]).unwrap();
    house.tell(&[(people()[0], 1)]);
    assert_eq!(house.status().lag(), 1);
    house.resume(&operator("Masha"));
    wait_until("it goes on", || house.status().lag() == 0);
    workers.stop();
    assert_eq!(house.heard(people()[0]), "1");
}

#[test]
fn more_than_twenty_failures_within_a_minute_trip_the_breaker() {
    let house = House::new(Probe::default());
    let crowd: Vec<Uuid> = (1..=60).map(Uuid::from_u128).collect();
    house.probe.failing.lock().unwrap().extend(&crowd[..20]);
    house.tell(&crowd.iter().map(|id| (*id, 1)).collect::<Vec<_>>());
    house.work();
    assert!(!house.status().paused, "twenty are borne");
    assert_eq!(house.status().retrying, 20);

    house.clock.advance(Duration::seconds(61));
    house.work();
    house.probe.failing.lock().unwrap().extend(&crowd);
    house.tell(&crowd[20..].iter().map(|id| (*id, 2)).collect::<Vec<_>>());
    house.work();
    let status = house.status();
    assert_eq!(status.holders[0].holder, "breaker");
    assert!(status.retrying < 60, "{} are parked", status.retrying);
    assert!(status.lag() > 0, "the rest was left alone");

    house.probe.failing.lock().unwrap().clear();
    house.resume(&Holder::Breaker);
    house.clock.advance(Duration::seconds(600));
    house.work();
    assert_eq!(house.lag(), 0);
    assert_eq!(
        count(&mut house.conn(), "bus.parked_items where state <> 'done'"),
        0
    );
    assert!(crowd[20..].iter().all(|id| house.heard(*id) == "1 2"));
}

#[test]
fn what_waits_behind_one_key_does_not_trip_the_breaker() {
    let house = House::new(Probe::default());
    let [kesha, ..] = people();
    house.probe.failing.lock().unwrap().insert(kesha);
    house.tell(
        &(1..=100)
            .map(|version| (kesha, version))
            .collect::<Vec<_>>(),
    );
    house.work();
    assert_eq!((house.status().retrying, house.status().blocked), (1, 99));
    assert!(!house.status().paused);
}

/// Hears what the probe hears, from another place, and bears repetition.
struct Late {
    probe: Probe,
    start: Start,
}

impl Subscriber for Late {
    fn name(&self) -> &'static str {
        "test.late"
    }

    fn role(&self) -> DbRole {
        self.probe.role()
    }

    fn types(&self) -> &'static [&'static str] {
        self.probe.types()
    }

    fn start(&self) -> Start {
        self.start
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn handle(&self, tx: &mut Tx<'_>, items: &[bus::Item]) -> AppResult<()> {
        self.probe.handle(tx, items)
    }
}

fn register_late(house: &House, start: Start) -> Late {
    let late = || Late {
        probe: house.probe.clone(),
        start,
    };
    bus::register(&house.db, &[Box::new(late()) as Box<dyn Subscriber>]).unwrap();
    late()
}

fn work(house: &House, subscriber: &dyn Subscriber) {
    while bus::step(&house.db, subscriber).unwrap() == Progress::More {}
}

#[test]
fn a_new_subscriber_begins_where_it_says() {
    for (start, expected) in [
        (Start::Beginning, "1 2 3 4"),
        (Start::Seq(2), "3 4"),
        (Start::Head, "4"),
    ] {
        let house = House::new(Probe::default());
        let [kesha, ..] = people();
        house.tell(&[(kesha, 1), (kesha, 2), (kesha, 3)]);
        let late = register_late(&house, start);
        house.tell(&[(kesha, 4)]);
        work(&house, &late);
        assert_eq!(house.heard(kesha), expected);
    }
}

#[test]
fn rewinding_is_for_paused_subscribers_that_bear_repetition_and_keeps_what_was_skipped() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    let late = register_late(&house, Start::Beginning);
    house.probe.failing.lock().unwrap().insert(roma);
    house.tell(&[(kesha, 1), (roma, 1), (kesha, 2)]);
    work(&house, &late);
    let filter = bus::ParkedFilter {
        subscriber: Some("test.late".into()),
        ..bus::ParkedFilter::default()
    };
    let all = bus::Selection::Filter(filter);
    bus::skip(
        &house.db,
        &all,
        "the first of Roma is void",
        Origin::system(),
    )
    .unwrap();
    house.probe.failing.lock().unwrap().clear();

    let rewind = |name: &str, seq| bus::rewind(&house.db, name, seq, Origin::system());
    let refusal = |outcome: AppResult<()>| match outcome {
        Err(AppError::Conflict(message)) => message.id,
        Err(AppError::Invalid(fields)) => fields[0].message.id,
        other => panic!("refused with a reason, not {other:?}"),
    };
    assert_eq!(refusal(rewind("test.late", 0)), "bus-not-paused");
    let hold = |name: &str| {
        bus::pause(&house.db, name, &Holder::Deploy, "a test", Origin::system()).unwrap()
    };
    hold("test.late");
    hold(PROBE);
    assert_eq!(refusal(rewind(PROBE, 0)), "bus-not-repeatable");
    assert_eq!(refusal(rewind("test.late", 4)), "bus-seq-ahead");
    rewind("test.late", 0).unwrap();
    bus::resume(&house.db, "test.late", &Holder::Deploy, Origin::system()).unwrap();
    work(&house, &late);
    assert_eq!(house.heard(kesha), "1 2 1 2");
    assert_eq!(house.heard(roma), "", "skipped is skipped");
}

#[test]
fn a_retired_subscriber_hears_nothing_and_is_never_behind() {
    let house = House::new(Probe::default());
    let retire = || bus::retire(&house.db, PROBE, Origin::system());
    assert!(
        matches!(retire(), Err(AppError::Conflict(_))),
        "not while it runs"
    );
    house.pause(&Holder::Deploy);
    retire().unwrap();
    house.resume(&Holder::Deploy);
    house.tell(&[(people()[0], 1)]);
    house.work();
    assert_eq!((house.heard(people()[0]), house.lag()), (String::new(), 0));
    assert_eq!(
        count(
            &mut house.conn(),
            "report_v1.consumers where state = 'retired'"
        ),
        1
    );
}

#[test]
fn publishers_are_told_to_come_back_when_the_log_is_held_too_long() {
    let house = House::new(Probe::default());
    let mut other = house.conn();
    other
        .batch_execute("begin; select pg_advisory_xact_lock(7781, 1)")
        .unwrap();
    let outcome = house
        .db
        .transaction_blocking(Lane::Web, bus::ROLE, Origin::system(), |tx| {
            let gone = ates::events::AccountDeleted { version: 1 };
            ates::events::publish(tx, people()[0], &gone).map(drop)
        });
    let Err(AppError::Unavailable { retry_after, .. }) = outcome else {
        panic!("503 expected, not {outcome:?}")
    };
    assert!(retry_after > 0);
    other.batch_execute("rollback").unwrap();
    house.tell(&[(people()[0], 2)]);
    house.work();
    assert_eq!(house.heard(people()[0]), "2");
}

#[test]
fn sessions_of_workers_end_by_themselves_when_their_program_is_stuck_or_gone() {
    let house = House::new(Probe::default());
    let shown = house
        .db
        .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
            Ok(text(
                tx.conn(),
                "select concat_ws(' ', current_setting('idle_in_transaction_session_timeout'),
                   current_setting('client_connection_check_interval'), current_setting('lock_timeout')) as t",
            ))
        })
        .unwrap();
    assert_eq!(shown, "1min 1s 10s");
}
