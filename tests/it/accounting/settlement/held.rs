//! Accounts whose events wait for repair are paid later than the others, for the same date.

use ates::accounting::{RunStatus, settle_date, settle_due};
use ates::bus::{self, ParkedFilter, Selection};
use ates::operations;
use ates::platform::db::{Db, Origin, READER};
use ates::platform::partitions;
use diesel::connection::SimpleConnection;
use serde_json::json;
use uuid::Uuid;

use super::day;
use crate::accounting::books::Books;
use crate::support::database::{count, text};
use crate::support::{Person, wait_until};

/// Whatever would book a fee or a reward of a task fails from now on.
pub fn poison(books: &Books, task: Uuid, kind: &str) {
    let trigger = format!(
        "create or replace function public.refuse_poisoned() returns trigger language plpgsql as
           $$ begin raise exception 'poisoned'; end $$;
         create trigger poisoned before insert on accounting.transfers for each row
           when (new.task_id = '{task}' and new.kind = '{kind}') execute function public.refuse_poisoned()"
    );
    books.app.conn().batch_execute(&trigger).unwrap();
}

/// The cause is mended, and everything that waits for repair is tried again.
pub fn repair(books: &Books) {
    let mended = "drop trigger if exists poisoned on accounting.transfers; drop trigger if exists poisoned on accounting.employees";
    books.app.conn().batch_execute(mended).unwrap();
    let all = Selection::Filter(ParkedFilter::default());
    bus::replay(books.app.db(), &all, Origin::system()).unwrap();
    wait_until("nothing waits for repair", || {
        for subscriber in &books.app.services().subscribers() {
            bus::step(books.app.db(), subscriber.as_ref()).unwrap();
        }
        unresolved(books) == 0
    });
    books.app.drain();
}

fn unresolved(books: &Books) -> i64 {
    count(
        &mut books.app.conn(),
        "bus.parked_items where state in ('retrying', 'blocked', 'dead')",
    )
}

/// Kesha has 10 and a completion that cannot be booked, Roma has 20, Petya −10.
pub(super) fn monday_with_a_poisoned_reward() -> (Books, [Person; 3]) {
    let books = Books::open_with(|settings| settings.set("ATES_PAYOUT_CHUNK", 2));
    let people = ["kesha", "roma", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 2, 1);
    books.work(&people[1], 1, 1);
    books.work(&people[2], 1, 0);
    let task = books.create(&people[0]);
    poison(&books, task, "completion_reward");
    books.complete(task, &people[0]);
    books.app.drain();
    assert_eq!(unresolved(&books), 1);
    assert_eq!(
        people.each_ref().map(|who| books.balance(who)),
        [0, 20, -10]
    );
    (books, people)
}

fn closed_dates(books: &Books) -> String {
    text(
        &mut books.app.conn(),
        "select coalesce(string_agg(payload ->> 'business_date', ' ' order by seq), '') as t from bus.events
         where event_type = 'business_day.closed'",
    )
}

fn payouts(books: &Books, who: &Person) -> String {
    let paid = format!(
        "select coalesce(string_agg(business_date || ' ' || amount_minor / 100, ', ' order by business_date), '') as t
         from report_v1.payouts where employee_id = '{}'",
        who.id
    );
    text(&mut books.app.conn(), &paid)
}

