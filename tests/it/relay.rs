//! The relay of the log to NATS JetStream, tried against the real server and read by a foreign reader.

use std::collections::HashSet;

use ates::bus::{self, Holder};
use ates::events::{self, AccountLoggedIn};
use ates::platform::db::{Lane, Origin};
use ates::platform::workers::Health;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::Api;
use crate::support::database::count;
use crate::support::nats::{NatsServer, Relayed};
use crate::support::{Person, TestApp, wait_until};

const RELAY: &str = "relay.nats";

fn relayed_to(server: &NatsServer) -> TestApp {
    TestApp::with(|settings| settings.set("ATES_RELAY_NATS_URL", server.url()))
}

/// Somebody creates tasks.
fn work(app: &TestApp, person: &Person, tasks: usize) {
    let api = app.api(person);
    for number in 1..=tasks {
        let title = format!("Задача {number}");
        assert_eq!(api.post("/api/v1/tasks", &json!({ "title": title })).0, 201);
    }
}

/// Many events that no subscriber is told of.
fn tell(app: &TestApp, events: usize) {
    let heard = AccountLoggedIn {
        method: "password".into(),
    };
    app.db()
        .transaction_blocking(Lane::Worker, ates::auth::ROLE, Origin::system(), |tx| {
            (1..=events).try_for_each(|number| {
                events::publish(tx, Uuid::from_u128(number as u128), &heard).map(drop)
            })
        })
        .unwrap();
}

fn operator() -> Holder {
    Holder::Operator("root".into())
}

fn pause(app: &TestApp) {
    bus::pause(app.db(), RELAY, &operator(), "a test", Origin::system()).unwrap();
}

fn resume(app: &TestApp) {
    bus::resume(app.db(), RELAY, &operator(), Origin::system()).unwrap();
}

fn lag(app: &TestApp, of_relay: bool) -> i64 {
    let statuses = app.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
    let rows = statuses
        .iter()
        .filter(|row| (row.name == RELAY) == of_relay);
    rows.map(bus::SubscriberStatus::lag).sum()
}

/// The log, as the messages should tell it.
#[derive(Debug, QueryableByName)]
struct Logged {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    event_id: String,
    #[diesel(sql_type = Text)]
    event_type: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    producer: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    correlation: String,
    #[diesel(sql_type = Nullable<Text>)]
    causation: Option<String>,
    #[diesel(sql_type = Jsonb)]
    payload: Value,
}

fn log(app: &TestApp) -> Vec<Logged> {
    sql_query(
        "select seq, event_id::text, event_type, 'ates.' || event_type || '.v' || type_version as kind, producer,
           subject_id::text as subject, correlation_id::text as correlation, causation_id::text as causation, payload
         from bus.events order by seq",
    )
    .load(&mut app.conn())
    .unwrap()
}

/// The stream has every event of the log once, in the order of the log.
fn assert_complete(app: &TestApp, stream: &[Relayed]) {
    let ids: Vec<&str> = stream
        .iter()
        .filter_map(|message| message.headers.get("Nats-Msg-Id").map(String::as_str))
        .collect();
    let log = log(app);
    let wanted: Vec<&str> = log.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(
        ids.len(),
        ids.iter().collect::<HashSet<_>>().len(),
        "doubled"
    );
    assert_eq!(ids, wanted);
}

#[test]
fn e03_every_event_reaches_the_stream_once_in_order_with_its_whole_envelope() {
    let server = NatsServer::start();
    let app = relayed_to(&server);
    work(&app, &app.register("kesha", &["developer"]), 5);
    app.drain();
    let stream = server.reader().read_all("ATES");
    assert_complete(&app, &stream);
    for (message, event) in stream.iter().zip(log(&app)) {
        let header = |name: &str| message.headers.get(name).cloned();
        assert_eq!(message.subject, format!("evt.{}", event.event_type));
        assert_eq!(message.data, event.payload);
        assert_eq!(header("ce-id"), Some(event.event_id));
        assert_eq!(header("ce-specversion"), Some("1.0".into()));
        assert_eq!(header("ce-type"), Some(event.kind));
        assert_eq!(
            header("ce-source"),
            Some(format!("/ates/{}", event.producer))
        );
        assert_eq!(header("ce-subject"), Some(event.subject));
        assert_eq!(header("ce-sequence"), Some(event.seq.to_string()));
        assert_eq!(header("ce-correlationid"), Some(event.correlation));
        assert_eq!(header("ce-causationid"), event.causation);
        assert_eq!(header("content-type"), Some("application/json".into()));
        let schema = header("ce-dataschema").unwrap();
        let path = format!("{}{schema}", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&path).is_file(), "{path}");
    }
}

