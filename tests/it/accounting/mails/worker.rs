//! The worker that sends mails, and nothing else.

use ates::app::Work;
use ates::bus::{self, Holder};
use ates::platform::db::Origin;
use diesel::connection::SimpleConnection;

use super::{after_monday, send, states};
use crate::support::smtp::SmtpSink;
use crate::support::wait_until;

#[test]
fn m35_while_the_worker_is_off_payouts_are_booked_and_mails_stay_new_and_leave_when_it_is_on() {
    let sink = SmtpSink::start();
    let (books, _) = after_monday(&sink.url());
    assert_eq!(
        books.number("select count(*) as n from accounting.payouts"),
        2
    );
    let mut others = books.app.services().clone();
    others.work = Work::AllButMails;
    let workers = others.start_workers().unwrap();
    assert!(!workers.board().all().contains_key("accounting.mail"));
    books.app.drain();
    workers.stop();
    assert_eq!((states(&books).as_str(), sink.count()), ("new 0, new 0", 0));

    let mut postman = books.app.services().clone();
    postman.work = Work::Mails;
    let workers = postman.start_workers().unwrap();
    let names: Vec<String> = workers.board().all().into_keys().collect();
    assert_eq!(names, ["accounting.mail", "auth.mail"]);
    wait_until("the mails leave", || states(&books) == "sent 1, sent 1");
    workers.stop();
    assert_eq!(sink.count(), 2);
    books.app.drain();
}

#[test]
fn m39_mails_go_out_while_every_other_module_is_away() {
    let sink = SmtpSink::start();
    let (books, _) = after_monday(&sink.url());
    let others = ["tasks.employees", "tasks.prices", "analytics.projection"];
    for name in others {
        bus::pause(
            books.app.db(),
            name,
            &Holder::Deploy,
            "a test",
            Origin::system(),
        )
        .unwrap();
    }
    let schemas = |from: &str, to: &str| {
        let renamed: Vec<String> = ["auth", "tasks", "analytics"]
            .iter()
            .map(|schema| format!("alter schema {schema}{from} rename to {schema}{to}"))
            .collect();
        books.app.conn().batch_execute(&renamed.join("; ")).unwrap();
    };
    schemas("", "_away");
    send(&books);
    schemas("_away", "");
    assert_eq!(
        (states(&books).as_str(), sink.count()),
        ("sent 1, sent 1", 2)
    );
    for name in others {
        bus::resume(books.app.db(), name, &Holder::Deploy, Origin::system()).unwrap();
    }
    books.app.drain();
}
