//! What is past its time online goes to the archive, and nothing else changes by that.

use std::process::{Command, Output};

use ates::platform::db::Origin;
use ates::platform::partitions::{self, archive};
use chrono::NaiveDate;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::Value;

use super::online;
use crate::accounting::books::Books;
use crate::support::database::{count, number, text};
use crate::support::{Person, TestApp};

const TOTALS: &str = "select concat_ws(' ', (select sum(amount_minor) from report_v1.transfers),
    (select count(*) from report_v1.transfers), (select count(*) from report_v1.postings), (select count(*) from report_v1.assignments),
    (select count(*) from report_v1.completions), (select count(*) from report_v1.events),
    (select string_agg(b::text, ' ' order by employee_id) from report_v1.balances b)) as t";

/// March was worked in, and every date up to the one before `now` is settled; so many months stay online.
fn long_ago(now: &str, months: u32) -> (Books, Person) {
    let books = Books::open_with(|settings| settings.set("ATES_ARCHIVE_AFTER_MONTHS", months));
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 4, 2);
    books.app.at("2026-03-30T09:00:00Z");
    books.settle();
    books.work(&kesha, 2, 1);
    books.app.at(now);
    partitions::make(books.app.db()).unwrap();
    books.settle();
    (books, kesha)
}

fn ates(url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(args)
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", url)
        .output()
        .unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn url_of(app: &TestApp) -> String {
    app.config().database_url.clone().unwrap()
}

fn move_due(app: &TestApp) -> Vec<String> {
    archive(app.db(), app.config().archive_after_months, None).unwrap()
}

#[test]
fn t_ops_9_after_five_years_and_a_month_the_oldest_month_is_archived_and_no_figure_moves() {
    let (books, kesha) = long_ago("2031-04-02T09:00:00Z", 60);
    let mut conn = books.app.conn();
    let api = books.app.api(&kesha);
    let log = || {
        api.get("/api/v1/accounting/transfers?from=2026-03-01&to=2026-03-31")
            .1["items"]
            .clone()
    };
    let (totals, shown) = (text(&mut conn, TOTALS), log());
    let export = || {
        let read = |conn: &mut PgConnection| {
            let from: Option<NaiveDate> = "2026-03-10".parse().ok();
            ates::accounting::export_journal(
                conn,
                books.app.config(),
                ates::accounting::JournalFormat::Hledger,
                from,
                "2026-04-10".parse().ok(),
            )
        };
        books
            .app
            .db()
            .read_blocking(ates::accounting::ROLE, read)
            .unwrap()
    };
    let exported = export();

    assert_eq!(
        move_due(&books.app),
        [
            "journal_2026_02",
            "transfers_2026_02",
            "journal_2026_03",
            "transfers_2026_03"
        ]
    );
    assert!(move_due(&books.app).is_empty(), "moved once");
    assert!(
        partitions::make(books.app.db()).unwrap().is_empty(),
        "and not made anew"
    );

    assert_eq!(count(&mut conn, "accounting.transfers"), 0);
    assert_eq!(count(&mut conn, "archive.transfers"), 11);
    assert_eq!(text(&mut conn, TOTALS), totals);
    assert_eq!(log(), shown, "the account's page of that month");
    assert_eq!(export(), exported, "the journal export");
    books.app.assert_verified();

    let url = url_of(&books.app);
    let listed = words(&ates(&url, &["archive", "list"]));
    assert!(
        listed.contains("transfers transfers_2026_03 ")
            && listed.contains("journal journal_2026_03 "),
        "{listed}"
    );
    let rows = words(&ates(
        &url,
        &["archive", "show", "transfers", "--month", "2026-03"],
    ));
    let rows: Vec<Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum: i64 = rows
        .iter()
        .map(|row| row["amount_minor"].as_i64().unwrap())
        .sum();
    assert_eq!(
        (rows.len(), sum),
        (
            11,
            number(
                &mut conn,
                "select sum(amount_minor)::bigint as n from report_v1.transfers"
            )
        )
    );
    let journal = words(&ates(
        &url,
        &["archive", "show", "journal", "--month", "2026-03"],
    ));
    assert_eq!(
        journal
            .lines()
            .filter(|line| line.contains("\"complete\""))
            .count(),
        3
    );
    let nothing = ates(&url, &["archive", "show", "events", "--month", "2026-04"]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn r07_the_archive_is_read_only_and_work_goes_on_after_the_move() {
    let (books, kesha) = long_ago("2026-06-02T09:00:00Z", 1);
    move_due(&books.app);
    let mut conn = books.app.conn();
    for change in [
        "delete from archive.transfers",
        "update archive.transfers_2026_03 set amount_minor = 1",
        "truncate archive.journal_2026_03",
    ] {
        let error = conn.batch_execute(change).unwrap_err().to_string();
        assert!(error.contains("never changed"), "{change}: {error}");
    }
    books.work(&kesha, 2, 1);
    conn.batch_execute("update bus.subscribers set position = 0 where name = 'accounting.ledger'")
        .unwrap();
    let before = count(&mut conn, "accounting.transfers");
    assert_eq!(before, 3);
    let replayed = text(&mut conn, TOTALS);
    books.app.drain();
    assert_eq!(
        text(&mut conn, TOTALS),
        replayed,
        "what is in the archive is not booked again"
    );
}

#[test]
fn r07_a_month_that_is_not_settled_stays() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 2, 1);
    books.app.at("2031-04-02T09:00:00Z");
    partitions::make(books.app.db()).unwrap();
    assert!(
        move_due(&books.app)
            .iter()
            .all(|name| name.starts_with("journal_") || name == "transfers_2026_02")
    );
    assert!(online(&mut books.app.conn(), "transfers").contains(&"transfers_2026_03".to_owned()));
}

#[test]
fn r07_a_part_of_the_log_moves_when_nobody_needs_it() {
    let (books, kesha) = long_ago("2026-06-02T09:00:00Z", 1);
    let mut conn = books.app.conn();
    let moved = |books: &Books| move_due(&books.app).contains(&"events_0000".to_owned());
    assert!(!moved(&books), "the head is in it");
    conn.batch_execute("select setval('bus.events_seq', 10000000)")
        .unwrap();
    let log = count(&mut conn, "report_v1.events");
    books.plant(&kesha);
    assert!(!moved(&books), "nobody has dealt with all of it");
    books.app.drain();
    let parked = "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
        values ('accounting.ledger', gen_random_uuid(), gen_random_uuid(), 5, 0, gen_random_uuid(), 'dead', now())";
    conn.batch_execute(parked).unwrap();
    assert!(!moved(&books), "one of its events waits for repair");
    conn.batch_execute("update bus.parked_items set state = 'done'")
        .unwrap();
    assert!(!moved(&books), "its newest event is not old enough");
    books.app.at("2026-08-02T09:00:00Z");
    partitions::make(books.app.db()).unwrap();
    assert!(moved(&books));
    assert!(count(&mut conn, "report_v1.events") > log);
    assert_eq!(
        count(&mut conn, "archive.events"),
        count(&mut conn, "report_v1.events where seq < 10000000")
    );
    let shown = ates(
        &url_of(&books.app),
        &["archive", "show", "events", "--month", "2026-03"],
    );
    assert!(words(&shown).contains("task.created"));

    let figures = |books: &Books| {
        let table = |name| {
            format!("(select string_agg(t::text, ' ' order by t::text) from analytics.{name} t)")
        };
        let all = ["day_totals", "employees", "tasks"].map(table).join(", ");
        text(
            &mut books.app.conn(),
            &format!("select concat_ws(' | ', {all}) as t"),
        )
    };
    let before = figures(&books);
    let projection = ates::analytics::subscribers(books.app.config()).remove(0);
    let told = ates::bus::rebuild(books.app.db(), projection.as_ref(), Origin::system()).unwrap();
    assert!(told > 10, "{told}");
    assert_eq!(figures(&books), before, "a rebuild hears the archive too");
    books.settle();
}

#[test]
fn r07_the_command_and_the_daily_job_do_the_same_and_may_be_repeated() {
    let (books, _) = long_ago("2026-06-02T09:00:00Z", 60);
    let url = url_of(&books.app);
    let run = || {
        Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("archive")
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", &url)
            .env("ATES_ARCHIVE_AFTER_MONTHS", "1")
            .output()
            .unwrap()
    };
    let first = words(&run());
    assert!(
        first.contains("moved transfers_2026_03 to the archive"),
        "{first}"
    );
    assert!(
        first.contains("transfers: ") && !first.contains("too few"),
        "{first}"
    );
    assert!(!words(&run()).contains("moved"), "idempotent");
    partitions::archive_daily(books.app.db(), books.app.config()).unwrap();
    partitions::archive_daily(books.app.db(), books.app.config()).unwrap();
    let runs =
        "platform.job_runs where job = 'platform.archive' and state = 'done' and attempts = 1";
    assert_eq!(count(&mut books.app.conn(), runs), 1);
}

#[test]
fn r07_the_archive_has_the_columns_of_what_it_keeps() {
    let app = TestApp::with(|settings| settings.workers(false));
    let differing = "(select table_name, column_name, data_type, is_nullable from information_schema.columns
          where (table_schema, table_name) in (('accounting', 'transfers'), ('tasks', 'journal'), ('bus', 'events'))
        except select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = 'archive') d";
    assert_eq!(count(&mut app.conn(), differing), 0);
}
