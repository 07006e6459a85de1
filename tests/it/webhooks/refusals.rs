//! What a target will not take is a dead letter, and somebody decides.

use serde_json::json;

use super::target::Target;
use super::{House, NAME};
use crate::support::database::text;

#[test]
fn what_a_target_refuses_is_a_dead_letter_that_an_operator_tries_again() {
    let mut house = House::new();
    house
        .target
        .answer(|subject| Some(if subject == 2 { "422 No" } else { "200 OK" }.into()));
    house.tell(&[1, 2, 3, 2, 1]);
    house.work();
    assert_eq!(house.target.taken(), [1, 3, 1]);
    assert_eq!(house.parked(), "dead blocked");
    house.tell(&[2]);
    house.work();
    assert_eq!(house.parked(), "dead blocked blocked");
    let told = house
        .target
        .messages()
        .iter()
        .filter(|message| message.subject == 2)
        .count();
    assert_eq!(told, 1, "those behind it wait");

    let (_, letters) = house.root.get(&format!(
        "/api/v1/ops/dead-letters?consumer={NAME}&state=dead"
    ));
    let letter = &letters["items"][0];
    assert_eq!(
        (&letter["error_class"], &letter["error"]),
        (&json!("refused"), &json!("the target answers 422"))
    );
    house.target.well();
    let path = format!(
        "/api/v1/ops/dead-letters/{}/retry",
        letter["id"].as_str().unwrap()
    );
    assert_eq!(
        house.root.post(&path, &json!({})).1,
        json!({ "retried": 1 })
    );
    house.work();
    assert_eq!(house.target.taken(), [1, 3, 1, 2, 2, 2]);
    assert_eq!(house.parked(), "done done done");
}

#[test]
fn a_target_that_refuses_everything_is_paused_by_the_breaker() {
    let mut house = House::new();
    house.target.answer(|_| Some("401 Who".into()));
    house.tell(&(1..=40).collect::<Vec<_>>());
    house.work();
    let holder = text(
        &mut house.app.conn(),
        "select string_agg(holder, ' ') as t from bus.pauses",
    );
    assert_eq!(holder, "breaker");
}

#[test]
fn a56_a_redirect_is_not_followed() {
    let (mut house, other) = (House::new(), Target::start());
    let location = format!("307 Elsewhere\r\nlocation: {}", other.address());
    house.target.answer(move |_| Some(location.clone()));
    house.tell(&[1]);
    house.work();
    assert_eq!(house.parked(), "dead");
    assert!(other.messages().is_empty());
}
