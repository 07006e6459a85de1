//! The chain of seals: what a closed date holds cannot be changed unseen, and whoever reads the views can compute it again.

use std::process::{Command, Output};

use ates::accounting::seal_due;
use ates::operations::verify_seals;
use ates::platform::db::READER;
use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::books::Books;
use crate::support::database::{count, text};
use crate::support::{Person, TestApp};

/// Two dates closed with transfers, one without, one open.
fn three_closed_dates() -> (Books, [Person; 2]) {
    let books = Books::open();
    let people = ["kesha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&people[1], 3, 2);
    books.app.at("2026-03-05T09:00:00Z");
    books.settle();
    books.work(&people[0], 1, 0);
    (books, people)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What an auditor does: psql, the script, and nothing else. `options` are settings of the session.
fn audit(app: &TestApp, head: &str, options: &str) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("psql")
        .arg(app.config().database_url.clone().unwrap())
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-v"])
        .arg(format!("head={head}"))
        .args([
            "-f",
            concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify-seals.sql"),
        ])
        .env("PGOPTIONS", options)
        .output()
        .unwrap();
    let words = [stdout, stderr].concat();
    (status.success(), String::from_utf8(words).unwrap())
}

fn head(app: &TestApp) -> String {
    text(
        &mut app.conn(),
        "select encode(digest, 'hex') as t from report_v1.day_seals order by business_date desc limit 1",
    )
}

/// What is wrong after a fault that gets around triggers and keys; the fault is undone again.
fn found(conn: &mut PgConnection, fault: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    conn.test_transaction(|conn| {
        conn.batch_execute("set local session_replication_role = replica")?;
        conn.batch_execute(fault)?;
        conn.batch_execute("set local role ates_reader")?;
        wrong = verify_seals(conn, day("2026-01-01"), day("2026-12-31")).unwrap();
        Ok::<_, diesel::result::Error>(())
    });
    wrong
}

#[test]
fn m43_closing_a_date_seals_it_and_every_seal_follows_from_the_one_before() {
    let (books, _) = three_closed_dates();
    let mut conn = books.app.conn();
    let chain = text(
        &mut conn,
        "select string_agg(concat_ws(' ', business_date, transfers, amount_minor,
             previous is not distinct from (select p.digest from report_v1.day_seals p where p.business_date = s.business_date - 1)), '; '
           order by business_date) as t from report_v1.day_seals s",
    );
    assert_eq!(
        chain,
        "2026-03-02 10 -2000 t; 2026-03-03 6 2000 t; 2026-03-04 0 0 t"
    );
    assert!(
        seal_due(books.app.db()).unwrap().is_empty(),
        "nothing is left to seal"
    );
    for change in [
        "update accounting.day_seals set transfers = 0",
        "delete from accounting.day_seals",
        "truncate accounting.day_seals",
    ] {
        assert!(conn.batch_execute(change).is_err(), "{change}");
    }
}

#[test]
fn m43_whatever_is_changed_in_a_closed_date_does_not_fit_its_seal() {
    let (books, [kesha, _]) = three_closed_dates();
    let mut conn = books.app.conn();
    assert_eq!(found(&mut conn, "select"), Vec::<String>::new());
    let one = format!(
        "(select id from accounting.transfers where account_id = '{}' and business_date = '2026-03-02' and kind = 'completion_reward' limit 1)",
        kesha.id
    );
    for column in [
        "id = gen_random_uuid()",
        "kind = 'adjustment'",
        "account_id = gen_random_uuid()",
        "contra_id = gen_random_uuid()",
        "amount_minor = amount_minor + 1",
        "version = version + 1000",
        "balance_minor = balance_minor + 1",
        "task_id = gen_random_uuid()",
        "assignment_seq = 77",
        "reason_event_id = gen_random_uuid()",
        "business_date = '2026-03-03'",
        "created_at = created_at + interval '1 microsecond'",
    ] {
        let wrong = found(
            &mut conn,
            &format!("update accounting.transfers set {column} where id = {one}"),
        );
        let moved = usize::from(column.starts_with("business_date"));
        assert_eq!(wrong.len(), 1 + moved, "{column}: {wrong:?}");
        assert!(wrong[0].starts_with("2026-03-02: "), "{column}: {wrong:?}");
    }
    let removed = found(
        &mut conn,
        &format!("delete from accounting.transfers where id = {one}"),
    );
    assert!(
        removed[0].contains("sealed with 10 transfers"),
        "{removed:?}"
    );
    let forged =
        "update accounting.day_seals set digest = sha256('x') where business_date = '2026-03-03'";
    assert_eq!(
        found(&mut conn, forged),
        [
            "2026-03-03: its transfers are not those that were sealed",
            "2026-03-04: its seal does not follow from the one before"
        ]
    );
    let hole = "delete from accounting.day_seals where business_date = '2026-03-03'";
    assert_eq!(
        found(&mut conn, hole),
        [
            "2026-03-04: its seal does not follow from the one before",
            "2026-03-03: closed, but not sealed"
        ]
    );
}

