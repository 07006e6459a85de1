//! Mails: to whom they go, how each stands, what happens when the server or the worker is away.

mod again;
mod arrived;
mod killed;
mod kinds;
mod outage;
mod worker;

use std::collections::BTreeMap;

use ates::accounting::mail_step;
use ates::platform::i18n::{self, Lang};
use ates::platform::money::Money;
use ates::platform::workers::Progress;
use diesel::connection::SimpleConnection;
use uuid::Uuid;

use super::books::Books;
use crate::support::Person;
use crate::support::database::{number, text};
use crate::support::smtp::{Mood, PostOffice, ReceivedMail, SmtpSink};

/// Monday is settled; Kesha got 50, Gosha 20, Petya nothing.
fn after_monday(mail_server: &str) -> (Books, [Person; 3]) {
    let books = Books::open_with(|settings| settings.smtp(mail_server));
    let people = ["kesha", "gosha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 1, 1);
    books.work(&people[2], 2, 0);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    (books, people)
}

fn send(books: &Books) {
    let services = books.app.services();
    while mail_step(&services.db, &services.mailer, &services.config).unwrap() == Progress::More {}
    books.app.drain();
}

/// Monday is settled; so many people were paid, each another sum.
fn after_paying(
    people: usize,
    mail_server: &str,
    settings: &[(&str, &str)],
) -> (Books, Vec<Person>) {
    let books = Books::open_with(|given| {
        settings
            .iter()
            .fold(given.smtp(mail_server), |given, (key, value)| {
                given.set(key, value)
            })
    });
    let names: Vec<String> = (0..people).map(|n| format!("bird{n}")).collect();
    let new: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    let people = books.app.register_all(&new);
    let tasks: Vec<Uuid> = people.iter().map(|person| books.plant(person)).collect();
    let prices: Vec<String> = tasks
        .iter()
        .zip(0..)
        .map(|(task, n)| format!("('{task}', 1000, {}, now())", 2_000 + 7 * n))
        .collect();
    let priced = format!(
        "insert into accounting.task_prices values {}",
        prices.join(", ")
    );
    books.app.conn().batch_execute(&priced).unwrap();
    books.app.drain();
    for (task, person) in tasks.iter().zip(&people) {
        books.complete(*task, person);
    }
    books.app.drain();
    books.app.at("2026-03-02T21:00:00Z");
    assert_eq!(books.settle()[0].people as usize, people.len());
    (books, people)
}

/// How often each Message-ID arrived.
fn arrivals(mails: &[ReceivedMail]) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for mail in mails {
        *arrived
            .entry(mail.header("Message-ID").unwrap().to_owned())
            .or_default() += 1;
    }
    arrived
}

/// Whether the long forms of the proofs are asked for.
fn is_long() -> bool {
    std::env::var_os("ATES_TEST_LONG").is_some()
}

fn states(books: &Books) -> String {
    text(
        &mut books.app.conn(),
        "select string_agg(state || ' ' || attempts, ', ' order by amount_minor) as t from accounting.mails",
    )
}

#[test]
fn m36_m37_each_paid_popug_gets_one_mail_with_name_and_sum_and_it_is_told() {
    let sink = SmtpSink::start();
    let (books, [kesha, gosha, _]) = after_monday(&sink.url());
    send(&books);
    send(&books);
    assert_one_each(&sink.mails(), &kesha, &gosha);
    assert_eq!(states(&books), "sent 1, sent 1");
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'email.sent'"),
        2
    );
}

#[test]
fn m36_who_has_no_name_is_greeted_by_the_name_for_logging_in() {
    let sink = SmtpSink::start();
    let books = Books::open_with(|settings| settings.smtp(&sink.url()));
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 1);
    let nameless =
        "update accounting.employees set name = '', surname = '' where username = 'kesha'";
    books.app.conn().batch_execute(nameless).unwrap();
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    send(&books);
    let text = sink.mails()[0].text();
    assert!(text.contains("Hello kesha,"), "{text}");
}

