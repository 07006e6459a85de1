//! What a question about a period touches: counted by Postgres, table by table, while the product answers.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use ates::accounting;
use ates::platform::partitions;

use crate::accounting::books::Books;
use crate::scale::tell_counts;
use crate::support::Person;
use crate::support::database::text;

#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// How often each month was looked into.
fn scans(books: &Books) -> BTreeMap<String, i64> {
    tell_counts(&books.app);
    let rows: Vec<Scans> = sql_query(
        "select relname::text as name, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) as scans from pg_stat_user_tables
         where relname ~ '^(transfers|journal)_[0-9]'",
    )
    .load(&mut books.app.conn())
    .unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

/// The months that were looked into during some work.
fn touched(books: &Books, work: impl FnOnce()) -> BTreeSet<String> {
    let before = scans(books);
    work();
    let after = scans(books);
    after
        .into_iter()
        .filter(|(name, scans)| before.get(name) != Some(scans))
        .map(|(name, _)| name)
        .collect()
}

fn names(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(|name| (*name).to_owned()).collect()
}

/// A company that worked on a day of each month from March to June; it is the 20th of June.
fn four_months() -> (Books, Person, Person) {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    for month in 3..=6 {
        books.app.at(&format!("2026-{month:02}-10T09:00:00Z"));
        partitions::make(books.app.db()).unwrap();
        books.settle();
        books.work(&kesha, 3, 1);
    }
    books.app.at("2026-06-20T09:00:00Z");
    books.settle();
    (books, kesha, buh)
}

#[test]
fn r08_questions_about_a_period_touch_only_its_months() {
    let (books, kesha, buh) = four_months();
    let (own, company) = (books.app.api(&kesha), books.app.api(&buh));
    let mut page = books.app.log_in(&buh);
    let get = |path: &str| {
        let (status, answer) = company.get(path);
        assert_eq!(status, 200, "{path}");
        answer["items"].as_array().unwrap().len()
    };

    let account = touched(&books, || {
        let (_, answer) = own.get("/api/v1/accounting/transfers?from=2026-04-01&to=2026-04-30");
        assert!(answer["items"].as_array().unwrap().len() > 3);
    });
    assert_eq!(account, names(&["transfers_2026_04"]), "an account's page");

    let day = touched(&books, || {
        assert_eq!(page.get("/accounting/days/2026-05-10").status, 200)
    });
    assert_eq!(day, names(&["transfers_2026_05"]), "the company's day");

    let list = touched(&books, || {
        assert!(get("/api/v1/accounting/company/transfers?from=2026-03-01&to=2026-03-31") > 3);
    });
    assert_eq!(
        list,
        names(&["transfers_2026_03"]),
        "all transfers of a month"
    );

    let earnings = touched(&books, || {
        get("/api/v1/accounting/company/earnings?from=2026-03-01&to=2026-04-30");
    });
    assert!(
        earnings.is_disjoint(&names(&["transfers_2026_03", "transfers_2026_05"])),
        "{earnings:?}"
    );

    let export = touched(&books, || {
        let csv = books.app.db().read_blocking(accounting::ROLE, |conn| {
            let day = |text: &str| text.parse().ok();
            accounting::export_transfers(conn, day("2026-05-01"), day("2026-05-31"))
        });
        assert!(csv.unwrap().len() > 500);
    });
    assert!(
        export.is_disjoint(&names(&["transfers_2026_03", "transfers_2026_04"])),
        "{export:?}"
    );
}

#[test]
fn r08_booking_closing_and_sweeping_leave_old_months_alone() {
    let (books, kesha, _) = four_months();
    let old = names(&[
        "transfers_2026_03",
        "transfers_2026_04",
        "transfers_2026_05",
        "journal_2026_03",
        "journal_2026_04",
    ]);
    let task = std::cell::Cell::new(uuid::Uuid::nil());
    let booking = touched(&books, || task.set(books.create(&kesha)));
    assert_eq!(booking, names(&["transfers_2026_06"]), "booking a fee");

    let sweep = touched(&books, || {
        accounting::sweep(books.app.db(), books.app.config()).unwrap()
    });
    assert!(
        sweep.contains("journal_2026_06") && sweep.is_disjoint(&old),
        "the sweep: {sweep:?}"
    );

    books.complete(task.get(), &kesha);
    books.app.drain();
    let journal = touched(&books, || {
        let (status, rows) = books
            .app
            .api(&kesha)
            .get(&format!("/api/v1/tasks/{}/journal", task.get()));
        assert_eq!(status, 200, "{rows}");
    });
    assert!(journal.contains("journal_2026_06"), "{journal:?}");
    assert!(
        journal.is_disjoint(&names(&[
            "journal_2026_03",
            "journal_2026_04",
            "journal_2026_05"
        ])),
        "{journal:?}"
    );

    books.app.at("2026-06-20T21:30:00Z");
    books.app.drain();
    let close = touched(&books, || assert_eq!(books.settle().len(), 1));
    assert!(
        close.contains("transfers_2026_06") && close.is_disjoint(&old),
        "the close of a day: {close:?}"
    );
    let paid = text(
        &mut books.app.conn(),
        "select count(*)::text as t from accounting.payouts where business_date = '2026-06-20'",
    );
    assert_eq!(paid, "1");
}
