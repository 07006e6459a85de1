//! The worker dies in the middle of its mails. A claim holds some minutes; here it is let go by hand instead of waited for.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::SimpleConnection;

use super::{after_paying, arrivals, is_long};
use crate::support::database::{TestDatabase, count};
use crate::support::smtp::{Mood, SmtpSink};
use crate::support::{TestApp, wait_until};

/// A process that only mails.
struct Postman(Child);

impl Postman {
    fn start(database: &TestDatabase, mail_server: &str, faults: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(["serve", "--mails-only"])
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", database.url())
            .env("ATES_SMTP_URL", mail_server)
            .env("ATES_METRICS_BIND", "")
            .env("ATES_FAULTS", faults)
            .env("RUST_LOG", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn has_died(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// So many mails that are due by the real clock, without a process that sends them.
fn due_mails(number: usize, sink: &SmtpSink) -> TestDatabase {
    let (books, _) = after_paying(number, &sink.url(), &[]);
    let database = books.stop();
    let due = "update accounting.mails set next_attempt_at = now() - interval '1 minute', retry_since = now()";
    database.connect().batch_execute(due).unwrap();
    database
}

/// What these minutes do to the claims of a dead worker.
fn two_minutes_pass(database: &TestDatabase) {
    let passed =
        "update accounting.mails set claimed_until = now() where claimed_until is not null";
    database.connect().batch_execute(passed).unwrap();
}

fn unsent(database: &TestDatabase) -> i64 {
    count(
        &mut database.connect(),
        "accounting.mails where state <> 'sent'",
    )
}

/// Everything left, the books are whole.
fn assert_whole(database: TestDatabase, number: usize) {
    let app = TestApp::with(|settings| settings.workers(false).on(database));
    app.at("2026-03-03T09:00:00Z");
    let told = "bus.events where event_type = 'email.sent'";
    assert_eq!(
        count(&mut app.conn(), told),
        i64::try_from(number).unwrap(),
        "one each"
    );
}

/// Kills the worker so often while the server keeps a mail and has not answered, the worst moment there is.
fn kill_while_the_server_answers(number: usize, kills: usize) {
    let sink = SmtpSink::start();
    let database = due_mails(number, &sink);
    let (limit, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (stop_at, counted) = (Arc::clone(&limit), Arc::clone(&seen));
    sink.follows(move |_, _| {
        if counted.fetch_add(1, Ordering::SeqCst) >= stop_at.load(Ordering::SeqCst) {
            Mood::KeepsAndHangs
        } else {
            Mood::Accepts
        }
    });
    for kill in 1..=kills {
        let goal = number * kill / (kills + 1) + 1;
        limit.store(
            seen.load(Ordering::SeqCst) + goal.saturating_sub(sink.count()),
            Ordering::SeqCst,
        );
        let hangs_at = sink.count() + goal.saturating_sub(sink.count()) + 1;
        let mut postman = Postman::start(&database, &sink.url(), "");
        wait_until("the server hangs", || sink.count() >= hangs_at);
        postman.kill();
        two_minutes_pass(&database);
    }
    limit.store(usize::MAX, Ordering::SeqCst);
    let postman = Postman::start(&database, &sink.url(), "");
    wait_until("all mails are sent", || unsent(&database) == 0);
    drop(postman);
    let arrived = arrivals(&sink.mails());
    println!(
        "{} mails, {} of them repeated, {kills} kills",
        arrived.len(),
        sink.count() - number
    );
    assert_eq!(arrived.len(), number);
    assert!(
        sink.count() - number <= kills,
        "{} repeated",
        sink.count() - number
    );
    assert!(sink.count() > number, "no kill hit a mail on its way");
    assert_whole(database, number);
}

#[test]
fn m38_a_kill_in_the_middle_of_a_hundred_mails_leaves_a_hundred_with_at_most_one_repeated() {
    kill_while_the_server_answers(100, 1);
}

#[test]
fn t_mail_3_twenty_kills_repeat_at_most_one_mail_each() {
    kill_while_the_server_answers(100, if is_long() { 20 } else { 5 });
}

#[test]
fn t_mail_3_a_worker_that_dies_before_a_mail_or_after_its_answer_loses_none() {
    let sink = SmtpSink::start();
    let number = if is_long() { 100 } else { 30 };
    let database = due_mails(number, &sink);
    let mut deaths = 0;
    let faults = "crash=mail.after_answer:0.15,crash=mail.before_send:0.05";
    while unsent(&database) > 0 {
        let mut postman = Postman::start(&database, &sink.url(), faults);
        wait_until("the worker dies or is done", || {
            postman.has_died() || unsent(&database) == 0
        });
        deaths += usize::from(unsent(&database) > 0);
        drop(postman);
        two_minutes_pass(&database);
    }
    let arrived = arrivals(&sink.mails());
    println!(
        "{} mails, {} repeated, {deaths} deaths",
        arrived.len(),
        sink.count() - number
    );
    assert_eq!(arrived.len(), number);
    assert!(sink.count() - number <= deaths);
    assert!(deaths > 0, "no crash point was hit");
    assert_whole(database, number);
}
