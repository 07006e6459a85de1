//! A target that is away or has trouble: nothing is lost, and the order stays.

use super::{House, NAME};
use crate::support::database::{count, text};

#[test]
fn a_target_that_was_away_for_an_hour_gets_everything_in_order_and_nobody_had_to_repair_anything() {
    let mut house = House::new();
    house.target.answer(|_| None);
    house.tell(&[1, 2, 1]);
    for minute in 0..60 {
        house.work();
        house.wait(60);
        if minute == 30 {
            house.tell(&[3, 1]);
        }
    }
    let tries = house.target.messages().len();
    assert!((10..30).contains(&tries), "{tries} tries in an hour");
    assert_eq!(
        (house.parked().as_str(), house.target.taken()),
        ("", vec![])
    );
    assert_eq!(
        count(&mut house.app.conn(), "bus.pauses"),
        0,
        "the breaker has nothing to do"
    );
    let told = text(
        &mut house.app.conn(),
        &format!("select last_error as t from bus.subscribers where name = '{NAME}'"),
    );
    assert!(told.contains("no answer"), "{told}");

    house.target.well();
    house.wait(300);
    house.work();
    assert_eq!(house.target.taken(), [1, 2, 1, 3, 1]);
}

#[test]
fn a_busy_target_is_left_alone_and_longer_each_time() {
    let mut house = House::new();
    house.target.answer(|_| Some("503 Busy".into()));
    house.tell(&[1]);
    let mut tries = Vec::new();
    for _ in 0..16 {
        house.work();
        tries.push(house.target.messages().len());
        house.wait(1);
    }
    assert_eq!(tries, [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]);
    house.target.well();
    house.wait(16);
    house.work();
    assert_eq!(house.target.taken(), [1]);
}

#[test]
fn an_event_that_a_target_chokes_on_holds_up_those_of_its_subject_alone() {
    let mut house = House::new();
    house
        .target
        .answer(|subject| Some(if subject == 2 { "500 Oops" } else { "200 OK" }.into()));
    house.tell(&[1, 2, 2, 3]);
    for _ in 0..6 {
        house.work();
        house.wait(60);
    }
    house.work();
    assert_eq!(house.target.taken(), [1, 3]);
    assert_eq!(house.parked(), "retrying blocked");

    house.target.well();
    for _ in 0..3 {
        house.wait(300);
        house.work();
    }
    assert_eq!(house.target.taken(), [1, 3, 2, 2]);
    assert_eq!(house.parked(), "done done");
    let messages = house.target.messages();
    let of_two: Vec<_> = messages
        .iter()
        .filter(|message| message.subject == 2 && message.taken)
        .collect();
    assert!(of_two[0].body["seq"].as_i64() < of_two[1].body["seq"].as_i64());
}
