//! Modules know each other by events alone, and no event is lost, doubled or malformed.

use ates::platform::db::{DbRole, Lane, Origin};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use diesel::{PgConnection, RunQueryDsl, sql_query};
use serde_json::json;

use crate::support::database::{count, text};
use crate::support::{Person, TestApp};

const MODULES: [&str; 5] = ["auth", "tasks", "accounting", "analytics", "bus"];

/// One of each role that matters, and some who work.
fn company(app: &TestApp) -> Vec<Person> {
    app.register_all(&[
        ("root", &["administrator"]),
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("gosha", &["developer", "accountant"]),
    ])
}

fn create_tasks(app: &TestApp, person: &Person, tasks: usize) {
    let api = app.api(person);
    for number in 1..=tasks {
        let title = format!("Task {number}");
        assert_eq!(api.post("/api/v1/tasks", &json!({ "title": title })).0, 201);
    }
}

/// Everyone completes what he has.
fn complete_all(app: &TestApp, people: &[Person]) {
    for person in people {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        for task in mine["items"].as_array().unwrap() {
            let uid = task["uid"].as_str().unwrap();
            assert_eq!(
                api.post(&format!("/api/v1/tasks/{uid}/complete"), &json!({}))
                    .0,
                200
            );
        }
    }
}

#[test]
fn e01_no_module_can_write_into_the_tables_of_another() {
    let app = TestApp::with(|settings| settings.workers(false));
    let conn = &mut app.conn();
    for writer in MODULES {
        for owner in MODULES.iter().filter(|owner| **owner != writer) {
            let found = text(
                conn,
                &format!(
                    "select coalesce(string_agg(relname, ' '), '') as t from pg_class c
                     where relnamespace = '{owner}'::regnamespace and relkind in ('r', 'p') and (
                       has_any_column_privilege('ates_{writer}', c.oid, 'INSERT') or has_any_column_privilege('ates_{writer}', c.oid, 'UPDATE')
                       or has_table_privilege('ates_{writer}', c.oid, 'DELETE') or has_table_privilege('ates_{writer}', c.oid, 'TRUNCATE'))"
                ),
            );
            assert_eq!(found, "", "{writer} may write into {owner}");
        }
    }
    let theft = app.db().transaction_blocking(
        Lane::Worker,
        DbRole::new("ates_tasks"),
        Origin::system(),
        |tx| Ok(sql_query("update accounting.balances set amount_minor = 100").execute(tx.conn())?),
    );
    let refusal = theft.unwrap_err().to_string();
    assert!(refusal.contains("permission denied"), "{refusal}");
}

#[test]
fn e02_events_that_waited_while_the_bus_was_down_are_all_delivered_after_a_restart() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = company(&app);
    create_tasks(&app, &people[0], 1_000);
    let conn = &mut app.conn();
    assert_eq!(count(conn, "tasks.tasks where status = 'saving'"), 1_000);
    assert_eq!(count(conn, "accounting.transfers"), 0);
    let database = app.stop();

    let app = TestApp::with(|settings| settings.on(database));
    app.settle_idle();
    let conn = &mut app.conn();
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 1_000);
    assert_eq!(
        count(conn, "accounting.transfers where kind = 'assignment_fee'"),
        1_000
    );
    let fees = "select coalesce(sum(fees_minor), 0)::text as t from analytics.day_totals";
    let booked = "select (-sum(amount_minor))::text as t from accounting.transfers";
    assert_eq!(text(conn, fees), text(conn, booked));
}

/// Everything that accounting and analytics have written, in one text.
fn books(conn: &mut PgConnection) -> String {
    text(
        conn,
        "select (select md5(string_agg(t::text, ';' order by id)) from accounting.transfers t)
           || (select md5(string_agg(b::text, ';' order by account_id)) from accounting.balances b)
           || (select md5(string_agg(p::text, ';' order by task_id)) from accounting.task_prices p)
           || (select md5(string_agg(d::text, ';' order by business_date)) from analytics.day_totals d) as t",
    )
}

#[test]
fn e09_every_event_delivered_again_leaves_the_same_ledger() {
    let app = TestApp::start();
    let people = company(&app);
    create_tasks(&app, &people[0], 12);
    app.drain();
    complete_all(&app, &people[2..4]);
    assert_eq!(
        app.api(&people[1])
            .post("/api/v1/tasks/reassign", &json!({}))
            .0,
        202
    );
    app.settle_idle();
    let conn = &mut app.conn();
    let (before, told) = (books(conn), count(conn, "bus.events where topic = 'money'"));
    let rewind = "update bus.subscribers set position = 0 where name = 'accounting.ledger'";
    // The clock moves on, so that a second booking would have another date as well.
    app.clock().advance(Duration::hours(1));
    conn.batch_execute(rewind).unwrap();
    app.db().wake().notify();
    app.drain();
    assert_eq!(books(conn), before);
    assert_eq!(count(conn, "bus.events where topic = 'money'"), told);
    assert_eq!(count(conn, "bus.parked_items"), 0);
}
