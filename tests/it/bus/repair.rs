//! What a person decides about parked items: replay and skip, one, some or all of a filter.

use ates::bus::{self, ParkedFilter, ParkedState, Selection};
use ates::platform::db::{Lane, Origin};
use ates::platform::error::{AppError, AppResult};
use ates::platform::workers::Workers;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::{House, PROBE, Probe, people};
use crate::support::database::{count, text};
use crate::support::wait_until;

const WHY: &str = "the person was made by mistake";

/// A house in which Roma's first item is dead and two more wait behind it.
fn with_a_dead_item(probe: Probe) -> House {
    let house = House::new(probe);
    let [kesha, roma, _] = people();
    house.probe.failing.lock().unwrap().insert(roma);
    house.tell(&[(roma, 1), (roma, 2), (kesha, 1), (roma, 3)]);
    for _ in 0..20 {
        house.work();
        house.clock.advance(Duration::seconds(301));
    }
    assert_eq!(house.states(), "dead blocked blocked");
    house
}

fn of(key: Uuid) -> Selection {
    Selection::Filter(ParkedFilter {
        key: Some(key),
        ..ParkedFilter::default()
    })
}

fn first(house: &House) -> (String, Uuid) {
    let items = house.parked(&ParkedFilter::default());
    (items[0].subscriber.clone(), items[0].item_id)
}

fn conflict<T: std::fmt::Debug>(outcome: AppResult<T>) -> &'static str {
    match outcome {
        Err(AppError::Conflict(message)) => message.id,
        other => panic!("a conflict expected, not {other:?}"),
    }
}

#[test]
fn e13_a_replayed_item_has_all_attempts_anew_and_its_key_follows_in_order() {
    let house = with_a_dead_item(Probe::default());
    let roma = people()[1];
    let item = Selection::Items(vec![first(&house)]);
    assert_eq!(bus::replay(&house.db, &item, Origin::system()).unwrap(), 1);
    house.work();
    assert_eq!(
        house.states(),
        "retrying blocked blocked",
        "it failed again"
    );
    let attempts = "bus.parked_items where state = 'retrying' and attempts = 1";
    assert_eq!(count(&mut house.conn(), attempts), 1);

    house.probe.failing.lock().unwrap().clear();
    assert_eq!(
        bus::replay(&house.db, &of(roma), Origin::system()).unwrap(),
        3
    );
    house.work();
    assert_eq!(house.heard(roma), "1 2 3");
    assert_eq!(house.states(), "done done done");
    let nothing = bus::replay(&house.db, &item, Origin::system());
    assert!(matches!(nothing, Err(AppError::NotFound)), "it is settled");
    house.work();
    assert_eq!(house.heard(roma), "1 2 3", "a replay never doubles");
    let audited = "platform.audit_log where action = 'bus.replayed'";
    assert_eq!(count(&mut house.conn(), audited), 2);
}

#[test]
fn a_skipped_item_is_never_applied_and_frees_its_key() {
    let house = with_a_dead_item(Probe::default());
    let roma = people()[1];
    house.probe.failing.lock().unwrap().clear();
    let item = Selection::Items(vec![first(&house)]);
    let short = bus::skip(&house.db, &item, " too short ", Origin::system());
    assert!(matches!(short, Err(AppError::Invalid(_))));
    let origin = Origin {
        actor: Some(people()[2]),
        ..Origin::system()
    };
    assert_eq!(bus::skip(&house.db, &item, WHY, origin).unwrap(), 1);
    house.work();
    assert_eq!(house.heard(roma), "2 3");
    assert_eq!(house.states(), "skipped done done");
    let row = text(
        &mut house.conn(),
        "select concat_ws('|', resolved_by, resolution_reason, resolved_at is not null) as t
         from bus.parked_items where state = 'skipped'",
    );
    assert_eq!(row, format!("{}|{WHY}|t", people()[2]));
    let audited = format!(
        "platform.audit_log where action = 'bus.skipped' and actor_id = '{}' and detail ->> 'reason' = '{WHY}'",
        people()[2]
    );
    assert_eq!(count(&mut house.conn(), &audited), 1);
}

