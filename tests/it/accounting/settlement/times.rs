//! Whatever the clocks do: each date is closed once, in order, and its postings are those between its two midnights.

use std::sync::Barrier;

use ates::accounting::{Run, RunStatus, open_first_day, settle_due};
use ates::auth;
use ates::platform::clock::{Clock, next_day};
use ates::platform::db::{Db, Lane, Origin};
use ates::platform::ids::UserId;
use ates::platform::partitions;
use ates::tasks::{self, TaskText};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use diesel::connection::SimpleConnection;

use super::{day, held};
use crate::accounting::books::Books;
use crate::support::database::{count, text};
use crate::support::{Person, wait_until};

/// A company that opens at an instant in a zone.
fn company(zone: &str, payout_at: &str, opens: DateTime<Utc>) -> (Books, Person) {
    company_with_bell(3_600, zone, payout_at, opens)
}

/// One whose scheduler, once it is started, rings every so many seconds.
fn company_with_bell(
    seconds: u32,
    zone: &str,
    payout_at: &str,
    opens: DateTime<Utc>,
) -> (Books, Person) {
    let books = Books::open_with(|settings| {
        settings
            .set("ATES_TIMEZONE", zone)
            .set("ATES_PAYOUT_AT", payout_at)
            .set("ATES_PAYOUT_CHUNK", 7)
            .set("ATES_BELL_SECONDS", seconds)
    });
    books
        .app
        .conn()
        .batch_execute("delete from accounting.business_days")
        .unwrap();
    books.app.clock().set(opens);
    partitions::make(books.app.db()).unwrap();
    open_first_day(books.app.db(), books.app.config()).unwrap();
    let kesha = books.app.register("kesha", &["developer"]);
    (books, kesha)
}

fn dates(books: &Books) -> String {
    text(
        &mut books.app.conn(),
        "select coalesce(string_agg(payload ->> 'business_date', ' ' order by seq), '') as t from bus.events
         where event_type = 'business_day.closed'",
    )
}

fn utc(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// Two instances come to the minute of the payout at once, each with its own clock and pools.
#[test]
fn t_time_1_two_instances_at_the_minute_of_the_payout_run_once_and_pay_each_person_once() {
    let rounds = if std::env::var_os("ATES_TEST_LONG").is_some() {
        50
    } else {
        10
    };
    let opens = utc("2026-03-02T09:00:00Z");
    let (books, kesha) = company("Europe/Moscow", "00:00", opens);
    let names: Vec<String> = (0..30).map(|number| format!("popug{number}")).collect();
    let names: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    let mut people = books.app.register_all(&names);
    people.push(kesha);
    let url = books.app.config().database_url.clone().unwrap();
    let mut night = utc("2026-03-02T21:00:00Z");
    for round in 1..=rounds {
        let tasks: Vec<_> = people.iter().map(|who| books.plant(who)).collect();
        books.app.drain();
        if round % 2 == 0 {
            for (task, who) in tasks.iter().zip(&people) {
                books.complete(*task, who);
            }
        }
        books.app.drain();
        books.app.clock().set(night);
        let other = Db::new(
            books.app.config(),
            &url,
            Clock::fixed(night + Duration::seconds(2)),
        );
        let config = books.app.config();
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let instances = [books.app.db(), &other]
                .map(|db| scope.spawn(move || settle_due(db, config).unwrap()));
            instances
                .into_iter()
                .flat_map(|instance| instance.join().unwrap())
                .collect()
        });
        assert!(
            !runs.is_empty() && runs.iter().all(|run| run.status == RunStatus::Done),
            "round {round}: {runs:?}"
        );
        books.app.drain();
        night += Duration::days(1);
        books.app.clock().set(night - Duration::hours(12));
        let mut conn = books.app.conn();
        let closed = "bus.events where event_type = 'business_day.closed'";
        assert_eq!(count(&mut conn, closed), round, "one run a date");
        let lines = count(&mut conn, "report_v1.payouts");
        assert_eq!(lines, 31 * (round / 2), "round {round}: one line a person");
        let once = "(select distinct employee_id, business_date from report_v1.payouts) p";
        assert_eq!(count(&mut conn, once), lines);
        partitions::make(books.app.db()).unwrap();
    }
    books.app.assert_verified();
}