#[test]
fn m30_an_account_with_a_parked_event_is_held_and_everybody_else_is_paid() {
    let (books, [kesha, roma, petya]) = monday_with_a_poisoned_reward();
    books.app.at("2026-03-03T09:00:00Z");
    let runs = books.settle();
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (&runs[0].status, runs[0].people, runs[0].total.minor()),
        (&RunStatus::Held(1), 1, 2_000)
    );
    assert_eq!(
        runs[0].to_string(),
        "2026-03-02: 1 people were paid 20.00 so far, 1 account is held until its events are repaired"
    );
    assert_eq!(payouts(&books, &roma), "2026-03-02 20");
    assert_eq!(payouts(&books, &kesha), "");
    let mut conn = books.app.conn();
    let run = "select concat_ws(' ', status, people, total_minor, finished_at is null) as t from report_v1.payout_runs";
    assert_eq!(text(&mut conn, run), "closing 1 2000 t");
    assert_eq!(closed_dates(&books), "");
    assert_eq!(
        count(&mut conn, "accounting.statements"),
        2,
        "Roma and Petya"
    );
    let held = format!(
        "report_v1.held_accounts h join bus.parked_items p on p.item_id = h.item_id
         where h.employee_id = '{}' and h.business_date = '2026-03-02' and h.released_at is null",
        kesha.id
    );
    assert_eq!(count(&mut conn, &held), 1);
    assert!(
        settle_due(books.app.db(), books.app.config())
            .unwrap()
            .iter()
            .all(|run| run.status == RunStatus::Held(1)),
        "looking again pays nobody"
    );

    books.app.clock().advance(chrono::Duration::hours(2));
    repair(&books);
    let late = text(
        &mut conn,
        "select string_agg(business_date::text, ' ') as t from accounting.transfers where kind = 'completion_reward'
         and account_id = (select account_id from accounting.held_accounts limit 1)",
    );
    assert_eq!(late, "2026-03-02 2026-03-02", "it counts for Monday");
    assert_eq!(books.settle()[0].status, RunStatus::Done);
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30");
    for (who, time) in [(&roma, "2026-03-03T09:"), (&kesha, "2026-03-03T11:")] {
        let page = books.app.log_in(who).get("/account/statements/2026-03-02");
        let settled = page.attribute("#settled time", "datetime").unwrap();
        assert!(
            settled.starts_with(time),
            "{}: settled at {settled}",
            who.username
        );
    }
    assert_eq!(
        [&kesha, &roma, &petya].map(|who| books.balance(who)),
        [0, 0, -10]
    );
    assert_eq!(closed_dates(&books), "2026-03-02");
    let totals = text(
        &mut conn,
        "select concat_ws(' ', people, paid_minor, fees_minor, rewards_minor, negative_balances) as t
         from accounting.business_days where state = 'closed'",
    );
    assert_eq!(totals, "2 5000 5000 9000 1");
    assert_eq!(
        count(
            &mut conn,
            "accounting.mails where business_date = '2026-03-02'"
        ),
        2
    );
    assert!(books.settle().is_empty());
}

/// What everybody stood at, from both sides, is what the ledger says of the dates up to then.
fn balances_are_those_of_the_ledger(books: &Books, buh: &Person, people: &[Person]) {
    let (api, mut browser) = (books.app.api(buh), books.app.log_in(buh));
    for date in ["2026-03-02", "2026-03-03"] {
        let mut total = 0;
        for who in people {
            let sum = books.number(&format!(
                "select coalesce(sum(amount_minor), 0)::bigint as n from report_v1.transfers
                 where employee_id = '{}' and business_date <= '{date}'",
                who.id
            ));
            let path = format!("/api/v1/accounting/balance?user={}&as_of={date}", who.id);
            assert_eq!(
                api.get(&path).1["balance_minor"],
                sum,
                "{} {date}",
                who.username
            );
            total += sum;
        }
        let page = browser.get(&format!("/accounting/balances?date={date}"));
        assert_eq!(
            page.all("#company-balance"),
            page.all("#company-owed"),
            "{date}"
        );
        let file = browser
            .get(&format!("/accounting/balances.csv?date={date}"))
            .html;
        let amount = |line: &str| {
            line.rsplit(',')
                .next()
                .unwrap()
                .trim()
                .replace('.', "")
                .parse::<i64>()
        };
        let summed: i64 = file.lines().skip(1).map(|line| amount(line).unwrap()).sum();
        assert_eq!(summed, total, "{date}: {file}");
    }
}

