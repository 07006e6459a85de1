//! The payment file of a settled date, read by programs that are not ours.

use std::path::Path;
use std::process::Command;

use ates::accounting::export_bank_file;
use diesel::connection::SimpleConnection;

use super::books::Books;
use super::settlement::held::{poison, repair};
use crate::support::Person;
use crate::support::database::{number, text};

const COMPANY: &str = "DE89370400440532013000";
const KESHA: &str = "NL91ABNA0417164300";
const GOSHA: &str = "FR1420041010050500013M02606";

/// Kesha and Gosha, with bank accounts, and Petya, without, are paid 50, 20 and 20 for Monday; it is Tuesday.
fn paid(currency: &str) -> (Books, [Person; 3]) {
    paid_after(currency, |_, _| ())
}

/// The same with something that happens on Monday.
fn paid_after(currency: &str, before: impl FnOnce(&Books, &[Person; 3])) -> (Books, [Person; 3]) {
    let books = Books::open_with(|settings| {
        settings
            .set("ATES_CURRENCY", currency)
            .set("ATES_PAYOUT_DEBTOR_NAME", "ООО «Убер Попуг»")
            .set("ATES_PAYOUT_DEBTOR_IBAN", "DE89 3704 0044 0532 0130 00")
            .set("ATES_PAYOUT_DEBTOR_BIC", "COBADEFFXXX")
    });
    let people = ["kesha", "gosha", "petya"].map(|name| books.app.register(name, &["developer"]));
    for (person, iban, bic) in [(&people[0], KESHA, "ABNANL2A"), (&people[1], GOSHA, "")] {
        let page = books
            .app
            .log_in(person)
            .post("/account/bank-account", &[("iban", iban), ("bic", bic)]);
        assert_eq!(page.status, 303, "{}", page.text());
    }
    books
        .app
        .conn()
        .batch_execute("update accounting.employees set name = 'Гоша', surname = 'Щукин' where username = 'gosha'")
        .unwrap();
    books.work(&people[0], 4, 3);
    books.work(&people[1], 1, 1);
    books.work(&people[2], 1, 1);
    before(&books, &people);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    (books, people)
}

fn file(books: &Books) -> Vec<u8> {
    let date = "2026-03-02".parse().unwrap();
    export_bank_file(books.app.db(), books.app.config(), date).unwrap()
}

fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(words).unwrap())
}

fn validate(schema: &Path, file: &Path) -> (bool, String) {
    run(Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .args([schema, file]))
}

fn own_schema() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/schemas/pain.001.001.09.subset.xsd"
    ))
}

/// ISO's own schema, for whoever has it: the path in `ATES_TEST_PAIN_SCHEMA`.
fn iso_schema() -> Option<std::path::PathBuf> {
    std::env::var_os("ATES_TEST_PAIN_SCHEMA").map(Into::into)
}

#[test]
fn m43_the_payment_file_keeps_the_rules_of_its_schema_in_euro_and_in_another_currency() {
    for (currency, level, bearer) in [("EUR", true, "SLEV"), ("USD", false, "SHAR")] {
        let (books, _) = paid(currency);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pain.xml");
        let bytes = file(&books);
        std::fs::write(&path, &bytes).unwrap();
        for schema in iso_schema().into_iter().chain([own_schema().to_owned()]) {
            let (valid, words) = validate(&schema, &path);
            assert!(valid, "{}: {words}", schema.display());
        }
        let xml = String::from_utf8(bytes).unwrap();
        assert_eq!(xml.contains("<Cd>SEPA</Cd>"), level, "{xml}");
        assert!(xml.contains(&format!("<ChrgBr>{bearer}</ChrgBr>")), "{xml}");
        assert!(xml.contains("<Nm>OOO 'Uber Popug'</Nm>"), "{xml}");
        for wrong in [
            xml.replace("<IBAN>NL91", "<IBAN>91"),
            xml.replace("50.00", "50.005"),
            xml.replace("Gosha Shchukin", &"x".repeat(71)),
            xml.replace("<PmtMtd>TRF</PmtMtd>", ""),
        ] {
            assert_ne!(wrong, xml);
            std::fs::write(&path, wrong).unwrap();
            assert!(
                !validate(own_schema(), &path).0,
                "a wrong file must not be valid"
            );
        }
    }
}

