//! A database of the version before partitions keeps every row.

use std::path::Path;

use ates::platform::db;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use crate::accounting::books::Books;
use crate::support::TestApp;
use crate::support::database::{count, text};

/// The first migration that belongs to partitions.
const FIRST: &str = "20261121000012";

const ROWS: &str = "select concat_ws(' | ',
    (select string_agg(t::text, ' ' order by id) from accounting.transfers t), (select string_agg(j::text, ' ' order by id) from tasks.journal j),
    (select string_agg(p::text, ' ' order by employee_id, business_date) from accounting.payouts p),
    (select string_agg(e::text, ' ' order by seq) from bus.events e)) as t";

/// Takes the newest migrations back, down to the version before.
fn go_back(conn: &mut PgConnection) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names: Vec<String> = std::fs::read_dir(folder.clone())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.as_str() >= FIRST)
        .collect();
    names.sort();
    for name in names.iter().rev() {
        let down = std::fs::read_to_string(folder.join(name).join("down.sql")).unwrap();
        conn.batch_execute(&format!("begin; {down}; commit"))
            .unwrap();
        let version = name.split('_').next().unwrap();
        conn.batch_execute(&format!(
            "delete from __diesel_schema_migrations where version = '{version}'"
        ))
        .unwrap();
    }
}

#[test]
fn r08_a_database_without_partitions_is_brought_up_with_every_row() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 4, 2);
    books.app.at("2026-04-20T09:00:00Z");
    books.settle();
    books.work(&kesha, 3, 1);
    let database = books.app.stop();
    let mut conn = database.connect();
    let rows = text(&mut conn, ROWS);

    go_back(&mut conn);
    assert_eq!(
        count(
            &mut conn,
            "pg_inherits where inhparent::regclass::text in ('accounting.transfers', 'tasks.journal')"
        ),
        0
    );
    assert_eq!(
        text(&mut conn, ROWS),
        rows,
        "the version before has the same rows"
    );

    assert!(db::migrate(&mut conn).unwrap() >= 4);
    assert_eq!(text(&mut conn, ROWS), rows);
    assert_eq!(
        count(&mut conn, "accounting.transfers_2026_04")
            + count(&mut conn, "accounting.transfers_2026_03"),
        11
    );
    for change in [
        "delete from accounting.transfers",
        "delete from tasks.journal",
        "insert into accounting.payouts select business_date + 1, employee_id, amount_minor, gen_random_uuid() from accounting.payouts",
    ] {
        assert!(conn.batch_execute(change).is_err(), "{change}");
    }

    let app = TestApp::with(|settings| settings.workers(false).on(database));
    app.at("2026-04-21T09:00:00Z");
    let closed = ates::accounting::settle_due(app.db(), app.config()).unwrap();
    assert_eq!(closed.len(), 1);
    let lev = app.register("lev", &["manager"]);
    let (status, _) = app.api(&lev).post(
        "/api/v1/tasks",
        &serde_json::json!({ "title": "Feed the macaw" }),
    );
    assert_eq!(status, 201, "the journal goes on with its numbers");
    app.drain();
    let late = "insert into accounting.transfers select gen_random_uuid(), kind, account_id, contra_id, amount_minor, version + 100,
        balance_minor, task_id, assignment_seq + 100, gen_random_uuid(), business_date, created_at from accounting.transfers
        where kind = 'assignment_fee' and business_date = '2026-03-02' limit 1";
    let error = conn.batch_execute(late).unwrap_err().to_string();
    assert!(error.contains("is closed"), "{error}");
}