#[test]
fn a_selection_and_a_filter_meet_what_they_say_and_can_be_counted_before() {
    let house = House::new(Probe::default());
    let crowd: Vec<Uuid> = (1..=9).map(Uuid::from_u128).collect();
    house.probe.failing.lock().unwrap().extend(&crowd);
    house.tell(&crowd.iter().map(|id| (*id, 1)).collect::<Vec<_>>());
    house.append(
        "account.deleted",
        1,
        Uuid::from_u128(77),
        r#"{"odd": true}"#,
    );
    house.work();
    let classes: Vec<String> = house
        .read(bus::error_classes)
        .into_iter()
        .map(|class| format!("{} {} {}", class.subscriber, class.error_class, class.items))
        .collect();
    assert_eq!(
        classes,
        ["test.probe internal 9", "test.probe undecodable 1"]
    );

    let filter = ParkedFilter {
        subscriber: Some(PROBE.into()),
        state: Some(ParkedState::Retrying),
        error_class: Some("internal".into()),
        ..ParkedFilter::default()
    };
    assert_eq!(house.read(|conn| bus::count_parked(conn, &filter)), 9);
    let page = house.read(|conn| bus::list_parked(conn, &filter, None, 4));
    let place = page[3].place();
    let rest = house.read(|conn| bus::list_parked(conn, &filter, Some(&place), 100));
    assert_eq!((page.len(), rest.len()), (4, 5));

    let two = Selection::Items(
        page[..2]
            .iter()
            .map(|item| (item.subscriber.clone(), item.item_id))
            .collect(),
    );
    assert_eq!(
        bus::skip(&house.db, &two, WHY, Origin::system()).unwrap(),
        2
    );
    let skipped = bus::skip(&house.db, &Selection::Filter(filter), WHY, Origin::system());
    assert_eq!(
        skipped.unwrap(),
        7,
        "the undecodable one is of another class"
    );
    assert_eq!(house.status().dead, 1);
    let event = house.parked(&ParkedFilter::default()).remove(0);
    let shown = house.read(|conn| bus::show_parked(conn, PROBE, event.item_id));
    assert_eq!(shown.payload.unwrap()["odd"], true);
    assert_eq!(shown.of_key, 1);
}

#[test]
fn what_moves_money_is_skipped_only_inside_the_transaction_that_corrects_for_it() {
    let house = with_a_dead_item(Probe {
        money: true,
        ..Probe::default()
    });
    let (subscriber, item) = first(&house);
    let plain = bus::skip(&house.db, &of(people()[1]), WHY, Origin::system());
    assert_eq!(conflict(plain), "bus-skip-money");
    assert_eq!(
        house.states(),
        "dead blocked blocked",
        "nothing was skipped"
    );

    let role = ates::platform::db::DbRole::new("ates_accounting");
    let correct = |fails: bool| {
        house
            .db
            .transaction_blocking(Lane::Web, role, Origin::system(), |tx| {
                bus::lock_dead(tx, &subscriber, item)?;
                bus::skip_with_correction(tx, &subscriber, item, WHY)?;
                if fails {
                    return Err(AppError::NotFound);
                }
                Ok(())
            })
    };
    correct(true).unwrap_err();
    assert_eq!(house.states(), "dead blocked blocked", "all or nothing");
    house.probe.failing.lock().unwrap().clear();
    correct(false).unwrap();
    house.work();
    assert_eq!(house.states(), "skipped done done");
    assert_eq!(house.heard(people()[1]), "2 3");
    assert_eq!(conflict(correct(false)), "bus-not-dead");
}

#[test]
fn a_panicking_item_is_dead_after_three_tries() {
    let house = House::new(Probe {
        panics: true,
        ..Probe::default()
    });
    house.probe.failing.lock().unwrap().insert(people()[1]);
    house.tell(&[(people()[1], 1), (people()[0], 1)]);
    for expected in ["retrying", "retrying", "dead"] {
        house.work();
        assert_eq!(house.states(), expected);
        house.clock.advance(Duration::seconds(5));
    }
    let panics = "bus.parked_items where attempts = 3 and error_class = 'panic'";
    assert_eq!(count(&mut house.conn(), panics), 1);
    assert!(house.status().last_error.unwrap().contains("told to panic"));
}

#[test]
fn e11_an_unknown_version_is_kept_and_heard_by_the_first_program_that_knows_it() {
    let house = House::new(Probe::default());
    let [kesha, roma, _] = people();
    house.tell(&[(kesha, 1)]);
    house.append("account.deleted", 7, roma, r#"{"version": 1}"#);
    house.tell(&[(roma, 2), (kesha, 2)]);
    house.work();
    assert_eq!(
        (house.heard(kesha), house.heard(roma)),
        ("1 2".into(), String::new())
    );
    let parked = house.parked(&ParkedFilter::default());
    assert_eq!(parked[0].error_class.as_deref(), Some("unknown_version"));
    assert_eq!(house.states(), "dead blocked");

    // What this program calls version 1, an older one might not have known.
    house
        .conn()
        .batch_execute(
            "alter table bus.events disable trigger all; update bus.events set type_version = 1 where type_version = 7",
        )
        .unwrap();
    let mut workers = Workers::default();
    let config = ates::platform::config::Config::from_values([]).unwrap();
    bus::start(
        &mut workers,
        &house.db,
        &config,
        vec![Box::new(house.probe.clone())],
    )
    .unwrap();
    wait_until("it is heard", || house.heard(roma) == "1 2");
    workers.stop();
    assert_eq!(house.states(), "done done");
}

#[test]
fn events_before_an_undecodable_one_of_their_key_are_applied_first() {
    let house = House::new(Probe::default());
    let [_, roma, _] = people();
    house.tell(&[(roma, 1), (roma, 2)]);
    house.append("account.deleted", 7, roma, "{}");
    house.tell(&[(roma, 4)]);
    house.work();
    assert_eq!(house.heard(roma), "1 2");
    bus::skip(&house.db, &of(roma), WHY, Origin::system()).unwrap();
    house.tell(&[(roma, 5)]);
    house.work();
    assert_eq!(house.heard(roma), "1 2 5");
}