/// Something is booked each half hour from the evening before a date until after its end, while the bell rings; gives the
/// length of the date in half hours, as its postings tell.
fn half_hours_of(zone: &str, date: &str, payout_at: &str) -> i64 {
    let date = day(date);
    let company_zone = ates::platform::clock::BusinessZone(zone.parse().unwrap());
    let (start, end) = (company_zone.start_of(date), company_zone.end_of(date));
    let eve = start - Duration::hours(2);
    let (books, kesha) = company(zone, payout_at, eve);
    let due = end.max(company_zone.instant_of(next_day(date), books.app.config().payout_at));
    let mut now = eve;
    let mut closed_at = None;
    let mut runs = Vec::new();
    let after = due.max(end) + Duration::hours(2);
    while now <= after {
        books.app.clock().set(now);
        if now < end + Duration::hours(2) {
            books.plant(&kesha);
        }
        // In the middle of the date the ledger lags a little; around the midnights it keeps up.
        let hour = Duration::hours(1);
        if now < start + hour || now >= end - hour || (now - eve).num_hours() % 4 == 0 {
            books.app.drain();
        }
        for run in settle_due(books.app.db(), books.app.config()).unwrap() {
            assert_eq!(run.status, RunStatus::Done);
            if run.business_date == date {
                closed_at = Some(now);
            }
            runs.push(run.business_date);
        }
        now += Duration::minutes(30);
    }
    let wanted = [date.pred_opt().unwrap(), date];
    assert_eq!(runs, wanted, "{zone} {payout_at}: each date is closed once");
    let on_the_half_hour = |instant: DateTime<Utc>| {
        let step = Duration::minutes(30);
        eve + step
            * i32::try_from((instant - eve + step - Duration::seconds(1)).num_minutes() / 30)
                .unwrap()
    };
    assert_eq!(closed_at, Some(on_the_half_hour(due)), "{zone} {payout_at}");
    let mut conn = books.app.conn();
    let astray = format!(
        "accounting.transfers t join accounting.business_days d using (business_date) join bus.events e on e.event_id = t.reason_event_id
         where e.recorded_at < d.starts_at or e.recorded_at >= d.ends_at or d.zone <> '{zone}'"
    );
    assert_eq!(count(&mut conn, &astray), 0, "{zone} {payout_at}");
    let gaps = "(select starts_at, lag(ends_at) over (order by business_date) as before from accounting.business_days) d
         where starts_at <> before";
    assert_eq!(
        count(&mut conn, gaps),
        0,
        "no instant is in two dates or in none"
    );
    let on = |date: NaiveDate| {
        count(
            &mut books.app.conn(),
            &format!(
                "accounting.transfers where kind = 'assignment_fee' and business_date = '{date}'"
            ),
        )
    };
    assert_eq!(
        (on(wanted[0]), on(next_day(date))),
        (4, 4),
        "{zone} {payout_at}: two hours before and two after"
    );
    on(date)
}

fn partition_exactly(zone: &str, dates: &[(&str, i64)]) {
    for (date, half_hours) in dates {
        for payout_at in ["00:00", "00:30", "02:30"] {
            assert_eq!(
                half_hours_of(zone, date, payout_at),
                *half_hours,
                "{zone}, {date}, payout at {payout_at}"
            );
        }
    }
}

#[test]
fn t_time_2_berlin_has_days_of_25_and_of_23_hours() {
    partition_exactly("Europe/Berlin", &[("2026-10-25", 50), ("2027-03-28", 46)]);
}

#[test]
fn t_time_2_new_york_has_days_of_25_and_of_23_hours() {
    partition_exactly(
        "America/New_York",
        &[("2026-11-01", 50), ("2027-03-14", 46)],
    );
}

#[test]
fn t_time_2_lord_howe_has_days_of_half_an_hour_more_and_less() {
    partition_exactly(
        "Australia/Lord_Howe",
        &[("2026-10-04", 47), ("2027-04-04", 49)],
    );
}

#[test]
fn t_time_2_cairo_has_a_day_without_midnight_and_one_with_two() {
    partition_exactly("Africa/Cairo", &[("2026-04-24", 46), ("2026-10-29", 50)]);
}

#[test]
fn t_time_2_moscow_and_utc_have_days_of_24_hours() {
    let dates = [("2026-10-25", 48), ("2027-03-28", 48)];
    partition_exactly("Europe/Moscow", &dates);
    partition_exactly("UTC", &dates);
}

/// What settlement did so far, in the order in which it was told.
fn story(books: &Books) -> (String, i64) {
    let once = "(select distinct employee_id, business_date from accounting.payouts) p";
    let mut conn = books.app.conn();
    assert_eq!(
        count(&mut conn, once),
        count(&mut conn, "accounting.transfers where kind = 'payout'")
    );
    (dates(books), count(&mut conn, "accounting.payouts"))
}

