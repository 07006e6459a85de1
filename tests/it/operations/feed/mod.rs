//! The event feed: nothing is missed, whoever waits is told at once, and who may not read reads nothing.

mod pieces;
mod stream;
mod waiting;
mod writers;

use ates::bus;
use ates::events::{self, AccountLoggedIn};
use ates::platform::db::{Lane, Origin};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Api, TestApp};

/// An app without workers, and its administrator's script.
fn quiet() -> (TestApp, Api) {
    let app = TestApp::with(|settings| settings.workers(false));
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    (app, api)
}

/// Publishes an event about somebody in a unit of work, which wakes who waits.
fn tell(app: &TestApp, subject: u128) {
    app.db()
        .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
            let method = "password".to_owned();
            events::publish(tx, Uuid::from_u128(subject), &AccountLoggedIn { method })
        })
        .unwrap();
}

/// Appends an event as another process does: nobody in this one is woken.
fn append(conn: &mut PgConnection, subject: u128) {
    let subject = Uuid::from_u128(subject);
    conn.batch_execute(&format!(
        "select bus.append('2026-03-02 09:00:00+00', array[gen_random_uuid()], array['account.logged_in'], array[2::smallint],
           array['account'], array['auth'], array['{subject}'::uuid], array[1], array[gen_random_uuid()],
           array[null]::uuid[], array[null]::uuid[], array['{{\"method\": \"password\"}}'::jsonb])"
    ))
    .unwrap();
}

/// A piece of the feed.
fn piece(api: &Api, query: &str) -> Value {
    let (status, answer) = api.get(&format!("/api/v1/events?{query}"));
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The last number of the log.
fn head(api: &Api) -> i64 {
    piece(api, "limit=1")["head"].as_i64().unwrap()
}

/// Whom the events are about, those of [`tell`] and [`append`].
fn subjects(piece: &Value) -> Vec<u128> {
    let items = piece["items"].as_array().unwrap();
    items
        .iter()
        .map(|event| {
            let subject: Uuid = event["subject"].as_str().unwrap().parse().unwrap();
            subject.as_u128()
        })
        .collect()
}