#[test]
fn m36_a_mail_server_of_another_make_gets_exactly_one_mail_for_each_paid_popug() {
    let office = PostOffice::open();
    let (books, [kesha, gosha, _]) = after_monday(&office.url());
    send(&books);
    send(&books);
    assert_eq!(states(&books), "sent 1, sent 1");
    assert_one_each(&office.mails(), &kesha, &gosha);
}

/// Kesha's mail about 50 and Gosha's about 20, and no other.
fn assert_one_each(mails: &[ReceivedMail], kesha: &Person, gosha: &Person) {
    assert_eq!(mails.len(), 2);
    for (who, name, sum) in [
        (kesha, "Kesha Popug", "$50.00"),
        (gosha, "Gosha Popug", "$20.00"),
    ] {
        let mail = mails.iter().find(|mail| mail.to == who.email).unwrap();
        assert!(
            mail.text().contains(&format!("Hello {name},")),
            "{}",
            mail.text()
        );
        assert!(mail.text().contains(sum), "{}", mail.text());
        let id = format!("<payout.2026-03-02.{}@", who.id);
        assert!(
            mail.header("Message-ID").unwrap().starts_with(&id),
            "{}",
            mail.raw
        );
    }
}

#[test]
fn m34_without_a_server_mails_are_kept_and_shown() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    send(&books);
    assert_eq!(states(&books), "new 0");
    let mut browser = books.app.log_in(&buh);
    let list = browser.get("/admin/mails");
    assert!(
        list.text().contains("mails are kept here and shown"),
        "{}",
        list.text()
    );
    let href = list.attribute("#mails tbody th a", "href").unwrap();
    let mail = browser.get(&href);
    assert!(
        mail.text().contains("Hello Kesha Popug,") && mail.text().contains("$20.00"),
        "{}",
        mail.text()
    );
    assert_eq!(books.app.log_in(&kesha).get("/admin/mails").status, 403);
}

#[test]
fn m34_a_busy_server_is_asked_again_and_no_mail_goes_out_twice() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Busy);
    let (books, _) = after_monday(&sink.url());
    send(&books);
    assert_eq!(states(&books), "waiting 1, waiting 1");
    send(&books);
    assert_eq!(states(&books), "waiting 1, waiting 1", "too early");
    sink.becomes(Mood::Accepts);
    books.app.at("2026-03-02T21:02:00Z");
    send(&books);
    send(&books);
    assert_eq!(states(&books), "sent 2, sent 2");
    assert_eq!(sink.mails().len(), 2);
}

#[test]
fn m34_mails_fail_when_the_time_for_retries_is_over_and_can_be_sent_again() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Busy);
    let (books, _) = after_monday(&sink.url());
    send(&books);
    books.app.at("2026-03-20T00:00:00Z");
    send(&books);
    assert_eq!(states(&books), "failed 2, failed 2");
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'email.failed'"),
        2
    );
    sink.becomes(Mood::Accepts);
    let admin = books.app.register("admin", &["administrator"]);
    let mut browser = books.app.log_in(&admin);
    let href = browser
        .get("/admin/mails?state=failed")
        .attribute("#mails tbody th a", "href")
        .unwrap();
    let page = browser.submit(&format!("{href}/attempts"), &[]);
    assert!(page.text().contains("on its way again"), "{}", page.text());
    send(&books);
    assert_eq!(sink.mails().len(), 1);
    books.settle();
}

#[test]
fn m34_a_refused_address_fails_at_once() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Refuses);
    let (books, _) = after_monday(&sink.url());
    send(&books);
    assert_eq!(states(&books), "failed 1, failed 1");
    let error = text(
        &mut books.app.conn(),
        "select min(last_error) as t from accounting.mails",
    );
    assert!(error.contains("nobody here"), "{error}");
}

