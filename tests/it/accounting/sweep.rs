//! Notices that were lost are found and booked.

use ates::accounting::sweep;
use diesel::connection::SimpleConnection;

use super::books::Books;

/// Removes every event that the ledger has not heard yet, as a broken disk would.
fn lose_notices(books: &Books) {
    let lost = "set session_replication_role = replica;
        delete from bus.events e using bus.subscribers s where s.name = 'accounting.ledger' and e.seq > s.position
          and e.event_type in ('task.created', 'task.assigned', 'tasks.reassigned', 'task.completed');";
    books.app.conn().batch_execute(lost).unwrap();
}

#[test]
fn m04_a_task_whose_notice_was_lost_is_priced_and_charged_within_one_sweep() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.plant(&kesha);
    lose_notices(&books);
    books.app.drain();
    sweep(books.app.db(), books.app.config()).unwrap();
    assert_eq!(
        books.number("select count(*) as n from accounting.task_prices"),
        0,
        "too early for a sweep"
    );
    books.app.at("2026-03-02T09:10:00Z");
    for _ in 0..2 {
        sweep(books.app.db(), books.app.config()).unwrap();
        books.app.drain();
    }
    assert_eq!(books.balance(&kesha), -10);
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'task.estimated'"),
        1
    );
}

#[test]
fn m07_lost_reassignments_and_completions_are_booked_once() {
    let books = Books::open();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let tasks: Vec<_> = (0..12).map(|_| books.plant(&kesha)).collect();
    books.app.drain();
    books.shuffle(&tasks.iter().map(|task| (*task, &gosha)).collect::<Vec<_>>());
    tasks[..10]
        .iter()
        .for_each(|task| books.complete(*task, &gosha));
    lose_notices(&books);
    books.app.drain();
    books.app.at("2026-03-02T09:10:00Z");
    for _ in 0..2 {
        sweep(books.app.db(), books.app.config()).unwrap();
    }
    assert_eq!(
        [&kesha, &gosha].map(|who| books.balance(who)),
        [-120, -120 + 300]
    );
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        34
    );
    books.app.drain();
}

#[test]
fn m07_the_sweep_leaves_alone_what_the_ledger_has_yet_to_hear() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.plant(&kesha);
    books.app.at("2026-03-02T09:10:00Z");
    sweep(books.app.db(), books.app.config()).unwrap();
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        0
    );
    books.app.drain();
    assert_eq!(books.balance(&kesha), -10);
}