#[test]
fn t_time_3_a_clock_set_back_pays_nothing_and_nothing_twice() {
    for back in [Duration::hours(1), Duration::days(1)] {
        let (books, kesha) = company("Europe/Moscow", "00:00", utc("2026-03-02T09:00:00Z"));
        books.work(&kesha, 1, 1);
        let night = utc("2026-03-02T21:00:00Z");
        books.app.clock().set(night);
        assert_eq!(books.settle().len(), 1);
        books.app.clock().set(night - back);
        assert!(books.settle().is_empty());
        books.work(&kesha, 1, 1);
        assert!(books.settle().is_empty());
        let on_the_open_date =
            "accounting.transfers where business_date = '2026-03-03' and kind <> 'payout'";
        assert_eq!(
            count(&mut books.app.conn(), on_the_open_date),
            2,
            "a closed date takes nothing, whatever the clock says"
        );
        books.app.clock().set(night + Duration::days(1));
        assert_eq!(books.settle().len(), 1);
        assert_eq!(
            story(&books),
            ("2026-03-02 2026-03-03".to_owned(), 2),
            "back by {back}"
        );
    }
}

#[test]
fn t_time_3_a_clock_set_back_while_somebody_is_held_pays_nobody() {
    let (books, [kesha, ..]) = held::monday_with_a_poisoned_reward();
    books.app.at("2026-03-02T21:00:00Z");
    books.settle();
    held::repair(&books);
    books.app.at("2026-03-02T20:00:00Z");
    assert!(books.settle().is_empty());
    assert_eq!(story(&books), (String::new(), 1));
    books.app.at("2026-03-02T21:00:01Z");
    assert_eq!(books.settle()[0].status, RunStatus::Done);
    assert_eq!(story(&books), ("2026-03-02".to_owned(), 2));
    assert_eq!(books.balance(&kesha), 0);
}

#[test]
fn t_time_3_a_clock_that_leaps_ahead_catches_up_in_order() {
    for (ahead, last) in [
        (Duration::hours(36), "2026-03-03"),
        (Duration::days(10), "2026-03-11"),
    ] {
        let (books, kesha) = company("Europe/Moscow", "00:00", utc("2026-03-02T09:00:00Z"));
        books.work(&kesha, 1, 1);
        let leapt = utc("2026-03-02T09:00:00Z") + ahead;
        books.app.clock().set(leapt);
        let runs = books.settle();
        let expected: Vec<NaiveDate> = day("2026-03-02")
            .iter_days()
            .take_while(|date| *date <= day(last))
            .collect();
        let settled: Vec<NaiveDate> = runs.iter().map(|run| run.business_date).collect();
        assert_eq!(settled, expected);
        assert!(books.settle().is_empty(), "one look, one run a date");
        books.work(&kesha, 1, 1);
        books.app.clock().set(leapt - ahead + Duration::hours(1));
        books.work(&kesha, 1, 1);
        assert!(books.settle().is_empty(), "and back again");
        books.app.clock().set(leapt + Duration::days(1));
        books.settle();
        assert_eq!(story(&books).1, 2, "{ahead}");
    }
}

#[test]
fn t_time_3_a_clock_that_trembles_at_midnight_settles_once_and_without_a_loop() {
    let (books, kesha) = company("Europe/Moscow", "00:00", utc("2026-03-02T09:00:00Z"));
    books.work(&kesha, 1, 1);
    let night = utc("2026-03-02T21:00:00Z");
    let mut runs = 0;
    for tremble in 0..50 {
        let seconds = if tremble % 2 == 0 { -2 } else { 2 };
        books.app.clock().set(night + Duration::seconds(seconds));
        books.work(&kesha, 1, 1);
        runs += books.settle().len();
    }
    assert_eq!(runs, 1);
    books.app.clock().set(night + Duration::days(1));
    books.settle();
    assert_eq!(story(&books), ("2026-03-02 2026-03-03".to_owned(), 2));
    let once =
        "platform.job_runs where job = 'accounting.settle' and state = 'done' and attempts = 1";
    assert_eq!(count(&mut books.app.conn(), once), 2);
}