#[test]
fn m43_the_sums_of_the_payment_file_are_those_of_the_run_without_who_is_left_out() {
    let (books, people) = paid("EUR");
    let xml = String::from_utf8(file(&books)).unwrap();
    assert_eq!(xml.matches("<NbOfTxs>2</NbOfTxs>").count(), 2, "{xml}");
    assert_eq!(xml.matches("<CtrlSum>70.00</CtrlSum>").count(), 2, "{xml}");
    let mut conn = books.app.conn();
    let sums = "select concat_ws(' ', payments, amount_minor, left_out, left_out_minor,
        (select sum(amount_minor) from accounting.payouts where business_date = '2026-03-02')) as t from accounting.bank_files";
    assert_eq!(text(&mut conn, sums), "2 7000 1 2000 9000");
    let buh = books.app.register("buh", &["accountant"]);
    let page = books.app.log_in(&buh).get("/accounting/payouts/2026-03-02");
    let missing = page.all("#bank-file-missing").join("");
    assert!(
        missing.starts_with("1 person") && missing.contains("Petya"),
        "{missing}"
    );
    assert!(
        page.has(&format!(
            "a[href='/account/bank-account?user={}']",
            people[2].id
        )),
        "{}",
        page.html
    );
}

#[test]
fn m43_who_is_held_keeps_nobody_from_the_payment_file_and_gets_a_further_one() {
    let (books, people) = paid_after("EUR", |books, people| {
        let task = books.create(&people[1]);
        poison(books, task, "completion_reward");
        books.complete(task, &people[1]);
        books.app.drain();
    });
    let buh = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&buh);
    let page = browser.get("/accounting/payouts/2026-03-02");
    assert!(page.has("#bank-file form"), "{}", page.text());
    assert!(
        page.text().contains("gets into a further file"),
        "{}",
        page.text()
    );
    let first = String::from_utf8(file(&books)).unwrap();
    assert!(first.contains(KESHA) && !first.contains(GOSHA), "{first}");
    assert_eq!(file(&books), first.as_bytes(), "nobody was paid since");
    // Petya was paid and left out: a bank account that comes later changes nothing about that.
    let account = [("iban", "DE89370400440532013000")];
    assert_eq!(
        books
            .app
            .log_in(&people[2])
            .post("/account/bank-account", &account)
            .status,
        303
    );
    assert_eq!(file(&books), first.as_bytes());
    repair(&books);
    assert_eq!(books.settle().len(), 1);
    let made = browser.post("/accounting/payouts/2026-03-02/bank-file", &[]);
    assert_eq!(made.status, 303, "{}", made.text());
    let second = browser
        .get("/accounting/payouts/2026-03-02.xml?file=2")
        .html;
    assert!(
        second.contains(GOSHA) && !second.contains(KESHA),
        "{second}"
    );
    assert!(second.contains("<CtrlSum>40.00</CtrlSum>"), "{second}");
    assert_eq!(file(&books), second.as_bytes(), "the last one, for ever");
    assert_eq!(
        browser.get("/accounting/payouts/2026-03-02.xml").html,
        first
    );
    assert_eq!(
        browser
            .get("/accounting/payouts/2026-03-02.xml?file=3")
            .status,
        404
    );
    let page = browser.get("/accounting/payouts/2026-03-02");
    assert_eq!(page.all("#bank-file code").len(), 2);
    assert!(!page.has("#bank-file form") && page.all("#bank-file-missing")[0].contains("Petya"));
    let sums = "select string_agg(concat_ws(' ', number, payments, amount_minor, left_out), ', ' order by number) as t
        from accounting.bank_files";
    assert_eq!(text(&mut books.app.conn(), sums), "1 1 5000 1, 2 1 4000 0");
}