#[test]
fn m20_balances_at_a_date_are_right_while_somebody_is_held_for_it_and_after() {
    let (books, people) = monday_with_a_poisoned_reward();
    let buh = books.app.register("buh", &["accountant"]);
    books.app.at("2026-03-03T09:00:00Z");
    assert_eq!(books.settle()[0].status, RunStatus::Held(1));
    books.work(&people[0], 2, 0);
    books.work(&people[1], 1, 1);
    balances_are_those_of_the_ledger(&books, &buh, &people);
    repair(&books);
    balances_are_those_of_the_ledger(&books, &buh, &people);
    assert_eq!(books.settle()[0].status, RunStatus::Done);
    balances_are_those_of_the_ledger(&books, &buh, &people);
}

#[test]
fn m30_a_held_account_is_held_for_later_dates_too_and_paid_in_the_order_of_the_dates() {
    let (books, [kesha, roma, petya]) = monday_with_a_poisoned_reward();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&kesha, 1, 1);
    books.work(&roma, 1, 1);
    books.work(&petya, 1, 1);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    books.work(&kesha, 3, 0);
    books.app.at("2026-03-05T09:00:00Z");
    let runs = books.settle();
    let held: Vec<_> = runs
        .iter()
        .map(|run| (run.business_date.to_string(), run.status.clone()))
        .collect();
    assert_eq!(
        held,
        ["2026-03-02", "2026-03-03", "2026-03-04"]
            .map(|date| (date.to_owned(), RunStatus::Held(1)))
    );
    assert_eq!(payouts(&books, &roma), "2026-03-02 20, 2026-03-03 20");
    assert_eq!(payouts(&books, &petya), "2026-03-03 10", "her debt first");
    assert_eq!(payouts(&books, &kesha), "");
    let log = books
        .app
        .log_in(&roma)
        .get("/account?from=2026-03-03&to=2026-03-05");
    assert!(
        log.all("#log tbody tr")[0].ends_with("−$10.00"),
        "while Monday is closing, Roma's Tuesday starts at zero: {}",
        log.text()
    );
    let buh = books.app.register("buh", &["accountant"]);
    let company = books.app.log_in(&buh).get("/accounting");
    assert_eq!(
        company.all("#company-balance"),
        company.all("#company-owed")
    );

    repair(&books);
    let runs = books.settle();
    assert!(runs.iter().all(|run| run.status == RunStatus::Done));
    assert_eq!(closed_dates(&books), "2026-03-02 2026-03-03 2026-03-04");
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30, 2026-03-03 20");
    assert_eq!(books.balance(&kesha), -30);
    let carried = "accounting.statements where business_date = '2026-03-04' and closing_minor = -3000 and opening_minor = 0";
    assert_eq!(count(&mut books.app.conn(), carried), 1);
}

