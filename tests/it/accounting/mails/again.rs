//! Mails that are sent once more, and addresses at which nobody can be reached.

use serde_json::json;

use super::{after_monday, arrivals, send, states};
use crate::support::database::text;
use crate::support::smtp::{Mood, SmtpSink};

#[test]
fn m34_a_mail_that_was_sent_is_repeated_only_when_that_is_confirmed_under_its_message_id_and_audited()
 {
    let sink = SmtpSink::start();
    let (books, [kesha, ..]) = after_monday(&sink.url());
    send(&books);
    let admin = books.app.register("admin", &["administrator"]);
    let buh = books.app.register("buh", &["accountant"]);
    let mail = text(
        &mut books.app.conn(),
        &format!(
            "select id::text as t from accounting.mails where employee_id = '{}'",
            kesha.id
        ),
    );
    let path = format!("/admin/mails/{mail}/attempts");
    assert_eq!(
        books
            .app
            .log_in(&buh)
            .post(&path, &[("confirmed", "yes")])
            .status,
        403
    );
    let mut browser = books.app.log_in(&admin);
    let refused = browser.submit(&path, &[]);
    assert!(
        refused.text().contains("was sent already"),
        "{}",
        refused.text()
    );
    send(&books);
    assert_eq!(sink.count(), 2);

    let page = browser.submit(&path, &[("confirmed", "yes")]);
    assert!(page.text().contains("on its way again"), "{}", page.text());
    let twice = browser.submit(&path, &[("confirmed", "yes")]);
    assert!(
        twice.text().contains("on its way already"),
        "{}",
        twice.text()
    );
    send(&books);
    assert_eq!(states(&books), "sent 1, sent 2");
    let mut times: Vec<usize> = arrivals(&sink.mails()).into_values().collect();
    times.sort_unstable();
    assert_eq!(times, [1, 2]);
    let audited = "select count(*) as n from platform.audit_log where action = 'accounting.mail_repeated' and actor_id is not null";
    assert_eq!(books.number(audited), 1);
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'email.sent'"),
        3
    );
}

#[test]
fn m34_an_address_that_is_refused_is_shown_to_its_person_and_a_new_one_gets_what_was_missed() {
    let sink = SmtpSink::start();
    let (books, [kesha, gosha, _]) = after_monday(&sink.url());
    let old = kesha.email.clone();
    sink.follows(move |to, _| {
        if to == old {
            Mood::Refuses
        } else {
            Mood::Accepts
        }
    });
    send(&books);
    assert_eq!(states(&books), "sent 1, failed 1");
    let mut browser = books.app.log_in(&kesha);
    let page = browser.get("/account");
    let hint = page.all("#unreachable").join("");
    assert!(
        hint.contains(&kesha.email) && hint.contains("nobody here"),
        "{}",
        page.text()
    );
    assert!(!books.app.log_in(&gosha).get("/account").has("#unreachable"));

    let admin = books.app.register("admin", &["administrator"]);
    assert!(
        books
            .app
            .log_in(&admin)
            .get("/admin/mails")
            .has("#undeliverable")
    );
    let moved = json!({ "email": "kesha@nest.example" });
    let (status, answer) = books
        .app
        .api(&admin)
        .patch(&format!("/api/v1/users/{}", kesha.id), &moved);
    assert_eq!(status, 200, "{answer}");
    books.app.drain();
    assert!(!browser.get("/account").has("#unreachable"));
    assert!(
        !books
            .app
            .log_in(&admin)
            .get("/admin/mails")
            .has("#undeliverable")
    );
    send(&books);
    assert_eq!(states(&books), "sent 1, sent 2");
    let mails = sink.mails();
    let to_kesha: Vec<_> = mails
        .iter()
        .filter(|mail| mail.to == "kesha@nest.example")
        .collect();
    assert_eq!((to_kesha.len(), mails.len()), (1, 2));
    let id = format!("<payout.2026-03-02.{}@", kesha.id);
    assert!(to_kesha[0].header("Message-ID").unwrap().starts_with(&id));
}

