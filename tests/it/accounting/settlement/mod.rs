//! The end of the day.

pub(super) mod held;
mod killed;
mod times;

use ates::accounting::{RunStatus, settle_date, settle_due};
use ates::bus;
use ates::platform::db::Origin;
use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::books::Books;
use crate::support::Person;
use crate::support::database::text;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Kesha has 50, Gosha 0 and Petya −20 on Monday evening.
fn monday_evening() -> (Books, [Person; 3]) {
    let books = Books::open();
    let people = ["kesha", "gosha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 3, 1);
    books.work(&people[2], 2, 0);
    assert_eq!(
        people.each_ref().map(|who| books.balance(who)),
        [50, 0, -20]
    );
    (books, people)
}

#[test]
fn m25_fifty_zero_and_minus_twenty_are_settled_and_logged() {
    let (books, people) = monday_evening();
    books.app.at("2026-03-02T21:00:00Z");
    let runs = books.settle();
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].business_date, runs[0].people, runs[0].total.minor()),
        (day("2026-03-02"), 1, 5_000)
    );
    assert_eq!(people.each_ref().map(|who| books.balance(who)), [0, 0, -20]);
    let events = text(
        &mut books.app.conn(),
        "select string_agg(event_type || ' ' || payload, '; ' order by seq) as t from bus.events
         where event_type in ('payment_log_record.created', 'business_day.closed')",
    );
    assert!(events.contains("\"amount_minor\": 5000"), "{events}");
    assert!(events.contains("\"negative_balances\": 1"), "{events}");
    let same_reason = "select count(*) as n from accounting.transfers t join bus.events e on e.event_id = t.reason_event_id
        and e.event_type = 'payment_log_record.created' where t.kind = 'payout'";
    assert_eq!(books.number(same_reason), 1);
}

#[test]
fn m26_the_payout_zeroes_the_balance_and_is_seen_by_the_popug_and_the_accountant() {
    let (books, [kesha, ..]) = monday_evening();
    let buh = books.app.register("buh", &["accountant"]);
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    let own = books
        .app
        .log_in(&kesha)
        .get("/account?from=2026-03-02&to=2026-03-02");
    let last = own.all("#log tbody tr").pop().unwrap();
    assert!(
        last.contains("Paid $50.00 for 2 Mar 2026")
            && last.contains("−$50.00")
            && last.ends_with("$0.00"),
        "{last}"
    );
    let mut browser = books.app.log_in(&buh);
    let day = browser.get("/accounting/days/2026-03-02?kind=payout");
    assert_eq!(day.all("#transfers tbody tr").len(), 1, "{}", day.text());
    assert!(day.text().contains("Kesha Popug"), "{}", day.text());
    let run = browser.get("/accounting/payouts/2026-03-02");
    assert_eq!(
        (run.all("#paid").join(""), run.all("#people").join("")),
        ("$50.00".to_owned(), "1".to_owned())
    );
}

#[test]
fn m27_a_debt_is_carried_over_and_worked_off() {
    let (books, [_, _, petya]) = monday_evening();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&petya, 3, 2);
    assert_eq!(books.balance(&petya), 10);
    books.app.at("2026-03-03T21:00:00Z");
    books.settle();
    let payout = format!(
        "select amount_minor as n from accounting.payouts where employee_id = '{}'",
        petya.id
    );
    assert_eq!(books.number(&payout), 1_000);
    assert_eq!(books.balance(&petya), 0);
}

#[test]
fn m12a_the_morning_log_starts_with_the_debt_and_the_row_moves_nothing() {
    let (books, [_, _, petya]) = monday_evening();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&petya, 1, 0);
    let (status, log) = books.app.api(&petya).get("/api/v1/accounting/transfers");
    assert_eq!(status, 200, "{log}");
    let row = |n: usize| {
        [
            &log["items"][n]["kind"],
            &log["items"][n]["amount_minor"],
            &log["items"][n]["balance_minor"],
        ]
    };
    assert_eq!(
        row(0),
        [&json!("debt_carried"), &json!(-2_000), &json!(-2_000)]
    );
    assert_eq!(
        row(1),
        [&json!("assignment_fee"), &json!(-1_000), &json!(-3_000)]
    );
    let page = books.app.log_in(&petya).get("/account");
    assert!(
        page.all("#log tbody tr")[0].starts_with("Debt carried over −$20.00"),
        "{}",
        page.text()
    );
}

#[test]
fn m28_the_nightly_run_comes_with_the_company_clock_past_midnight_and_once() {
    let (books, _) = monday_evening();
    books.app.at("2026-03-02T20:59:59Z");
    assert!(books.settle().is_empty());
    books.app.at("2026-03-02T21:00:00Z");
    assert_eq!(books.settle().len(), 1);
    assert!(books.settle().is_empty());
    let job = "select count(*) as n from platform.job_runs
        where job = 'accounting.settle' and run_key = '2026-03-02' and state = 'done' and attempts = 1";
    assert_eq!(books.number(job), 1);
    let root = books.app.register("root", &["administrator"]);
    let list = books
        .app
        .log_in(&root)
        .get("/admin/runs?job=accounting.settle");
    let rows = list.all("#jobs tbody tr");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(
        rows[0].starts_with("accounting.settle 2026-03-02 done"),
        "{rows:?}"
    );
}

#[test]
fn m28_a_later_payout_hour_is_kept_and_the_cut_off_stays_midnight() {
    let books = Books::open_with(|settings| settings.set("ATES_PAYOUT_AT", "03:00"));
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-02T22:00:00Z");
    books.work(&kesha, 1, 1);
    assert!(books.settle().is_empty());
    books.app.at("2026-03-03T00:00:00Z");
    assert_eq!(books.settle()[0].total.minor(), 2_000);
    assert_eq!(books.balance(&kesha), 20);
}