#[test]
fn m30_one_item_of_a_batch_holds_whom_it_was_drawn_to_and_who_waits_behind_it() {
    let books = Books::open();
    let people =
        ["kesha", "roma", "petya", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let [kesha, roma, petya, gosha] = &people;
    for who in &people {
        books.work(who, 1, 1);
    }
    let (poisoned, healthy) = (books.create(kesha), books.create(kesha));
    poison(&books, poisoned, "assignment_fee");
    books.shuffle(&[(poisoned, roma), (healthy, petya)]);
    books.shuffle(&[(poisoned, gosha)]);
    books.app.drain();
    let states = "select string_agg(state, ' ' order by seq) as t from bus.parked_items";
    assert_eq!(text(&mut books.app.conn(), states), "retrying blocked");
    books.app.at("2026-03-03T09:00:00Z");
    assert_eq!(books.settle()[0].status, RunStatus::Held(2));
    assert_eq!(
        people.each_ref().map(|who| payouts(&books, who)),
        ["", "", "2026-03-02 10", ""].map(str::to_owned),
        "Kesha's balance is zero, Roma and Gosha are held"
    );
    repair(&books);
    books.settle();
    assert_eq!(
        people.each_ref().map(|who| payouts(&books, who)),
        ["", "2026-03-02 10", "2026-03-02 10", "2026-03-02 10"].map(str::to_owned)
    );
}

#[test]
fn m30_a_record_that_could_not_be_kept_holds_its_person() {
    let books = Books::open();
    let [kesha, roma] = ["kesha", "roma"].map(|name| books.app.register(name, &["developer"]));
    books.work(&kesha, 1, 1);
    books.work(&roma, 1, 1);
    let trigger =
        "create or replace function public.refuse_poisoned() returns trigger language plpgsql as
           $$ begin raise exception 'poisoned'; end $$;
         create trigger poisoned before insert or update on accounting.employees for each row
           when (new.username = 'lora') execute function public.refuse_poisoned()";
    books.app.conn().batch_execute(trigger).unwrap();
    let lora = books.app.register("lora", &["developer"]);
    books.app.at("2026-03-03T09:00:00Z");
    assert_eq!(
        books.settle()[0].status,
        RunStatus::Held(1),
        "one who has no account yet"
    );
    assert_eq!(payouts(&books, &kesha), "2026-03-02 20");
    let held = format!("report_v1.held_accounts where employee_id = '{}'", lora.id);
    assert_eq!(count(&mut books.app.conn(), &held), 1);
    repair(&books);
    assert_eq!(books.settle()[0].status, RunStatus::Done);
}

#[test]
fn m30_an_event_that_cannot_be_understood_lets_the_whole_date_wait() {
    let (mut books, [kesha, roma, _]) = monday_with_a_poisoned_reward();
    books.app.expect_planted_events();
    repair(&books);
    let odd = format!(
        "insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id,
           recorded_at, payload)
         select nextval('bus.events_seq'), gen_random_uuid(), 'task.completed', 1, 'task', 'tasks', gen_random_uuid(), 1,
           gen_random_uuid(), max(recorded_at), '{{\"by whom\": \"{}\"}}' from bus.events",
        kesha.id
    );
    books.app.conn().batch_execute(&odd).unwrap();
    books.app.drain();
    books.app.at("2026-03-03T09:00:00Z");
    let runs = books.settle();
    assert!(
        matches!(runs[0].status, RunStatus::Waiting(_)) && runs.len() == 1,
        "{runs:?}"
    );
    assert_eq!(
        count(
            &mut books.app.conn(),
            "accounting.business_days where state = 'open'"
        ),
        1
    );
    assert_eq!(payouts(&books, &roma), "");
    let buh = books.app.register("buh", &["accountant"]);
    let page = books.app.log_in(&buh).get("/accounting/payouts");
    assert!(
        page.text().contains("nobody knows whose account"),
        "{}",
        page.text()
    );
    let skipped =
        "update bus.parked_items set state = 'skipped', resolved_at = now() where state <> 'done'";
    books.app.conn().batch_execute(skipped).unwrap();
    assert_eq!(books.settle()[0].status, RunStatus::Done);
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30");
}

#[test]
fn m30_a_dead_event_that_is_skipped_with_its_correction_lets_the_account_go() {
    let (books, [kesha, ..]) = monday_with_a_poisoned_reward();
    books.app.at("2026-03-03T09:00:00Z");
    assert_eq!(books.settle()[0].status, RunStatus::Held(1));
    let mut conn = books.app.conn();
    conn.batch_execute("drop trigger poisoned on accounting.transfers; update bus.parked_items set state = 'dead', next_attempt_at = null")
        .unwrap();
    let item = text(
        &mut conn,
        "select item_id::text as t from bus.parked_items where state = 'dead'",
    );
    let office = books
        .app
        .register_all(&[("buh", &["accountant"]), ("root", &["administrator"])]);
    let asked = books.app.log_in(&office[0]).post(
        "/accounting/corrections/missing",
        &[
            ("item", &item),
            ("reason", "The event is poisoned for good"),
        ],
    );
    let correction = asked.location.expect("a correction was asked for");
    let confirmed = books
        .app
        .log_in(&office[1])
        .post(&format!("{correction}/confirmation"), &[]);
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    assert_eq!(books.settle()[0].status, RunStatus::Done);
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30");
}

