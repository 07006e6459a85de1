//! Handing over: what a message is, who sends it, and what nobody holds meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use ates::bus::{self, LoggedEvent, Outlet, Sent};
use ates::platform::ids::fresh_key;
use ates::platform::metrics;
use ates::platform::workers::Progress;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::json;

use super::{House, NAME, hook_of, step};
use crate::support::database::count;

#[test]
fn a_message_is_the_envelope_of_the_feed_with_the_headers_of_standard_webhooks() {
    let mut house = House::new();
    house.tell(&[1, 2]);
    house.work();
    let messages = house.target.messages();
    assert_eq!(house.target.taken(), [1, 2]);
    let (first, second) = (&messages[0], &messages[1]);
    let feed = house
        .root
        .get("/api/v1/events?type=account.logged_in&limit=100")
        .1;
    let items = feed["items"].as_array().unwrap();
    assert_eq!(first.body, items[items.len() - 2]);
    assert_eq!(json!(first.headers["webhook-id"]), first.body["id"]);
    assert_ne!(first.headers["webhook-id"], second.headers["webhook-id"]);
    assert_eq!(
        first.headers["webhook-timestamp"],
        house.app.clock().now().timestamp().to_string()
    );
    assert!(first.headers["webhook-signature"].starts_with("v1,"));
    assert_eq!(first.headers["content-type"], "application/json");
    house.work();
    assert_eq!(house.target.messages().len(), 2, "each once");

    let mut registry = Registry::default();
    metrics::register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let line = format!("webhook_deliveries_total{{target=\"{NAME}\",outcome=\"taken\"}} 2");
    assert!(text.contains(&line), "{text}");
}

#[test]
fn while_a_target_takes_its_time_no_transaction_is_open_and_no_other_process_sends() {
    let mut house = House::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    house.target.answer(move |_| {
        wait.lock().unwrap().recv().unwrap();
        Some("204 No Content".into())
    });
    house.tell(&[1]);
    let (app, target, holder) = (&house.app, &house.target, house.holder);
    let hook = &mut house.hook;
    std::thread::scope(|scope| {
        let sends = scope.spawn(move || step(app, hook, holder));
        crate::support::wait_until("the cursor is taken", || {
            count(&mut app.conn(), "bus.outlets where holder is not null") == 1
        });
        let open = "pg_stat_activity where datname = current_database() and application_name like 'ates %' and xact_start is not null";
        crate::support::wait_until("nothing is open", || count(&mut app.conn(), open) == 0);
        assert_eq!(step(app, &mut hook_of(app), fresh_key()), Progress::Idle);
        assert!(!sends.is_finished());
        go.send(()).unwrap();
        assert_eq!(sends.join().unwrap(), Progress::More);
    });
    assert_eq!(target.taken(), [1]);
}

/// An outlet whose process dies while it sends.
struct Dying<'a>(&'a mut ates::webhooks::Webhook);

// A step borrows it no longer than the test does.
impl Outlet for Dying<'static> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn types(&self) -> &'static [&'static str] {
        self.0.types()
    }

    fn send(&mut self, event: &LoggedEvent) -> Sent {
        assert_eq!(self.0.send(event), Sent::Taken);
        panic!("the process dies");
    }
}

#[test]
fn what_a_dead_process_has_sent_is_sent_again_with_the_same_id_once_its_time_is_over() {
    let mut house = House::new();
    house.tell(&[1]);
    let mut dying = Dying(Box::leak(Box::new(hook_of(&house.app))));
    let died = catch_unwind(AssertUnwindSafe(|| {
        bus::step_outlet(
            house.app.db(),
            &mut dying,
            fresh_key(),
            std::time::Duration::from_secs(300),
        )
    }));
    assert!(died.is_err());
    house.work();
    assert_eq!(
        house.target.taken(),
        [1],
        "somebody else may still be at it"
    );
    house.wait(61);
    house.work();
    assert_eq!(house.target.taken(), [1, 1]);
    let messages = house.target.messages();
    assert_eq!(
        messages[0].headers["webhook-id"],
        messages[1].headers["webhook-id"]
    );
}

#[test]
fn events_of_other_types_are_passed_over_and_leave_no_lag() {
    let mut house = House::new();
    let kesha = house.root.post(
        "/api/v1/users",
        &json!({ "username": "kesha", "email": "kesha@uberpopug.example", "name": "Kesha", "surname": "Popug",
            "password": "a feather in the wind", "roles": ["developer"] }),
    );
    assert_eq!(kesha.0, 201, "{}", kesha.1);
    house.work();
    assert!(house.target.messages().is_empty());
    let statuses = house
        .app
        .db()
        .read_blocking(bus::ROLE, bus::statuses)
        .unwrap();
    let own = statuses.iter().find(|row| row.name == NAME).unwrap();
    assert_eq!(own.lag(), 0);
}
