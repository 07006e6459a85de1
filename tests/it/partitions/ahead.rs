//! Partitions are there before they are needed.

use std::sync::mpsc;

use ates::platform::partitions::{self, Ahead};
use diesel::connection::SimpleConnection;

use super::online;
use crate::accounting::books::Books;
use crate::support::database::{count, number, text};
use crate::support::{TestApp, wait_until};

#[test]
fn r08_months_are_made_ahead_and_a_downtime_leaves_no_gap() {
    let app = TestApp::with(|settings| settings.workers(false));
    let mut conn = app.conn();
    for (parent, last) in [
        ("transfers", "transfers_2026_06"),
        ("journal", "journal_2026_06"),
    ] {
        assert!(online(&mut conn, parent).contains(&last.to_owned()));
    }
    app.at("2028-01-05T09:00:00Z");
    partitions::make(app.db()).unwrap();
    let now = app.clock().now();
    for Ahead { parent, ahead } in partitions::list_ahead(&mut conn, now).unwrap() {
        assert!(
            ahead >= i64::from(partitions::MADE_AHEAD),
            "{parent}: {ahead}"
        );
    }
    let gaps = "(select month, lag(month) over (order by month) as before from platform.partitions
        where parent = 'transfers' and month >= '2026-10-01') m where before + interval '1 month' <> month";
    assert_eq!(count(&mut conn, gaps), 0);
    assert_eq!(
        online(&mut conn, "transfers").last().unwrap(),
        "transfers_2028_04"
    );
    assert!(
        partitions::make(app.db()).unwrap().is_empty(),
        "nothing is made twice"
    );
}

#[test]
fn r08_the_program_makes_its_partitions_before_it_works() {
    let app = TestApp::with(|settings| settings.workers(false));
    app.conn()
        .batch_execute(
            "drop table accounting.transfers_2026_03, accounting.transfers_2026_04, tasks.journal_2026_03, tasks.journal_2026_04",
        )
        .unwrap();
    let app = TestApp::with(|settings| settings.on(app.stop()));
    app.register("kesha", &["developer"]);
    let lev = app.register("lev", &["manager"]);
    let (status, _) = app.api(&lev).post(
        "/api/v1/tasks",
        &serde_json::json!({ "title": "Feed the macaw" }),
    );
    assert_eq!(status, 201);
    app.drain();
    assert_eq!(count(&mut app.conn(), "accounting.transfers_2026_03"), 1);
}

#[test]
fn r08_the_log_has_parts_ahead_of_its_head() {
    let app = TestApp::with(|settings| settings.workers(false));
    app.conn()
        .batch_execute("select setval('bus.events_seq', 85000000)")
        .unwrap();
    assert_eq!(
        partitions::make(app.db()).unwrap(),
        ["events_0010", "events_0011"]
    );
    let by_hand = "insert into bus.events select 100000001, gen_random_uuid(), 'x', 1, 't', 'p', gen_random_uuid(), 1,
        gen_random_uuid(), null, null, now(), '{}'";
    let mut conn = app.conn();
    conn.batch_execute(by_hand).unwrap();
    for change in [
        "delete from bus.events",
        "update bus.events_0010 set topic = ''",
        "truncate bus.events_0010",
    ] {
        let error = conn.batch_execute(change).unwrap_err().to_string();
        assert!(error.contains("never changed"), "{change}: {error}");
    }
    conn.batch_execute("set session_replication_role = replica; delete from bus.events where seq = 100000001; select setval('bus.events_seq', 1)")
        .unwrap();
}

#[test]
fn r08_a_booking_whose_month_is_missing_waits_for_it_and_is_not_lost() {
    let mut books = Books::open();
    books.app.expect_broken();
    let kesha = books.app.register("kesha", &["developer"]);
    books.app.at("2029-06-15T09:00:00Z");
    books.tell_assigned(uuid::Uuid::from_u128(42), &kesha, 1);
    books.app.drain();
    let waiting = "bus.parked_items where subscriber = 'accounting.ledger' and state = 'retrying'";
    assert_eq!(count(&mut books.app.conn(), waiting), 1);
    partitions::make(books.app.db()).unwrap();
    books.app.at("2029-06-15T10:00:00Z");
    let subscribers = books.app.services().subscribers();
    wait_until("the item was tried again", || {
        for subscriber in &subscribers {
            ates::bus::step(books.app.db(), subscriber.as_ref()).unwrap();
        }
        count(&mut books.app.conn(), waiting) == 0
    });
    assert_eq!(
        count(&mut books.app.conn(), "accounting.transfers_2029_06"),
        1
    );
    assert_eq!(books.balance(&kesha), -10);
}

#[test]
fn r08_nobody_waits_while_a_month_is_made() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let mut other = books.app.conn();
    other
        .batch_execute("begin; lock table accounting.transfers in share update exclusive mode")
        .unwrap();
    books
        .app
        .clock()
        .set("2028-01-05T09:00:00Z".parse().unwrap());
    let db = books.app.db().clone();
    let (tell, told) = mpsc::channel();
    let maker = std::thread::spawn(move || tell.send(partitions::make(&db)).unwrap());
    let mut conn = books.app.conn();
    wait_until("the new month waits for the table", || {
        number(
            &mut conn,
            "select count(*) as n from pg_locks where not granted and relation = 'accounting.transfers'::regclass",
        ) == 1
    });
    books.app.at("2026-03-02T10:00:00Z");
    books.create(&kesha);
    assert_eq!(books.balance(&kesha), -10);
    other.batch_execute("rollback").unwrap();
    assert!(!told.recv().unwrap().unwrap().is_empty());
    maker.join().unwrap();
}

#[test]
fn m43_a_month_refuses_changes_as_the_whole_does() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.create(&kesha);
    let mut conn = books.app.conn();
    for change in [
        "update accounting.transfers_2026_03 set amount_minor = -1",
        "delete from accounting.transfers_2026_03",
        "truncate accounting.transfers_2026_03",
        "delete from tasks.journal_2026_03",
    ] {
        let error = conn.batch_execute(change).unwrap_err().to_string();
        assert!(error.contains("never changed"), "{change}: {error}");
    }
    let unpaid = format!(
        "insert into accounting.payouts values ('2026-03-02', '{}', 100, gen_random_uuid())",
        kesha.id
    );
    let error = conn.batch_execute(&unpaid).unwrap_err().to_string();
    assert!(error.contains("has no transfer"), "{error}");
}

#[test]
fn m40_a_reason_is_booked_once_though_months_have_passed() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    books.complete(task, &kesha);
    books.app.drain();
    books.app.at("2026-06-20T09:00:00Z");
    partitions::make(books.app.db()).unwrap();
    books.settle();
    books.work(&kesha, 2, 1);
    let ledger = "select string_agg(t::text, ' ' order by business_date, id) as t from accounting.transfers t";
    let mut conn = books.app.conn();
    let before = text(&mut conn, ledger);
    conn.batch_execute("update bus.subscribers set position = 0 where name = 'accounting.ledger'")
        .unwrap();
    books.app.drain();
    assert_eq!(text(&mut conn, ledger), before);
}