#[test]
fn m30_an_adjustment_of_a_held_account_lands_on_the_open_date() {
    let (books, [kesha, ..]) = monday_with_a_poisoned_reward();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let office = books
        .app
        .register_all(&[("buh", &["accountant"]), ("root", &["administrator"])]);
    let asked = books.app.log_in(&office[0]).post(
        "/accounting/corrections",
        &[
            ("employee", "kesha"),
            ("amount", "7.00"),
            ("reason", "A present for the bird"),
        ],
    );
    let correction = asked.location.expect("a correction was asked for");
    books
        .app
        .log_in(&office[1])
        .post(&format!("{correction}/confirmation"), &[]);
    let landed = "accounting.transfers where kind = 'adjustment' and business_date = '2026-03-03'";
    assert_eq!(count(&mut books.app.conn(), landed), 1);
    repair(&books);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30, 2026-03-03 7");
}

#[test]
fn m30_the_database_lets_only_what_is_still_missing_into_a_closing_date() {
    let (books, [kesha, roma, petya]) = monday_with_a_poisoned_reward();
    let lora = books.app.register("lora", &["developer"]);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let refused = |who: &Person, kind: &str, amount: i64| {
        let row = format!(
            "begin; insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor,
               reason_event_id, business_date, created_at)
             select gen_random_uuid(), '{kind}', account_id, '00000000-0000-0000-0000-00000000ad05', {amount}, version + 1, 0,
               gen_random_uuid(), '2026-03-02', now() from accounting.balances where account_id = '{}'; rollback",
            who.id
        );
        match books.app.conn().batch_execute(&row) {
            Ok(()) => false,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("2026-03-02 is closing"), "{text}");
                true
            }
        }
    };
    assert!(refused(&roma, "adjustment", 1), "Roma has her statement");
    assert!(refused(&petya, "payout", -1), "and so has Petya");
    assert!(
        refused(&lora, "adjustment", 1),
        "who is not held takes nothing"
    );
    assert!(
        refused(&kesha, "payout", -1),
        "who is held is not paid as long as that lasts"
    );
    assert!(
        !refused(&kesha, "adjustment", 1),
        "and takes what is missing"
    );
    repair(&books);
    books.settle();
}

/// Otherwise the first parked event would stop all money, and nothing could be repaired any more.
#[test]
fn r13_a_parked_event_is_late_and_no_mismatch_of_money() {
    let (books, [kesha, roma, _]) = monday_with_a_poisoned_reward();
    let task = books.create(&roma);
    repair(&books);
    poison(&books, task, "assignment_fee");
    books.shuffle(&[(task, &kesha)]);
    books.app.drain();
    books.app.at("2026-03-02T12:00:00Z");
    let now = books.app.clock().now();
    let broken: Vec<(u8, bool)> = books
        .app
        .db()
        .read_blocking(READER, |conn| operations::verify(conn, now))
        .unwrap()
        .iter()
        .filter(|finding| !finding.holds())
        .map(|finding| (finding.invariant.number, finding.invariant.money))
        .collect();
    assert_eq!(broken, [(6, false)]);
    repair(&books);
}