/// The clock trembles five times a second while everything that runs in the background runs, its bell each second.
#[test]
fn t_time_3_the_scheduler_itself_settles_once_while_the_clock_trembles_and_does_not_run_hot() {
    let night = utc("2026-03-02T21:00:00Z");
    let (books, kesha) =
        company_with_bell(1, "Europe/Moscow", "00:00", utc("2026-03-02T09:00:00Z"));
    books.work(&kesha, 1, 1);
    books.app.clock().set(night - Duration::seconds(2));
    let commits =
        "select xact_commit as n from pg_stat_database where datname = current_database()";
    let (before, begun) = (books.number(commits), std::time::Instant::now());
    let workers = books.app.services().start_workers().unwrap();
    for tremble in 0..50 {
        let seconds = if tremble % 2 == 0 { -2 } else { 2 };
        books.app.clock().set(night + Duration::seconds(seconds));
        std::thread::park_timeout(std::time::Duration::from_millis(200));
    }
    wait_until("the date is settled", || {
        books.app.clock().set(night + Duration::seconds(2));
        dates(&books) == "2026-03-02"
    });
    let seconds = i64::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    workers.stop();
    let commits = books.number(commits) - before;
    println!("{commits} transactions in {seconds} s");
    assert!(
        commits < 200 * seconds,
        "{commits} transactions in {seconds} s"
    );
    books.app.drain();
    assert_eq!(story(&books), ("2026-03-02".to_owned(), 1));
    let once =
        "platform.job_runs where job = 'accounting.settle' and state = 'done' and attempts = 1";
    assert_eq!(count(&mut books.app.conn(), once), 1);
}

/// Down over three closings; each date has its own amount and its own cut-off.
fn down_over_three_closings(first: &str) {
    let opens = utc(&format!("{first}T09:00:00Z"));
    let (books, kesha) = company("Europe/Moscow", "00:00", opens);
    for (number, done) in [1, 2, 3].into_iter().enumerate() {
        let at = opens + Duration::days(i64::try_from(number).unwrap());
        books.app.clock().set(at);
        books.work(&kesha, done, done);
    }
    books.app.clock().set(opens + Duration::days(3));
    partitions::make(books.app.db()).unwrap();
    let runs = books.settle();
    let told: Vec<(NaiveDate, i64)> = runs
        .iter()
        .map(|run| (run.business_date, run.total.minor() / 100))
        .collect();
    let expected: Vec<(NaiveDate, i64)> = day(first).iter_days().zip([20, 40, 60]).collect();
    assert_eq!(told, expected);
    let cutoffs =
        "(select distinct cutoff_seq from accounting.business_days where state = 'closed') c";
    assert_eq!(count(&mut books.app.conn(), cutoffs), 3);
    assert_eq!(books.balance(&kesha), 0);
}

#[test]
fn t_time_4_down_over_three_closings_in_the_middle_of_a_month() {
    down_over_three_closings("2026-06-10");
}

#[test]
fn t_time_4_down_over_the_end_of_a_month() {
    down_over_three_closings("2026-04-29");
}

#[test]
fn t_time_4_down_over_a_leap_day() {
    down_over_three_closings("2028-02-28");
}

#[test]
fn t_time_4_down_over_new_year() {
    down_over_three_closings("2026-12-30");
}

#[test]
fn t_time_2_what_began_before_midnight_and_is_told_after_the_close_counts_for_the_next_date() {
    let (books, kesha) = company("UTC", "00:00", utc("2026-03-02T09:00:00Z"));
    let app = &books.app;
    app.clock().set(utc("2026-03-02T23:59:59.900Z"));
    let actor = app
        .db()
        .read_blocking(auth::ROLE, |conn| auth::actor_of(conn, UserId(kesha.id)));
    let actor = actor.unwrap();
    let (under_way, told) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            app.db()
                .transaction_blocking(Lane::Web, tasks::ROLE, Origin::system(), |tx| {
                    let text = TaskText::parse("Sing at midnight", "", "").unwrap();
                    tasks::create_task(tx, &actor, text)?;
                    under_way.wait();
                    told.wait();
                    Ok(())
                })
                .unwrap();
        });
        under_way.wait();
        app.clock().set(utc("2026-03-03T00:00:00.100Z"));
        let runs = settle_due(app.db(), app.config()).unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].status, RunStatus::Done, "it waits for nobody");
        told.wait();
    });
    app.drain();
    let booked = "select string_agg(t.business_date || ' ' || (e.recorded_at at time zone 'UTC')::date, ',') as t
        from accounting.transfers t join bus.events e on e.event_id = t.reason_event_id";
    assert_eq!(text(&mut app.conn(), booked), "2026-03-03 2026-03-03");
    app.assert_verified();
}