#[test]
fn e03_the_relay_is_off_unless_it_is_asked_for() {
    let app = TestApp::start();
    assert!(app.config().relay.is_none());
    assert_eq!(
        count(&mut app.conn(), "bus.subscribers where name like 'relay%'"),
        0
    );
}

#[test]
fn e15_while_the_broker_is_down_everything_else_works_and_afterwards_nothing_is_lost() {
    let mut server = NatsServer::start();
    let app = relayed_to(&server);
    let kesha = app.register("kesha", &["developer"]);
    work(&app, &kesha, 2);
    app.drain();
    server.kill();
    work(&app, &kesha, 3);
    wait_until("the other subscribers are done", || lag(&app, false) == 0);
    assert_eq!(count(&mut app.conn(), "accounting.transfers"), 5);
    assert!(lag(&app, true) > 0, "what waits is seen");
    wait_until("the relay is shown as failed", || {
        let (_, ready) = health(&app);
        ready["modules"][RELAY] == "failed"
    });
    assert_eq!(health(&app).0, 200, "the product itself is well");
    server.restart();
    app.drain();
    assert_complete(&app, &server.reader().read_all("ATES"));
    wait_until("the relay is shown as up", || {
        health(&app).1["modules"][RELAY] == "up"
    });
}

/// What the health check says.
fn health(app: &TestApp) -> (u16, Value) {
    Api::anonymous(app.base()).get("/health/ready")
}

#[test]
fn e15_a_broker_killed_in_the_middle_of_a_backlog_gets_every_event_once() {
    let mut server = NatsServer::start();
    let app = relayed_to(&server);
    app.drain();
    pause(&app);
    tell(&app, 6_000);
    resume(&app);
    for part in [500, 2_500] {
        let mut reader = server.reader();
        wait_until("a part is relayed", || {
            reader.count("ATES").unwrap_or(0) >= part
        });
        server.kill();
        let stood = lag(&app, true);
        assert!(
            stood > 0,
            "the broker was killed too late to prove anything"
        );
        server.restart();
    }
    app.drain();
    assert_complete(&app, &server.reader().read_all("ATES"));
}

#[test]
fn e15_two_instances_never_publish_side_by_side() {
    let server = NatsServer::start();
    let app = relayed_to(&server);
    let other = app.services().start_workers().unwrap();
    for _ in 0..20 {
        tell(&app, 150);
    }
    app.drain();
    assert_eq!(other.board().all().get(RELAY), Some(&Health::Up));
    other.stop();
    assert_complete(&app, &server.reader().read_all("ATES"));
}

#[test]
fn e09_an_event_relayed_again_is_dropped_by_its_id_even_behind_a_foreign_message() {
    let server = NatsServer::start();
    let app = relayed_to(&server);
    tell(&app, 300);
    app.drain();
    server.reader().publish("evt.foreign");
    pause(&app);
    tell(&app, 5);
    app.conn()
        .batch_execute("update bus.subscribers set position = 0 where name = 'relay.nats'")
        .unwrap();
    resume(&app);
    app.drain();
    let stream = server.reader().read_all("ATES");
    assert_eq!(stream.len(), 306);
    assert_complete(&app, &stream);
}

#[test]
fn the_credentials_of_the_broker_are_never_shown() {
    let server = NatsServer::start();
    let app = TestApp::with(|settings| {
        let wrong = server.url().replace("word", "w0rd");
        settings.set("ATES_RELAY_NATS_URL", wrong)
    });
    tell(&app, 1);
    let mut board = String::new();
    wait_until("the relay is refused", || {
        let statuses = app.health();
        if let Some(Health::Failed(reason)) = statuses.get(RELAY) {
            board.clone_from(reason);
        }
        !board.is_empty()
    });
    let shown: Vec<String> = app.config().shown().map(|(_, value)| value).collect();
    for text in shown.iter().chain([&board]) {
        assert!(!text.contains("w0rd") && !text.contains("p%40ss"), "{text}");
    }
    pause(&app);
}