#[test]
fn m29_settling_twice_in_parallel_pays_everybody_once() {
    let (books, people) = monday_evening();
    books.app.at("2026-03-03T09:00:00Z");
    let (db, config) = (books.app.db(), books.app.config());
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| settle_date(db, config, day("2026-03-02")).unwrap()))
            .collect();
        for run in runs {
            let run = run.join().unwrap();
            assert_eq!(
                (run.status, run.people, run.total.minor()),
                (RunStatus::Done, 1, 5_000)
            );
        }
    });
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers where kind = 'payout'"),
        1
    );
    assert_eq!(
        books.number("select count(*) as n from accounting.mails"),
        1
    );
    assert_eq!(people.each_ref().map(|who| books.balance(who)), [0, 0, -20]);
    books.app.drain();
}

#[test]
fn m30_missed_midnights_are_settled_in_order_each_with_its_own_cut_off() {
    let (books, [kesha, ..]) = monday_evening();
    books.app.at("2026-03-03T09:00:00Z");
    books.work(&kesha, 2, 1);
    books.app.at("2026-03-05T09:00:00Z");
    let runs = books.settle();
    let totals: Vec<(String, i64)> = runs
        .iter()
        .map(|run| (run.business_date.to_string(), run.total.minor() / 100))
        .collect();
    let expected = [("2026-03-02", 50), ("2026-03-03", 10), ("2026-03-04", 0)];
    assert_eq!(
        totals,
        expected.map(|(date, total)| (date.to_owned(), total))
    );
    let cutoffs = "select count(distinct cutoff_seq) as n from accounting.business_days where business_date <= '2026-03-03'";
    assert_eq!(books.number(cutoffs), 2);
}

#[test]
fn m30_what_happened_before_midnight_but_is_booked_after_the_close_counts_for_the_open_day() {
    let (books, [kesha, ..]) = monday_evening();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let late = "insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor,
          reason_event_id, business_date, created_at)
        select gen_random_uuid(), 'adjustment', account_id, '00000000-0000-0000-0000-00000000ad05', 1, version + 1, 0,
          gen_random_uuid(), '2026-03-02', now() from accounting.balances";
    let error = books
        .app
        .conn()
        .batch_execute(late)
        .unwrap_err()
        .to_string();
    assert!(error.contains("2026-03-02 is closed"), "{error}");
    books.app.at("2026-03-02T20:00:00Z");
    books.work(&kesha, 1, 0);
    let date = text(
        &mut books.app.conn(),
        "select business_date::text as t from accounting.transfers order by business_date desc limit 1",
    );
    assert_eq!(date, "2026-03-03");
}

#[test]
fn bus33_a_settlement_waits_for_a_ledger_that_lags_and_says_so() {
    let (books, [kesha, ..]) = monday_evening();
    bus::pause(
        books.app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        "a test",
        Origin::system(),
    )
    .unwrap();
    books.plant(&kesha);
    books.app.at("2026-03-03T09:00:00Z");
    let admin = books.app.register("admin", &["administrator"]);
    let runs = settle_due(books.app.db(), books.app.config()).unwrap();
    assert!(matches!(runs[0].status, RunStatus::Waiting(_)), "{runs:?}");
    let page = books.app.log_in(&admin).get("/accounting/payouts");
    assert!(
        page.text().contains("has not yet heard of everything"),
        "{}",
        page.text()
    );
    let page = books
        .app
        .log_in(&admin)
        .speaking("ru")
        .get("/accounting/payouts");
    assert!(
        page.text().contains("дошло не всё") && !page.text().contains("has not yet heard"),
        "{}",
        page.text()
    );
    let (status, run) = books.app.api(&admin).post(
        "/api/v1/accounting/payouts",
        &json!({"business_date": "2026-03-02"}),
    );
    assert_eq!((status, run["status"].as_str()), (202, Some("waiting")));
    bus::resume(
        books.app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        Origin::system(),
    )
    .unwrap();
    books.app.drain();
    assert_eq!(books.settle()[0].total.minor(), 4_000);
}

#[test]
fn m25_pay_to_workers_takes_only_dates_that_are_over_and_only_from_those_who_may() {
    let (books, [kesha, ..]) = monday_evening();
    let [admin, buh, robot] = [
        ("admin", "administrator"),
        ("buh", "accountant"),
        ("robot", "internalservice"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]));
    let path = "/api/v1/accounting/payouts";
    for nobody in [&kesha, &buh] {
        assert_eq!(books.app.api(nobody).post(path, &json!({})).0, 403);
    }
    let api = books.app.api(&admin);
    assert_eq!(api.post(path, &json!({})).0, 409);
    assert_eq!(
        api.post(path, &json!({"business_date": "2026-03-02"})).0,
        409
    );
    assert_eq!(
        api.post(path, &json!({"business_date": "2030-01-01"})).0,
        409
    );
    assert_eq!(
        api.post(path, &json!({"business_date": "yesterday"})).0,
        422
    );
    assert_eq!(api.post(path, &json!({"date": "2026-03-02"})).0, 422);
    books.app.drain();
    books.app.at("2026-03-03T09:00:00Z");
    let expected =
        json!({"business_date": "2026-03-02", "status": "done", "people": 1, "total_minor": 5_000});
    for asker in [&robot, &admin] {
        assert_eq!(
            books.app.api(asker).post(path, &json!({})),
            (200, expected.clone())
        );
    }
    books.app.drain();
}