#[test]
fn m29_asked_again_and_again_a_held_date_pays_once_and_says_who_is_left() {
    let (books, [kesha, roma, _]) = monday_with_a_poisoned_reward();
    books.app.at("2026-03-03T09:00:00Z");
    let admin = books.app.register("admin", &["administrator"]);
    let buh = books.app.register("buh", &["accountant"]);
    let api = books.app.api(&admin);
    let path = "/api/v1/accounting/payouts";
    let left = json!({
        "business_date": "2026-03-02", "status": "held", "people": 1, "total_minor": 2_000,
        "reason": "1 account is held until its events are repaired",
    });
    for order in [json!({}), json!({"business_date": "2026-03-02"}), json!({})] {
        assert_eq!(api.post(path, &order), (202, left.clone()));
    }
    assert_eq!(api.get(path).1["items"][0], left);
    assert_eq!(
        api.post(path, &json!({"business_date": "2026-03-03"})).0,
        409,
        "Tuesday is not over"
    );
    books.app.drain();
    assert_eq!(payouts(&books, &roma), "2026-03-02 20");

    for (person, operates) in [(&admin, true), (&buh, false)] {
        for page in ["/accounting/payouts", "/accounting/payouts/2026-03-02"] {
            let page = books.app.log_in(person).get(page);
            let rows = page.all("#held-2026-03-02 tbody tr");
            assert_eq!(rows.len(), 1, "{}", page.text());
            assert!(
                rows[0].contains("Kesha Popug")
                    && rows[0].contains("task.completed")
                    && rows[0].contains("poisoned"),
                "{rows:?}"
            );
            let link = page.attribute("#held-2026-03-02 td a", "href");
            assert_eq!(link.is_some(), operates);
            if let Some(link) = link {
                assert_eq!(books.app.log_in(&admin).get(&link).status, 200);
            }
        }
    }
    let russian = books
        .app
        .log_in(&admin)
        .speaking("ru")
        .get("/accounting/payouts/2026-03-02");
    assert!(
        russian.text().contains("Придержано счетов: 1"),
        "{}",
        russian.text()
    );
    let runs = "platform.job_runs where job = 'accounting.settle' and state = 'waiting' and detail like '1 account is held%'";
    assert_eq!(count(&mut books.app.conn(), runs), 1);

    repair(&books);
    let pressed = books
        .app
        .log_in(&admin)
        .post("/accounting/payouts", &[("business_date", "2026-03-02")]);
    assert_eq!(
        pressed.location.as_deref(),
        Some("/accounting/payouts/2026-03-02")
    );
    assert_eq!(payouts(&books, &kesha), "2026-03-02 30");
    let done =
        json!({"business_date": "2026-03-02", "status": "done", "people": 2, "total_minor": 5_000});
    assert_eq!(api.post(path, &json!({})), (200, done));
    books.app.drain();
}

#[test]
fn m30_two_processes_that_repair_and_settle_at_once_pay_a_held_account_once() {
    for round in 0..5 {
        let (books, [kesha, ..]) = monday_with_a_poisoned_reward();
        books.app.at("2026-03-03T09:00:00Z");
        books.settle();
        let url = books.app.config().database_url.clone().unwrap();
        let other = Db::new(books.app.config(), &url, books.app.clock().clone());
        std::thread::scope(|scope| {
            for db in [books.app.db(), &other] {
                let (config, date) = (books.app.config(), day("2026-03-02"));
                scope.spawn(move || {
                    wait_until("Monday is closed", || {
                        settle_date(db, config, date).unwrap().status == RunStatus::Done
                    });
                });
            }
            repair(&books);
        });
        books.app.drain();
        assert_eq!(payouts(&books, &kesha), "2026-03-02 30", "round {round}");
        assert_eq!(closed_dates(&books), "2026-03-02");
    }
}

#[test]
fn m30_a_month_with_a_closing_date_stays_online() {
    let (books, _) = monday_with_a_poisoned_reward();
    books.app.at("2026-08-01T09:00:00Z");
    partitions::make(books.app.db()).unwrap();
    books.settle();
    let movable = "platform.archivable_partitions('2026-08-01', 1) where parent = 'transfers' and name like '%2026_03'";
    assert_eq!(count(&mut books.app.conn(), movable), 0);
    repair(&books);
    assert!(
        books
            .settle()
            .iter()
            .all(|run| run.status == RunStatus::Done)
    );
    assert_eq!(count(&mut books.app.conn(), movable), 1);
}
