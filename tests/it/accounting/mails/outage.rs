//! The mail server is away, cuts connections, refuses one and stalls at another.

use chrono::Duration;

use super::{after_paying, arrivals, is_long, send, states};
use crate::support::smtp::{Mood, SmtpSink};

#[test]
fn t_mail_1_a_mail_server_that_is_away_loses_no_mail_and_the_rest_of_the_product_does_not_notice() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Away);
    let (books, people) = after_paying(500, &sink.url(), &[]);
    let buh = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&buh);
    let (away, clock) = (if is_long() { 60 } else { 12 }, books.app.clock());
    for minute in 0..away {
        send(&books);
        let path = ["/accounting", "/tasks", "/admin/mails"][minute % 3];
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            path != "/admin/mails" || page.has("#trouble"),
            "{}",
            page.text()
        );
        clock.advance(Duration::minutes(1));
    }
    assert_eq!(sink.count(), 0);
    let waiting = "select count(*) as n from accounting.mails where state = 'waiting'";
    assert_eq!(books.number(waiting), 500);
    let attempts = books.number("select sum(attempts) as n from accounting.mails");
    assert!(
        attempts <= away as i64,
        "{attempts} attempts at a server that is away"
    );

    sink.becomes(Mood::Accepts);
    let (back, mut after) = (clock.now(), Duration::zero());
    while sink.count() < people.len() && after <= Duration::minutes(15) {
        send(&books);
        clock.advance(Duration::seconds(30));
        after = clock.now() - back;
    }
    println!("{} mails {after} after the server's return", sink.count());
    assert!(after <= Duration::minutes(15), "{after}");
    let arrived = arrivals(&sink.mails());
    assert_eq!((arrived.len(), sink.count()), (people.len(), people.len()));
    assert_eq!(
        books.number("select count(*) as n from accounting.mails where state = 'sent'"),
        500
    );
    assert!(!browser.get("/admin/mails").has("#trouble"));
}

#[test]
fn t_mail_2_a_mail_whose_answer_was_lost_comes_again_under_its_message_id_and_no_other_does() {
    let sink = SmtpSink::start();
    let (books, people) = after_paying(60, &sink.url(), &[]);
    let cut: Vec<String> = people[..50]
        .iter()
        .map(|person| person.email.clone())
        .collect();
    let named = cut.clone();
    sink.follows(move |to, tries| {
        if tries == 0 && named.iter().any(|address| address == to) {
            Mood::KeepsAndCuts
        } else {
            Mood::Accepts
        }
    });
    for _ in 0..10 {
        send(&books);
        books.app.clock().advance(Duration::minutes(2));
    }
    let mails = sink.mails();
    let arrived = arrivals(&mails);
    assert_eq!(arrived.len(), 60);
    for mail in &mails {
        let times = arrived[mail.header("Message-ID").unwrap()];
        let was_cut = cut.contains(&mail.to);
        assert_eq!(times, if was_cut { 2 } else { 1 }, "{}", mail.to);
    }
    assert_eq!(mails.len() - 60, 50, "one for each lost answer");
    assert_eq!(
        books.number("select count(*) as n from accounting.mails where state = 'sent'"),
        60
    );
}

#[test]
fn t_mail_4_an_address_that_is_refused_and_one_that_stalls_hold_up_nobody_else() {
    let sink = SmtpSink::start();
    let (books, people) = after_paying(30, &sink.url(), &[("ATES_MAIL_TIMEOUT_SECONDS", "1")]);
    let (refused, stalled) = (people[3].email.clone(), people[7].email.clone());
    let (first, second) = (refused.clone(), stalled.clone());
    sink.follows(move |to, _| match to {
        to if to == first => Mood::Refuses,
        to if to == second => Mood::Stalls,
        _ => Mood::Accepts,
    });
    send(&books);
    assert_eq!(arrivals(&sink.mails()).len(), 28, "{}", states(&books));
    let count = |state: &str| {
        books.number(&format!(
            "select count(*) as n from accounting.mails where state = '{state}'"
        ))
    };
    assert_eq!(
        (count("sent"), count("failed"), count("waiting")),
        (28, 1, 1)
    );

    let buh = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&buh);
    let page = browser.get("/admin/mails?state=failed");
    let row = page.all("#undeliverable tbody tr").join("");
    assert!(
        row.contains(&refused) && row.contains("nobody here"),
        "{}",
        page.text()
    );
    assert_eq!(page.all("#mails tbody tr").len(), 1);
    let none = browser.get("/admin/mails?from=2026-03-03");
    assert!(
        !none.has("#undeliverable") && !none.has("#mails"),
        "{}",
        none.text()
    );
    assert_eq!(browser.get("/admin/mails?from=yesterday").status, 422);

    books.app.at("2026-03-05T00:00:00Z");
    send(&books);
    assert_eq!((count("failed"), count("waiting")), (2, 0));
    let expired = "select count(*) as n from accounting.mails where failure = 'expired'";
    assert_eq!(books.number(expired), 1);
    assert_eq!(arrivals(&sink.mails()).len(), sink.count());
    let page = books.app.log_in(&buh).get("/admin/mails");
    assert_eq!(
        page.all("#undeliverable tbody tr").len(),
        1,
        "stalled is not refused"
    );
}

#[test]
fn m34_a_server_that_refuses_us_refuses_no_address_and_gets_the_mails_when_it_is_well() {
    for mood in [Mood::Shut, Mood::RefusesSender] {
        let sink = SmtpSink::start();
        sink.becomes(mood);
        let (books, people) = after_paying(5, &sink.url(), &[]);
        for _ in 0..3 {
            send(&books);
            books.app.clock().advance(Duration::minutes(2));
        }
        let in_state = |state: &str| {
            books.number(&format!(
                "select count(*) as n from accounting.mails where state = '{state}'"
            ))
        };
        assert_eq!(
            in_state("waiting"),
            5,
            "{mood:?}: nobody's address is to blame"
        );
        sink.becomes(Mood::Accepts);
        for _ in 0..4 {
            send(&books);
            books.app.clock().advance(Duration::minutes(5));
        }
        assert_eq!(in_state("sent"), 5, "{mood:?}");
        assert_eq!(arrivals(&sink.mails()).len(), people.len());
    }
}
