//! Statements by mail, digests of days, and how a mail looks.

use ates::accounting::write_mails;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::super::books::Books;
use super::{after_monday, send};
use crate::support::TestApp;
use crate::support::database::text;
use crate::support::smtp::{Mood, ReceivedMail, SmtpSink};

fn write(books: &Books) -> usize {
    write_mails(books.app.db(), books.app.config()).unwrap()
}

fn about<'a>(mails: &'a [ReceivedMail], kind: &str) -> Vec<&'a ReceivedMail> {
    let prefix = format!("<{kind}.");
    let of_kind = |mail: &&ReceivedMail| mail.header("Message-ID").unwrap().starts_with(&prefix);
    mails.iter().filter(of_kind).collect()
}

#[test]
fn statements_go_by_mail_to_those_who_were_not_paid_only_when_that_is_switched_on() {
    let sink = SmtpSink::start();
    let (books, _) = after_monday(&sink.url());
    assert_eq!(write(&books), 0, "off by default");

    let sink = SmtpSink::start();
    let books = Books::open_with(|settings| {
        settings
            .smtp(&sink.url())
            .set("ATES_STATEMENT_MAILS", "true")
    });
    let [kesha, petya] = ["kesha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books
        .app
        .log_in(&petya)
        .post("/profile/language", &[("language", "ru")]);
    books.app.drain();
    books.work(&kesha, 2, 1);
    books.work(&petya, 2, 0);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    assert_eq!((write(&books), write(&books)), (1, 0));
    send(&books);
    let mails = sink.mails();
    let (paid, owing) = (about(&mails, "payout"), about(&mails, "statement"));
    assert_eq!((paid.len(), owing.len()), (1, 1));
    assert_eq!((&paid[0].to, &owing[0].to), (&kesha.email, &petya.email));
    let text = owing[0].text();
    assert!(text.contains("Здравствуйте, Petya Popug!"), "{text}");
    assert!(text.contains("перенесён долг −20,00"), "{text}");
    assert!(text.contains("/account/statements/2026-03-02"), "{text}");
    assert!(!text.contains("payment"), "{text}");
}

#[test]
fn the_digest_of_a_sealed_day_goes_to_accountants_and_administrators_once() {
    let sink = SmtpSink::start();
    let books = Books::open_with(|settings| settings.smtp(&sink.url()));
    let [kesha, buh, admin, boss] = [
        ("kesha", "developer"),
        ("buh", "accountant"),
        ("admin", "administrator"),
        ("boss", "boss"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]));
    books.work(&kesha, 2, 1);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    assert_eq!((write(&books), write(&books)), (2, 0));
    books.app.register("late", &["accountant"]);
    assert_eq!(write(&books), 0, "who comes later was not there");
    send(&books);
    let mails = sink.mails();
    let digests = about(&mails, "day_digest");
    let mut receivers: Vec<&str> = digests.iter().map(|mail| mail.to.as_str()).collect();
    receivers.sort_unstable();
    assert_eq!(receivers, [admin.email.as_str(), &buh.email]);
    let hex = text(
        &mut books.app.conn(),
        "select encode(digest, 'hex') as t from report_v1.day_seals where business_date = '2026-03-02'",
    );
    for mail in &digests {
        let text = mail.text();
        assert!(text.contains(&hex), "{text}");
        assert!(
            text.contains("$10.00") && text.contains("People paid: 1"),
            "{text}"
        );
        assert!(text.contains("docs/verify-seals.sql"), "{text}");
        assert!(
            text.contains("/accounting/days/2026-03-02/statement"),
            "{text}"
        );
    }

    let promoted = json!({ "roles": ["accountant"] });
    let path = format!("/api/v1/users/{}", boss.id);
    assert_eq!(books.app.api(&admin).patch(&path, &promoted).0, 200);
    books.app.drain();
    books.app.at("2026-03-03T21:00:00Z");
    books.settle();
    assert_eq!(write(&books), 4, "admin, buh, late and boss");
    send(&books);
    assert_eq!(sink.count(), 1 + 2 + 4);
}

#[test]
fn a_mail_is_shown_as_text_and_as_html_in_a_frame_that_can_do_nothing() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    write(&books);
    let mut browser = books.app.log_in(&buh);
    let list = browser.get("/admin/mails?kind=payout");
    assert_eq!(list.all("#mails tbody tr").len(), 1, "{}", list.text());
    let href = list.attribute("#mails tbody th a", "href").unwrap();
    let page = browser.get(&href);
    assert!(
        page.text().contains("Hello Kesha Popug,"),
        "{}",
        page.text()
    );
    assert_eq!(page.attribute("iframe", "sandbox").as_deref(), Some(""));
    assert!(page.headers["content-security-policy"].contains("frame-src 'self'"));
    let preview = browser.get(&page.attribute("iframe", "src").unwrap());
    assert!(
        preview.text().contains("Hello Kesha Popug,"),
        "{}",
        preview.text()
    );
    let policy = &preview.headers["content-security-policy"];
    assert!(
        policy.contains("sandbox") && policy.contains("default-src 'none'"),
        "{policy}"
    );
    assert_eq!(preview.headers["x-frame-options"], "SAMEORIGIN");
    let other = browser.get("/admin/mails");
    assert_eq!(other.headers["x-frame-options"], "DENY");
    let digest = browser.get("/admin/mails?kind=day_digest");
    let href = digest.attribute("#mails tbody th a", "href").unwrap();
    assert!(browser.get(&href).text().contains("Digest of the chain"));
}

#[test]
fn people_and_mails_of_the_release_before_get_their_roles_and_the_reason_of_their_failure() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Refuses);
    let (books, _) = after_monday(&sink.url());
    books.app.register("buh", &["accountant", "developer"]);
    send(&books);
    let database = books.stop();
    let mut conn = database.connect();
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/20261121000024_accounting_follow_mails"
    );
    for step in ["down", "up"] {
        let sql = std::fs::read_to_string(format!("{folder}/{step}.sql")).unwrap();
        conn.batch_execute(&format!("begin; {sql}; commit"))
            .unwrap();
    }
    let roles =
        "select array_to_string(roles, ' ') as t from accounting.employees where username = 'buh'";
    assert_eq!(text(&mut conn, roles), "accountant developer");
    let failed = "select string_agg(state || ' ' || failure, ', ') as t from accounting.mails";
    assert_eq!(text(&mut conn, failed), "failed refused, failed refused");
    drop(TestApp::with(|settings| {
        settings.workers(false).on(database)
    }));
}