/// Reads a payment file with a library that knows nothing of us, and prints what it found.
const READER: &str = r#"
import sys, xmlschema
read = xmlschema.XMLSchema(sys.argv[1]).to_dict(sys.argv[2])
order = read["CstmrCdtTrfInitn"]["PmtInf"][0]
print(order["DbtrAcct"]["Id"]["IBAN"], order["NbOfTxs"], order["CtrlSum"])
for payment in order["CdtTrfTxInf"]:
    amount = payment["Amt"]["InstdAmt"]
    print(payment["CdtrAcct"]["Id"]["IBAN"], amount["$"], amount["@Ccy"], payment["Cdtr"]["Nm"], payment["PmtId"]["EndToEndId"])
"#;

/// The same with a reader of bank files, for whoever has one: the Python of `ATES_TEST_PAIN_READER` with `bankstatementparser`.
const BANK_READER: &str = r"
import sys
from bankstatementparser import Pain001Parser
for payment in Pain001Parser(sys.argv[1]).parse().to_dict('records'):
    print(payment)
";

#[test]
fn m43_the_payment_file_reads_back_in_foreign_parsers() {
    let (books, people) = paid("EUR");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pain.xml");
    std::fs::write(&path, file(&books)).unwrap();
    let schema = iso_schema().unwrap_or_else(|| own_schema().to_owned());
    let (read, words) = run(Command::new("/usr/bin/python3")
        .args(["-c", READER])
        .args([&schema, &path]));
    assert!(read, "{words}");
    let mut conn = books.app.conn();
    let mut reference = |person: &Person| {
        let query = "select replace(transfer_id::text, '-', '') as t from accounting.payouts where employee_id = ";
        text(&mut conn, &format!("{query} '{}'", person.id))
    };
    let mut expected = vec![
        format!("{COMPANY} 2 70.00"),
        format!("{KESHA} 50.00 EUR Kesha Popug {}", reference(&people[0])),
        format!("{GOSHA} 20.00 EUR Gosha Shchukin {}", reference(&people[1])),
    ];
    let mut found: Vec<&str> = words.lines().collect();
    found[1..].sort_unstable();
    expected[1..].sort_unstable();
    assert_eq!(found, expected);
    if let Some(python) = std::env::var_os("ATES_TEST_PAIN_READER") {
        let (read, words) = run(Command::new(python).args(["-c", BANK_READER]).arg(&path));
        let all = [
            COMPANY,
            "'50.00'",
            "'20.00'",
            "Kesha Popug",
            "Gosha Shchukin",
        ];
        assert!(
            read && all.iter().all(|part| words.contains(part)),
            "{words}"
        );
    }
}

#[test]
fn m43_the_payment_file_stays_the_same_when_names_and_bank_accounts_change() {
    let (books, people) = paid("EUR");
    let first = file(&books);
    let changed = books.app.log_in(&people[0]).post(
        "/account/bank-account",
        &[("iban", "GB29NWBK60161331926819")],
    );
    assert_eq!(changed.status, 303);
    let late = books
        .app
        .log_in(&people[2])
        .post("/account/bank-account", &[("iban", KESHA)]);
    assert_eq!(late.status, 303);
    books
        .app
        .conn()
        .batch_execute("update accounting.employees set surname = 'Renamed'")
        .unwrap();
    books.app.at("2027-03-03T09:00:00Z");
    assert_eq!(file(&books), first);
    let buh = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&buh);
    assert_eq!(
        browser
            .post("/accounting/payouts/2026-03-02/bank-file", &[])
            .status,
        303
    );
    let page = browser.get("/accounting/payouts/2026-03-02.xml");
    assert_eq!(page.html.into_bytes(), first);
    let mut conn = books.app.conn();
    assert_eq!(
        number(&mut conn, "select count(*) as n from accounting.bank_files"),
        1
    );
    let shown = browser
        .get("/accounting/payouts/2026-03-02")
        .all("#bank-file code")
        .join("");
    assert_eq!(
        shown,
        text(
            &mut conn,
            "select encode(sha256, 'hex') as t from accounting.bank_files"
        )
    );
    assert!(
        conn.batch_execute("update accounting.bank_file_lines set iban = 'DE89370400440532013000'")
            .is_err()
    );
}

