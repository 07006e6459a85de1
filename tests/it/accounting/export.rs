//! The journal, checked by a program that is not ours.

use std::process::Command;

use ates::accounting::{ROLE, export_journal, export_payouts, export_transfers};

use super::books::Books;

fn hledger(file: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("hledger")
        .arg("-f")
        .arg(file)
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

#[test]
fn journal_export_is_accepted_by_hledger_and_its_balances_are_those_of_the_pages() {
    let books = Books::open();
    let people = ["kesha", "gosha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&people[1], 3, 2);
    books.work(&people[2], 2, 1);
    let read = |from: Option<&str>| {
        let from = from.map(|text| text.parse().unwrap());
        books
            .app
            .db()
            .read_blocking(ROLE, |conn| {
                export_journal(conn, books.app.config(), from, None)
            })
            .unwrap()
    };
    for from in [None, Some("2026-03-03")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ates.journal");
        std::fs::write(&file, read(from)).unwrap();
        let (accepted, words) = hledger(&file, &["check", "--strict"]);
        assert!(accepted, "{words}");
        for who in &people {
            let account = format!("liabilities:employees:{}", who.username);
            let (_, csv) = hledger(&file, &["balance", &account, "-O", "csv", "-N"]);
            let owed = csv
                .lines()
                .nth(1)
                .and_then(|line| line.split('"').nth(3))
                .unwrap_or("0")
                .replace(" USD", "");
            let page = books
                .app
                .log_in(who)
                .get("/account")
                .attribute("#balance data", "value")
                .unwrap();
            assert_eq!(
                -owed.parse::<f64>().unwrap(),
                page.parse::<f64>().unwrap(),
                "{csv}"
            );
        }
    }
    let wrong = String::from_utf8(read(None))
        .unwrap()
        .replacen("= 20.00 USD", "= 21.00 USD", 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.journal");
    std::fs::write(&file, wrong).unwrap();
    assert!(
        !hledger(&file, &["check"]).0,
        "a wrong balance must not be accepted"
    );
}

#[test]
fn m31_the_exports_have_a_line_for_each_transfer_and_each_payout() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 2, 1);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let lines = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().matches("\r\n").count() - 1;
    let (transfers, payouts) = books
        .app
        .db()
        .read_blocking(ROLE, |conn| {
            Ok((
                export_transfers(conn, None, None)?,
                export_payouts(conn, None, None)?,
            ))
        })
        .unwrap();
    assert_eq!((lines(transfers), lines(payouts)), (4, 1));
}