#[test]
fn m38_a_mail_whose_worker_died_is_sent_after_its_claim_under_the_same_id() {
    let sink = SmtpSink::start();
    let (books, _) = after_monday(&sink.url());
    let dead = "update accounting.mails set state = 'waiting', attempts = 1, claimed_until = '2026-03-02T21:01:00Z'";
    books.app.conn().batch_execute(dead).unwrap();
    send(&books);
    assert!(sink.mails().is_empty());
    books.app.at("2026-03-02T21:01:00Z");
    send(&books);
    assert_eq!(
        (sink.mails().len(), states(&books).as_str()),
        (2, "sent 2, sent 2")
    );
}

#[test]
fn m38_a_worker_that_was_too_slow_lets_go_of_its_own_claims_only() {
    let sink = SmtpSink::start();
    let (books, _) = after_monday(&sink.url());
    let (clock, url) = (
        books.app.clock().clone(),
        books.app.config().database_url.clone(),
    );
    // The dialogue with the first takes an hour; meanwhile another worker takes the second mail.
    sink.follows(move |to, _| {
        clock.advance(chrono::Duration::hours(1));
        let taken = format!(
            "update accounting.mails set claimed_until = '2026-03-02T22:30:00Z' where recipient <> '{to}'"
        );
        let url = url.as_deref().unwrap();
        let mut conn = <diesel::PgConnection as diesel::Connection>::establish(url).unwrap();
        conn.batch_execute(&taken).unwrap();
        Mood::Accepts
    });
    send(&books);
    assert_eq!(sink.count(), 1);
    let kept = "select count(*) as n from accounting.mails where state = 'waiting' and attempts = 1
        and claimed_until = '2026-03-02T22:30:00Z'";
    assert_eq!(books.number(kept), 1);
}

#[test]
fn t_mail_5_the_sum_in_each_mail_is_that_of_the_payout_and_of_the_posting_and_the_recipient_is_right()
 {
    let sink = SmtpSink::start();
    let (books, people) = after_paying(500, &sink.url(), &[]);
    send(&books);
    let mails = sink.mails();
    assert_eq!(mails.len(), people.len());
    let mut conn = books.app.conn();
    for person in &people {
        let mut of = |what: &str| number(&mut conn, &what.replace("WHO", &person.id.to_string()));
        let paid = of("select amount_minor as n from accounting.payouts where employee_id = 'WHO'");
        let posted = of(
            "select t.amount_minor as n from accounting.payouts p join accounting.transfers t on t.id = p.transfer_id
             where p.employee_id = 'WHO' and t.account_id = 'WHO' and t.kind = 'payout'",
        );
        assert_eq!(paid, -posted, "{}", person.username);
        let own: Vec<&ReceivedMail> = mails
            .iter()
            .filter(|mail| mail.to == person.email)
            .collect();
        assert_eq!(own.len(), 1, "{}", person.username);
        let sum = i18n::money(Lang::En, Money::from_minor(paid), "USD");
        let text = own[0].text();
        assert!(text.contains(&format!("you were paid {sum} for")), "{text}");
        let name = person.username.replacen('b', "B", 1);
        assert!(text.contains(&format!("Hello {name} Popug,")), "{text}");
    }
    assert_eq!(
        books.number("select count(distinct amount_minor) as n from accounting.payouts"),
        500
    );
}

#[test]
fn m34_a_statement_shows_how_its_mail_stands() {
    let sink = SmtpSink::start();
    let (books, [kesha, _, petya]) = after_monday(&sink.url());
    let mail = |who: &Person| {
        let page = books.app.log_in(who).get("/account/statements/2026-03-02");
        page.all("#mail .chip").join("")
    };
    assert_eq!(
        (mail(&kesha), mail(&petya)),
        ("new".to_owned(), "no mail".to_owned())
    );
    sink.becomes(Mood::Busy);
    send(&books);
    assert_eq!(mail(&kesha), "waiting");
    sink.becomes(Mood::Accepts);
    books.app.at("2026-03-02T21:02:00Z");
    send(&books);
    assert_eq!(mail(&kesha), "sent");
}