#[test]
fn m43_a_bank_account_is_entered_by_its_owner_or_an_accountant_checked_masked_and_audited() {
    let books = Books::open();
    let people = [
        ("kesha", "developer"),
        ("gosha", "developer"),
        ("buh", "accountant"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]));
    let mut kesha = books.app.log_in(&people[0]);
    let wrong = kesha.post("/account/bank-account", &[("iban", "NL91ABNA0417164301")]);
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("This is no account number"),
        "{}",
        wrong.text()
    );
    assert_eq!(
        wrong.attribute("#iban", "value").as_deref(),
        Some("NL91ABNA0417164301")
    );
    let right = kesha.submit(
        "/account/bank-account",
        &[("iban", "nl91 abna 0417 1643 00")],
    );
    assert_eq!(right.all("#bank-account").join(""), "NL91 … 4300");
    assert!(
        !right.html.contains(KESHA),
        "the whole number is not shown again"
    );
    let (of_gosha, of_kesha) = (people[1].id.to_string(), people[0].id.to_string());
    let others = kesha.post(
        "/account/bank-account",
        &[("iban", GOSHA), ("user", &of_gosha)],
    );
    assert_eq!(others.status, 403);
    assert_eq!(
        kesha
            .get(&format!("/account/bank-account?user={of_gosha}"))
            .status,
        403
    );
    let mut accountant = books.app.log_in(&people[2]);
    let shown = accountant.get(&format!("/account/bank-account?user={of_kesha}"));
    assert_eq!(shown.all("#bank-account").join(""), "NL91 … 4300");
    let fields = [("iban", GOSHA), ("user", of_gosha.as_str())];
    assert_eq!(
        accountant.post("/account/bank-account", &fields).status,
        303
    );
    let removed = kesha.submit("/account/bank-account", &[("iban", "")]);
    assert_eq!(removed.all("#bank-account").join(""), "—");
    let audit = "select string_agg(concat(subject_id = '{k}', actor_id = subject_id, detail), '; ' order by subject_id <> '{k}', detail::text) as t
        from platform.audit_log where action = 'accounting.bank_account_changed'";
    assert_eq!(
        text(&mut books.app.conn(), &audit.replace("{k}", &of_kesha)),
        "tt{\"after\": \"NL91 … 4300\", \"before\": null}; tt{\"after\": null, \"before\": \"NL91 … 4300\"}; \
         ff{\"after\": \"FR14 … 2606\", \"before\": null}"
    );
}

#[test]
fn m43_without_an_account_of_the_company_or_of_anybody_there_is_no_file_and_the_reason_is_told() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    books.work(&kesha, 1, 1);
    let make = |books: &Books| {
        let mut browser = books.app.log_in(&buh);
        browser.post("/accounting/payouts/2026-03-02/bank-file", &[])
    };
    assert_eq!(make(&books).status, 404, "the date is not settled");
    books.app.drain();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let unset = make(&books);
    assert_eq!(unset.status, 409);
    assert!(
        unset.text().contains("ATES_PAYOUT_DEBTOR_IBAN"),
        "{}",
        unset.text()
    );
    assert_eq!(
        books
            .app
            .log_in(&buh)
            .get("/accounting/payouts/2026-03-02.xml")
            .status,
        404
    );

    let books = Books::open_with(|settings| {
        settings
            .set("ATES_PAYOUT_DEBTOR_NAME", "UberPopug Inc.")
            .set("ATES_PAYOUT_DEBTOR_IBAN", COMPANY)
    });
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let date = "2026-03-02".parse().unwrap();
    let error = export_bank_file(books.app.db(), books.app.config(), date).unwrap_err();
    assert!(
        matches!(error, ates::platform::error::AppError::Conflict(_)),
        "{error}"
    );
    assert_eq!(
        number(
            &mut books.app.conn(),
            "select count(*) as n from accounting.bank_files"
        ),
        0
    );
}
