//! The doctor: nothing to say about a healthy company, and one line for each thing that is planted.

use std::process::Command;

use ates::operations::{self, Diagnosis};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::invariants::company;
use crate::support::TestApp;

fn examine(app: &TestApp, conn: &mut PgConnection) -> Diagnosis {
    let now = app.clock().now();
    operations::examine(conn, &app.services().roster(), now).unwrap()
}

/// What the doctor says after a fault, which is undone again.
fn told(app: &TestApp, fault: &str) -> Vec<String> {
    let mut lines = Vec::new();
    app.conn().test_transaction(|conn| {
        conn.batch_execute("set local session_replication_role = replica")?;
        conn.batch_execute(fault)?;
        lines = examine(app, conn).faults().collect();
        Ok::<_, diesel::result::Error>(())
    });
    lines
}

/// Faults with the check that names each.
const FAULTS: &[(&str, &str)] = &[
    ("sequence", "alter sequence bus.events_seq cache 50"),
    ("sequence", "select setval('bus.events_seq', 1)"),
    ("positions", "update bus.subscribers set position = position + 1 where name = 'tasks.prices'"),
    ("grants", "grant update (payload) on bus.events to ates_accounting"),
    ("grants", "grant insert on bus.events_0000 to ates_bus"),
    ("partitions", "drop table bus.events_0009, bus.events_0008, bus.events_0007, bus.events_0006, bus.events_0005, bus.events_0004,
        bus.events_0003, bus.events_0002"),
    ("subscribers", "insert into bus.subscribers (name) select 'tasks.forgotten'"),
    ("subscribers", "delete from bus.subscribers where name = 'analytics.projection'"),
    ("versions", "update bus.events set type_version = 9 where event_type = 'task.completed';
        update bus.subscribers set position = 0"),
    ("order of time", "update bus.events set recorded_at = recorded_at - interval '1 hour' where seq = 3"),
    ("parked items", "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
        select 'tasks.prices', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'blocked', now() from bus.events e where e.seq = 1"),
    ("ledger", "delete from accounting.transfers where id = (select id from accounting.transfers where kind = 'assignment_fee' limit 1)"),
    ("ledger", "delete from accounting.transfers where id = (select id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    ("ledger", "update accounting.transfers set amount_minor = amount_minor - 1
        where id = (select id from accounting.transfers where kind = 'assignment_fee' limit 1)"),
    ("ledger", "update accounting.transfers t set version = 1000000, account_id = (select employee_id from accounting.payouts p where p.employee_id <> t.account_id limit 1)
        where id = (select id from accounting.transfers where kind = 'completion_reward' limit 1)"),
    ("ledger", "update accounting.transfers set reason_event_id = gen_random_uuid()
        where id = (select id from accounting.transfers where kind = 'assignment_fee' limit 1)"),
    ("ledger", "update bus.subscribers set position = (select min(seq) from bus.events where event_type = 'task.completed') - 1
        where name = 'accounting.ledger'"),
    ("told transfers", "update accounting.transfers set amount_minor = amount_minor - 1 where kind = 'payout'"),
    ("told transfers", "delete from accounting.transfers where kind = 'payout'"),
];

#[test]
fn r26_the_doctor_is_silent_about_a_healthy_company_and_names_each_planted_fault() {
    let app = company();
    let healthy = examine(&app, &mut app.conn());
    assert!(
        healthy.is_well(),
        "{:#?}",
        healthy.faults().collect::<Vec<_>>()
    );
    let counted = healthy
        .checks()
        .find(|check| check.name == "ledger")
        .unwrap();
    assert!(!counted.notes[0].contains(" 0 legs"), "{:?}", counted.notes);
    let mut wrong = Vec::new();
    for (check, fault) in FAULTS {
        let lines = told(&app, fault);
        if !lines
            .iter()
            .any(|line| line.starts_with(&format!("{check}: ")))
        {
            wrong.push(format!("{fault}\n  expected {check}, told {lines:?}"));
        }
        assert!(
            lines.iter().all(|line| line.lines().count() == 1),
            "{lines:?}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn e13_what_is_parked_is_missing_from_the_ledger_by_right() {
    let app = company();
    let fault = "with gone as (delete from accounting.transfers
          where id = (select id from accounting.transfers where kind = 'completion_reward' limit 1) returning reason_event_id)
        insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
        select 'accounting.ledger', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', now()
        from gone join bus.events e on e.event_id = gone.reason_event_id";
    let lines = told(&app, fault);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("told transfers: ")),
        "{lines:?}"
    );
}

#[test]
fn the_command_ends_with_two_when_something_is_wrong() {
    let mut app = company();
    app.expect_broken();
    // The command looks from today, where a program that lives today has made its parts.
    app.conn()
        .batch_execute("select platform.make_partitions(now(), 3)")
        .unwrap();
    let run = || {
        Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(["events", "doctor"])
            .env("DATABASE_URL", database_of(&app))
            .output()
            .unwrap()
    };
    let well = run();
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    app.conn()
        .batch_execute("set session_replication_role = replica; delete from accounting.transfers where kind = 'assignment_fee'")
        .unwrap();
    let ill = run();
    let words = String::from_utf8_lossy(&ill.stdout).into_owned();
    assert_eq!(ill.status.code(), Some(2), "{words}");
    assert!(
        words.lines().any(|line| line.starts_with("ledger: event ")),
        "{words}"
    );
}

fn database_of(app: &TestApp) -> String {
    app.config().database_url.clone().unwrap()
}
