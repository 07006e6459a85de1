//! The real program, killed in the middle of a settlement: the run goes on where it stopped, and everybody is paid once.

use std::process::{Command, Output};

use super::held;
use crate::accounting::books::Books;
use crate::support::Person;
use crate::support::database::{count, text};

const PEOPLE: usize = 12;

fn payout(books: &Books, faults: &str) -> Output {
    let url = books.app.config().database_url.clone().unwrap();
    Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(["payout", "--date", "2026-03-02"])
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", url)
        .env("ATES_PAYOUT_CHUNK", "3")
        .env("ATES_FAULTS", faults)
        .output()
        .unwrap()
}

/// Twelve people with 20 each on Monday evening, and one whose reward waits for repair.
fn monday() -> (Books, Person) {
    let (books, [kesha, ..]) = held::monday_with_a_poisoned_reward();
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("popug{number}")).collect();
    for who in &names {
        let who = books.app.register(who, &["developer"]);
        books.work(&who, 1, 1);
    }
    (books, kesha)
}

fn judge(books: &Books) {
    books.app.drain();
    let mut conn = books.app.conn();
    let closed = "select concat_ws(' ', state, people, paid_minor) as t from accounting.business_days order by business_date limit 1";
    assert_eq!(text(&mut conn, closed), "closed 14 29000");
    for table in [
        "accounting.transfers where kind = 'payout'",
        "accounting.payouts",
        "accounting.mails",
        "bus.events where event_type = 'payment_log_record.created'",
    ] {
        assert_eq!(count(&mut conn, table), 14, "{table}");
    }
    assert_eq!(count(&mut conn, "accounting.statements"), 15);
    let told = "bus.events where event_type = 'business_day.closed'";
    assert_eq!(count(&mut conn, told), 1);
}

#[test]
fn m30_a_run_that_is_killed_at_any_point_goes_on_and_pays_everybody_once() {
    let (books, _) = monday();
    let mut kills = 0;
    let mut kill_at = |point: &str| {
        let output = payout(&books, &format!("crash={point}"));
        assert!(!output.status.success(), "{point}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains(&format!("a planted crash at {point}")),
            "{said}"
        );
        kills += 1;
        count(&mut books.app.conn(), "accounting.payouts")
    };
    assert_eq!(kill_at("settlement.after_begin"), 0);
    assert_eq!(
        kill_at("settlement.inside_chunk"),
        0,
        "the chunk in hand is lost"
    );
    let mut paid = 0;
    for _ in 0..4 {
        let reached = kill_at("settlement.after_chunk");
        assert!(reached >= paid, "{reached} after {paid}");
        paid = reached;
    }
    assert!(
        paid > 0 && paid < 13,
        "{paid}: some are paid and some are not"
    );
    kill_at("settlement.before_close");
    let output = payout(&books, "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("1 account is held until its events are repaired"),
        "{said}"
    );
    held::repair(&books);
    assert_eq!(
        kill_at("settlement.inside_chunk"),
        13,
        "the held one as well"
    );
    assert_eq!(kill_at("settlement.after_release"), 14);
    assert!(payout(&books, "").status.success());
    println!("{kills} kills");
    judge(&books);
}

#[test]
fn m29_two_processes_that_are_killed_again_and_again_pay_everybody_once() {
    let (books, _) = monday();
    held::repair(&books);
    let faults = "crash=settlement.inside_chunk:0.3,crash=settlement.after_chunk:0.3,crash=settlement.before_close:0.3";
    let kills: usize = std::thread::scope(|scope| {
        let processes = [0, 1].map(|_| {
            scope.spawn(|| {
                let killed = || !payout(&books, faults).status.success();
                std::iter::repeat_with(killed)
                    .take(100)
                    .take_while(|killed| *killed)
                    .count()
            })
        });
        processes
            .into_iter()
            .map(|process| process.join().unwrap())
            .sum()
    });
    println!("{kills} kills");
    assert!(payout(&books, "").status.success());
    judge(&books);
}