#[test]
fn m43_the_seals_of_a_slice_of_the_dates_are_checked_by_themselves() {
    let (books, _) = three_closed_dates();
    let mut conn = books.app.conn();
    conn.test_transaction(|conn| {
        conn.batch_execute(
            "set local session_replication_role = replica;
             update accounting.transfers set amount_minor = amount_minor - 1 where business_date = '2026-03-03' and kind = 'payout'",
        )?;
        let wrong = |conn: &mut PgConnection, from, to| verify_seals(conn, day(from), day(to)).unwrap().len();
        assert_eq!(wrong(conn, "2026-03-02", "2026-03-02"), 0);
        assert_eq!(wrong(conn, "2026-03-03", "2026-03-03"), 1);
        assert_eq!(wrong(conn, "2026-03-04", "2026-03-09"), 0);
        Ok::<_, diesel::result::Error>(())
    });
}

#[test]
fn m43_an_auditor_computes_the_digests_with_psql_alone_whatever_the_session_is_set_to() {
    let (books, [kesha, _]) = three_closed_dates();
    let app = &books.app;
    for options in [
        "",
        "-c timezone=Asia/Kathmandu -c datestyle=German -c intervalstyle=sql_standard -c extra_float_digits=-10 -c bytea_output=escape",
        "-c timezone=America/Los_Angeles -c datestyle=SQL,DMY -c lc_numeric=C -c work_mem=64kB -c standard_conforming_strings=off",
    ] {
        let (agrees, words) = audit(app, &head(app), options);
        assert!(
            agrees && words.matches(" agrees\n").count() == 3,
            "{options}: {words}"
        );
    }
    let (agrees, words) = audit(app, &"0".repeat(64), "");
    assert!(!agrees && words.contains("is not in the chain"), "{words}");
    let known = head(app);
    let tamper = format!(
        "begin; set local session_replication_role = replica;
         update accounting.transfers set amount_minor = amount_minor + 100 where account_id = '{}' and kind = 'payout'; commit",
        kesha.id
    );
    app.conn().batch_execute(&tamper).unwrap();
    let (agrees, words) = audit(app, &known, "");
    assert!(
        !agrees && words.contains("2026-03-02 10") && words.contains("DIFFERS"),
        "{words}"
    );
    let undo = tamper.replace("+ 100", "- 100");
    app.conn().batch_execute(&undo).unwrap();
    assert!(audit(app, &known, "").0);
}

#[test]
fn m43_dates_that_were_closed_before_there_were_seals_are_sealed_in_order_by_the_job() {
    let (books, _) = three_closed_dates();
    let app = &books.app;
    let before = text(
        &mut app.conn(),
        "select string_agg(encode(digest, 'hex'), ' ' order by business_date) as t from report_v1.day_seals",
    );
    app.conn()
        .batch_execute("begin; set local session_replication_role = replica; delete from accounting.day_seals; commit")
        .unwrap();
    let wrong = app
        .db()
        .read_blocking(READER, |conn| {
            verify_seals(conn, day("2026-01-01"), day("2026-12-31"))
        })
        .unwrap();
    assert!(
        wrong.is_empty(),
        "dates from before the first seal wait for the job: {wrong:?}"
    );
    let sealed: Vec<String> = seal_due(app.db())
        .unwrap()
        .into_iter()
        .map(|seal| seal.digest)
        .collect();
    assert_eq!(
        sealed.join(" "),
        before,
        "the same rows give the same seals"
    );
    assert_eq!(count(&mut app.conn(), "accounting.day_seals"), 3);
}
