//! The journal, checked by a program that is not ours.

use std::process::Command;

use ates::accounting::{JournalFormat, ROLE, export_journal, export_payouts, export_transfers};

use super::books::Books;
use crate::support::Person;

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
                export_journal(conn, books.app.config(), JournalFormat::Hledger, from, None)
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

/// Runs a program of beancount; gives whether it was content, and what it said.
fn beancount(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    )
}

/// Two closed dates and an open one, with names and titles that are hard on a parser.
fn three_dates() -> (Books, [Person; 3]) {
    let books = Books::open();
    let people =
        ["kesha", "gosha.b", "petya_2"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let task = books.create(&people[2]);
    diesel::connection::SimpleConnection::batch_execute(
        &mut books.app.conn(),
        &format!(
            "update accounting.tasks set title = 'Say \"hi\"; \\ #tag ^link' where id = '{task}'"
        ),
    )
    .unwrap();
    books.complete(task, &people[2]);
    books.work(&people[1], 3, 2);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    books.work(&people[2], 2, 1);
    (books, people)
}

#[test]
fn m43_beancount_accepts_the_journal_and_finds_the_balances_of_the_database() {
    let (books, people) = three_dates();
    let read = |from: Option<&str>| {
        let from = from.map(|text| text.parse().unwrap());
        let config = books.app.config();
        let bytes = books.app.db().read_blocking(ROLE, |conn| {
            export_journal(conn, config, JournalFormat::Beancount, from, None)
        });
        String::from_utf8(bytes.unwrap()).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ates.beancount");
    let path = file.to_str().unwrap();
    for from in [None, Some("2026-03-03"), Some("2026-03-04")] {
        std::fs::write(&file, read(from)).unwrap();
        let (accepted, words) = beancount("bean-check", &[path]);
        assert!(accepted && words.is_empty(), "{words}");
        let query = "select account, sum(number) where account ~ 'Employees' group by account";
        let (_, csv) = beancount("bean-query", &["-f", "csv", path, query]);
        for (who, account) in people.iter().zip(["E-kesha", "E-gosha-2Eb", "E-petya-5F2"]) {
            let owed: f64 = csv
                .lines()
                .find_map(|line| line.strip_prefix(&format!("Liabilities:Employees:{account}")))
                .map_or(0.0, |rest| {
                    rest.trim_matches([',', ' ', '\r']).parse().unwrap_or(0.0)
                });
            assert_eq!(
                -owed,
                books.balance(who) as f64,
                "{from:?} {account}: {csv}"
            );
        }
    }
    let whole = read(None);
    assert_eq!(
        whole.matches(" balance Liabilities:Employees:").count(),
        4,
        "two on Monday evening, two on Tuesday: {whole}"
    );
    assert!(whole.contains("#assignment-fee ^task-"), "{whole}");
    let wrong = whole.replacen(
        "balance Liabilities:Employees:E-gosha-2Eb  20.00 USD",
        "balance Liabilities:Employees:E-gosha-2Eb  21.00 USD",
        1,
    );
    assert_ne!(wrong, whole, "{whole}");
    std::fs::write(&file, wrong).unwrap();
    assert!(
        !beancount("bean-check", &[path]).0,
        "a wrong balance must not be accepted"
    );
}

#[test]
fn m43_the_page_gives_the_journal_of_exactly_its_period_to_those_who_see_all_transfers() {
    let (books, people) = three_dates();
    let chief = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&chief);
    let page = browser.get("/accounting?from=2026-03-03&to=2026-03-03");
    for (ending, program) in [("journal", "hledger"), ("beancount", "bean-check")] {
        let link = format!("/accounting.{ending}?from=2026-03-03&to=2026-03-03");
        assert!(
            page.html.contains(&link.replace('&', "&#38;"))
                || page.html.contains(&link.replace('&', "&amp;")),
            "{}",
            page.html
        );
        let text = browser.get(&link).html;
        assert!(
            text.contains("2026-03-03 * ")
                && !text.contains("2026-03-02 * ")
                && !text.contains("2026-03-04 * "),
            "{text}"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("ates.{ending}"));
        std::fs::write(&file, text).unwrap();
        let (accepted, words) = match program {
            "hledger" => hledger(&file, &["check", "--strict"]),
            _ => beancount(program, &[file.to_str().unwrap()]),
        };
        assert!(accepted, "{words}");
    }
    let refused = books.app.log_in(&people[0]).get("/accounting.beancount");
    assert_eq!(refused.status, 403);
}

#[test]
fn m43_a_closed_date_is_exported_byte_for_byte_alike_a_year_later() {
    let (books, people) = three_dates();
    let files = || {
        let config = books.app.config();
        let day = Some("2026-03-03".parse().unwrap());
        books
            .app
            .db()
            .read_blocking(ROLE, |conn| {
                Ok([
                    export_journal(conn, config, JournalFormat::Hledger, day, day)?,
                    export_journal(conn, config, JournalFormat::Beancount, day, day)?,
                    export_transfers(conn, day, day)?,
                ])
            })
            .unwrap()
    };
    let before = files();
    books.app.at("2027-03-05T09:00:00Z");
    ates::platform::partitions::make(books.app.db()).unwrap();
    books.settle();
    books.work(&people[0], 2, 1);
    diesel::connection::SimpleConnection::batch_execute(
        &mut books.app.conn(),
        "insert into accounting.former_titles (task_id, until, title, jira_id)
           select id, '2027-03-05 09:00Z', title, jira_id from accounting.tasks;
         update accounting.tasks set title = 'Renamed since';
         update accounting.employees set name = 'Renamed', surname = 'Since'",
    )
    .unwrap();
    assert_eq!(files(), before);
}