#[test]
fn m34_a_failed_mail_is_sent_by_hand_to_the_present_address() {
    let sink = SmtpSink::start();
    sink.becomes(Mood::Busy);
    let (books, [kesha, ..]) = after_monday(&sink.url());
    books.app.at("2026-03-20T00:00:00Z");
    send(&books);
    assert_eq!(states(&books), "failed 1, failed 1");
    sink.becomes(Mood::Accepts);
    let admin = books.app.register("admin", &["administrator"]);
    let mail = text(
        &mut books.app.conn(),
        &format!(
            "select id::text as t from accounting.mails where employee_id = '{}'",
            kesha.id
        ),
    );
    let mut browser = books.app.log_in(&admin);
    let shown = browser.get(&format!("/admin/mails/{mail}"));
    assert!(
        shown
            .all("#failure")
            .join("")
            .contains("time for retries is over"),
        "{}",
        shown.text()
    );
    browser.submit(&format!("/admin/mails/{mail}/attempts"), &[]);
    sink.becomes(Mood::Busy);
    send(&books);
    assert_eq!(
        states(&books),
        "failed 1, waiting 2",
        "the time for retries begins anew"
    );
    sink.becomes(Mood::Accepts);
    books.app.at("2026-03-20T00:10:00Z");
    send(&books);
    assert_eq!(states(&books), "failed 1, sent 3");
}

#[test]
fn m34_all_mails_of_the_list_that_failed_are_sent_again_by_one_press_which_says_how_many() {
    let sink = SmtpSink::start();
    let (books, [kesha, gosha, _]) = after_monday(&sink.url());
    sink.follows(|_, _| Mood::Refuses);
    send(&books);
    assert_eq!(states(&books), "failed 1, failed 1");
    let admin = books.app.register("admin", &["administrator"]);
    let buh = books.app.register("buh", &["accountant"]);
    let path = "/admin/mails/attempts";
    assert_eq!(books.app.log_in(&buh).post(path, &[]).status, 403);
    assert!(!books.app.log_in(&buh).get("/admin/mails").has("#given-up"));
    let mut browser = books.app.log_in(&admin);
    for (query, shown) in [
        ("", true),
        ("?state=failed&kind=payout", true),
        ("?state=sent", false),
        ("?kind=statement", false),
        ("?from=2026-03-03", false),
    ] {
        let page = browser.get(&format!("/admin/mails{query}"));
        assert_eq!(page.has("#given-up"), shown, "{query}: {}", page.text());
    }
    assert!(
        browser
            .get("/admin/mails")
            .text()
            .contains("Send 2 failed mails again")
    );
    let narrowed = browser.submit(
        path,
        &[("kind", "payout"), ("from", "2026-03-03"), ("to", "")],
    );
    assert!(
        narrowed.text().contains("No mail of this list has failed"),
        "{}",
        narrowed.text()
    );
    assert_eq!(states(&books), "failed 1, failed 1");

    sink.follows(|_, _| Mood::Accepts);
    let page = browser.submit(
        path,
        &[
            ("kind", "payout"),
            ("from", "2026-03-02"),
            ("to", "2026-03-02"),
        ],
    );
    assert!(
        page.text().contains("2 mails are on their way again"),
        "{}",
        page.text()
    );
    send(&books);
    let sent = arrivals(&sink.mails());
    assert_eq!(sent.len(), 2, "{}", states(&books));
    for person in [&kesha, &gosha] {
        assert!(sink.mails().iter().any(|mail| mail.to == person.email));
    }
    let audited = "select count(*) as n from platform.audit_log
        where action = 'accounting.mails_retried' and actor_id is not null and jsonb_array_length(detail -> 'mails') = 2";
    assert_eq!(books.number(audited), 1);
}
