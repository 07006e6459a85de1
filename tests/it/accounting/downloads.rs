//! Lists as files: exactly what the page shows, in both formats.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

use super::books::Books;
use crate::support::{Browser, Page, Person};

/// A closed date and an open one, seen by an accountant.
fn two_dates() -> (Books, [Person; 2], Browser) {
    let books = Books::open();
    let people = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&people[1], 3, 2);
    let buh = books.app.register("buh", &["accountant"]);
    let browser = books.app.log_in(&buh);
    (books, people, browser)
}

/// The first sheet of a workbook as rows of texts, amounts with two decimals, and the second one as lines.
fn sheets(page: Page) -> (Vec<Vec<String>>, Vec<String>) {
    assert_eq!(page.status, 200, "{}", page.text());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(page.bytes)).unwrap();
    let names = book.sheet_names();
    assert_eq!(names.len(), 2);
    let shown = |cell: &Data| match cell {
        Data::Float(number) => format!("{number:.2}"),
        Data::DateTime(at) => at
            .as_datetime()
            .unwrap()
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        other => other.to_string(),
    };
    let rows = book.worksheet_range(&names[0]).unwrap();
    let about = book.worksheet_range(&names[1]).unwrap();
    (
        rows.rows()
            .map(|row| row.iter().map(shown).collect())
            .collect(),
        about
            .rows()
            .map(|row| row.iter().map(shown).collect::<Vec<_>>().join(": "))
            .collect(),
    )
}

/// A CSV file in the same form.
fn lines(page: &Page) -> Vec<Vec<String>> {
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.html.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let date = |field: &str| match (field.parse::<chrono::NaiveDate>(), field.parse::<i64>()) {
        (Ok(date), _) => format!("{date}T00:00:00Z"),
        (_, Ok(count)) => format!("{count}.00"),
        _ => field.to_owned(),
    };
    reader
        .records()
        .map(|record| record.unwrap().iter().map(date).collect())
        .collect()
}

/// Downloads a list in both formats and gives the rows that both have, with what the second sheet tells.
fn both(browser: &mut Browser, page: &str, list: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (path, query) = list.split_once('?').unwrap_or((list, ""));
    let link = |ending: &str| match query {
        "" => format!("{path}.{ending}"),
        query => format!("{path}.{ending}?{query}"),
    };
    let shown = browser.get(page);
    for ending in ["csv", "xlsx"] {
        assert!(
            shown.has(&format!("a[href='{}']", link(ending))),
            "{page} has no link {}",
            link(ending)
        );
    }
    let csv = lines(&browser.get(&link("csv")));
    let (rows, about) = sheets(browser.get(&link("xlsx")));
    assert_eq!(rows, csv, "{list}");
    (rows, about)
}

#[test]
fn m43_the_company_by_day_is_the_same_on_the_page_as_csv_and_as_a_workbook() {
    let (_books, _, mut browser) = two_dates();
    let query = "from=2026-03-02&to=2026-03-03";
    let (rows, about) = both(
        &mut browser,
        &format!("/accounting?{query}"),
        &format!("/accounting?{query}"),
    );
    assert_eq!(
        rows[1],
        ["2026-03-03T00:00:00Z", "30.00", "60.00", "-30.00"]
    );
    assert_eq!(
        rows[2],
        ["2026-03-02T00:00:00Z", "60.00", "90.00", "-30.00"]
    );
    assert_eq!(rows.len(), 3);
    assert!(about.contains(&"To: 2026-03-03".to_owned()), "{about:?}");
}

#[test]
fn m43_a_date_is_downloaded_with_the_filter_of_its_page() {
    let (_books, [kesha, _], mut browser) = two_dates();
    let path = "/accounting/days/2026-03-02";
    let (all, _) = both(&mut browser, path, path);
    assert_eq!(
        all.len(),
        11,
        "six fees, three rewards, one payout, and the header"
    );
    let query = format!("user={}&kind=completion_reward", kesha.id);
    let (rewards, about) = both(
        &mut browser,
        &format!("{path}?{query}"),
        &format!("{path}?{query}"),
    );
    assert_eq!(rewards.len(), 4);
    assert!(
        rewards[1..]
            .iter()
            .all(|row| row[2] == "Kesha Popug" && row[5] == "30.00"),
        "{rewards:?}"
    );
    assert!(
        about.iter().any(|line| line.ends_with(": Kesha Popug")),
        "{about:?}"
    );
}

#[test]
fn m43_an_account_and_a_payout_run_are_downloaded_as_workbooks_too() {
    let (books, people, mut browser) = two_dates();
    let (payouts, _) = both(
        &mut browser,
        "/accounting/payouts/2026-03-02",
        "/accounting/payouts/2026-03-02",
    );
    assert_eq!((payouts.len(), payouts[1][2].as_str()), (2, "50.00"));
    let mut gosha = books.app.log_in(&people[1]);
    let query = "from=2026-03-02&to=2026-03-03&kind=assignment_fee";
    let (fees, _) = both(
        &mut gosha,
        &format!("/account?{query}"),
        &format!("/account?{query}"),
    );
    let balances: Vec<&str> = fees[1..].iter().map(|row| row[5].as_str()).collect();
    assert_eq!(balances, ["-10.00", "-20.00", "-30.00", "-40.00", "-50.00"]);
    assert_eq!(
        gosha
            .get(&format!("/account.xlsx?user={}", people[0].id))
            .status,
        403
    );
    assert_eq!(gosha.get("/accounting.xlsx").status, 403);
    assert_eq!(
        gosha
            .get("/account.xlsx?from=2026-03-03&to=2026-03-02")
            .status,
        422
    );
}

#[test]
fn m43_corrections_mails_runs_balances_and_statements_are_downloaded_as_their_pages_show_them() {
    let (books, [_, gosha], mut browser) = two_dates();
    for amount in ["1.25", "-2"] {
        books.app.clock().advance(chrono::Duration::seconds(1));
        let wanted = [
            ("employee", "gosha"),
            ("amount", amount),
            ("reason", "A seed was counted twice"),
        ];
        let asked = browser.post("/accounting/corrections", &wanted);
        assert_eq!(asked.status, 303, "{}", asked.text());
    }
    let mut file = |list: &str| both(&mut browser, list, list).0;
    let corrections = file("/accounting/corrections?state=requested");
    assert_eq!(corrections.len(), 3);
    assert_eq!(
        corrections[1][1..5],
        [
            "A seed was counted twice",
            "Gosha Popug",
            "Adjustment",
            "-2.00"
        ]
    );
    assert_eq!(file("/accounting/corrections?state=confirmed").len(), 1);
    let mails = file("/admin/mails?kind=payout&from=2026-03-02&to=2026-03-02");
    assert_eq!(mails.len(), 2);
    assert_eq!(
        mails[1][2..6],
        ["Kesha Popug", "kesha@uberpopug.example", "50.00", "new"]
    );
    let runs = file("/accounting/payouts?from=2026-03-02&to=2026-03-03");
    assert_eq!(runs[1][2..], ["1.00", "50.00", "1.00"]);
    assert_eq!(file("/accounting/payouts").len(), 2);
    let balances = file("/accounting/balances?date=2026-03-02&only=negative");
    assert_eq!((balances.len(), balances[1][3].as_str()), (2, "-20.00"));
    let statements = file(&format!("/account/statements?user={}", gosha.id));
    assert_eq!(
        statements[1][1..],
        ["0.00", "-20.00", "0.00", "0.00", "0.00", "-20.00"]
    );
    for wrong in [
        "/admin/mails.csv?from=soon",
        "/accounting/payouts.xlsx?from=soon",
    ] {
        assert_eq!(browser.get(wrong).status, 422, "{wrong}");
    }
}

#[test]
fn m43_a_log_of_several_pieces_is_whole_and_in_order() {
    let (mut books, [kesha, _], mut browser) = two_dates();
    // The rows are planted: nobody confirmed them.
    books.app.expect_broken();
    let fill = format!(
        "begin; set local session_replication_role = replica;
         insert into accounting.transfers select gen_random_uuid(), 'adjustment', '{id}', '00000000-0000-0000-0000-00000000ad05', 1,
           100 + i, i, null, null, gen_random_uuid(), '2026-03-03', '2026-03-03 09:00Z' from generate_series(1, 12000) i;
         update accounting.balances set amount_minor = amount_minor + 12000, version = 12100 where account_id = '{id}'; commit",
        id = kesha.id
    );
    diesel::connection::SimpleConnection::batch_execute(&mut books.app.conn(), &fill).unwrap();
    let query = format!("user={}&from=2026-03-03&to=2026-03-03", kesha.id);
    let rows = lines(&browser.get(&format!("/account.csv?{query}")));
    assert_eq!(rows.len(), 12_001);
    let amount = |row: &Vec<String>| row[5].parse::<f64>().unwrap();
    assert!(
        rows[1..]
            .windows(2)
            .all(|pair| amount(&pair[0]) < amount(&pair[1]))
    );
    let (sheet, _) = sheets(browser.get(&format!("/account.xlsx?{query}")));
    assert_eq!(sheet, rows);
}
