//! Prices, fees and rewards.

use ates::platform::db::{Lane, Origin};
use diesel::connection::SimpleConnection;
use diesel::{RunQueryDsl, sql_query};
use serde_json::json;
use uuid::Uuid;

use super::books::Books;
use crate::support::database::text;

#[test]
fn m01_a_price_is_made_once_and_stays_through_ten_reassignments() {
    let books = Books::open_with(|settings| {
        let wide = [
            ("ATES_FEE_MAX", 20),
            ("ATES_REWARD_MIN", 20),
            ("ATES_REWARD_MAX", 40),
        ];
        wide.into_iter()
            .fold(settings, |settings, (key, value)| settings.set(key, value))
    });
    let people = books
        .app
        .register_all(&[("kesha", &["developer"]), ("gosha", &["developer"])]);
    let task = books.create(&people[0]);
    let price = || {
        text(
            &mut books.app.conn(),
            "select string_agg(p::text, ' ') as t from accounting.task_prices p",
        )
    };
    let first = price();
    for round in 0..10 {
        books.shuffle(&[(task, &people[round % 2])]);
        books.app.drain();
    }
    assert_eq!(price(), first);
    let fees = "select count(*) filter (where -amount_minor = p.fee_minor) as n from accounting.transfers join accounting.task_prices p using (task_id)";
    assert_eq!(books.number(fees), 11);
    let in_range = "select count(*) as n from accounting.task_prices
        where fee_minor between 1000 and 2000 and reward_minor between 2000 and 4000 and fee_minor % 100 = 0 and reward_minor % 100 = 0";
    assert_eq!(books.number(in_range), 1);
}

#[test]
fn m02_the_database_refuses_a_second_price_and_a_changed_one() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    let mut conn = books.app.conn();
    let second = format!("insert into accounting.task_prices values ('{task}', 1100, 2100, now())");
    let error = sql_query(second)
        .execute(&mut conn)
        .unwrap_err()
        .to_string();
    assert!(error.contains("task_prices_pkey"), "{error}");
    for change in [
        "update accounting.task_prices set fee_minor = 1",
        "delete from accounting.task_prices",
    ] {
        let error = sql_query(change)
            .execute(&mut conn)
            .unwrap_err()
            .to_string();
        assert!(error.contains("never changed"), "{error}");
    }
}

#[test]
fn m05_a_new_task_charges_its_assignee_exactly_one_fee() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.create(&kesha);
    assert_eq!(books.balance(&kesha), -10);
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        1
    );
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'task.estimated'"),
        1
    );
    assert_eq!(
        books.number(
            "select count(*) as n from bus.events where event_type = 'audit_log_record.created'"
        ),
        1
    );
}

#[test]
fn m06_three_presses_charge_three_assignees() {
    let books = Books::open();
    let [kesha, gosha, petya] =
        ["kesha", "gosha", "petya"].map(|name| books.app.register(name, &["developer"]));
    let task = books.create(&kesha);
    for to in [&gosha, &petya, &gosha] {
        books.shuffle(&[(task, to)]);
    }
    books.app.drain();
    assert_eq!(
        [&kesha, &gosha, &petya].map(|who| books.balance(who)),
        [-10, -20, -10]
    );
}

#[test]
fn m08_a_completion_credits_the_reward_once() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    books.complete(task, &kesha);
    books.app.drain();
    assert_eq!(books.balance(&kesha), 20);
    let booked = text(
        &mut books.app.conn(),
        "select kind || ' ' || business_date || ' ' || created_at as t from accounting.transfers where amount_minor > 0",
    );
    assert_eq!(
        booked,
        "completion_reward 2026-03-02 2026-03-02 09:00:00+00"
    );
}

#[test]
fn m09_losing_a_task_refunds_nothing() {
    let books = Books::open();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let task = books.create(&kesha);
    books.shuffle(&[(task, &gosha)]);
    books.app.drain();
    books.complete(task, &gosha);
    books.app.drain();
    assert_eq!([&kesha, &gosha].map(|who| books.balance(who)), [-10, 20]);
}

#[test]
fn m10_a_new_popug_has_an_account_with_nothing_in_it() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let (status, balance) = books.app.api(&kesha).get("/api/v1/accounting/balance");
    assert_eq!(
        (
            status,
            &balance["balance_minor"],
            &balance["earned_today_minor"]
        ),
        (200, &json!(0), &json!(0))
    );
    let page = books.app.log_in(&kesha).get("/account");
    assert_eq!(page.all("#balance"), ["$0.00"]);
    assert!(
        page.text().contains("No operations in this time"),
        "{}",
        page.text()
    );
}

#[test]
fn m11_the_balance_is_the_sum_of_the_ledger_after_a_hundred_parallel_operations() {
    let books = Books::open();
    let people: Vec<_> = ["kesha", "gosha", "petya", "masha"]
        .map(|name| books.app.register(name, &["developer"]))
        .into();
    let tasks: Vec<Uuid> = std::thread::scope(|scope| {
        let threads: Vec<_> = people
            .iter()
            .map(|who| {
                let books = &books;
                scope.spawn(move || (0..25).map(|_| books.plant(who)).collect::<Vec<_>>())
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    books.app.drain();
    for (task, who) in tasks
        .iter()
        .zip(people.iter().flat_map(|who| std::iter::repeat_n(who, 25)))
        .step_by(2)
    {
        books.complete(*task, who);
    }
    books.app.drain();
    let wrong = "select count(*) as n from accounting.balances b where b.amount_minor <>
          (select coalesce(sum(amount_minor), 0) from accounting.transfers t where t.account_id = b.account_id)
        or b.version <> (select count(*) from accounting.transfers t where t.account_id = b.account_id)";
    assert_eq!(books.number(wrong), 0);
    let [all, fees] = [
        books.number("select count(*) as n from accounting.transfers"),
        100,
    ];
    assert_eq!(all, fees + 50);
    for who in &people {
        let (_, balance) = books.app.api(who).get("/api/v1/accounting/balance");
        assert_eq!(
            balance["balance_minor"].as_i64(),
            Some(books.balance(who) * 100)
        );
    }
}

#[test]
fn m14_no_transfer_without_a_reason_and_no_reason_twice() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let task = books.create(&kesha);
    let mut conn = books.app.conn();
    let again = |reason: &str, seq: i32| {
        format!(
            "insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id,
               assignment_seq, reason_event_id, business_date, created_at)
             select gen_random_uuid(), kind, account_id, contra_id, amount_minor, version + 1, balance_minor, task_id, {seq},
               {reason}, business_date, created_at from accounting.transfers where task_id = '{task}'"
        )
    };
    let mut refusal = |reason, seq| {
        sql_query(again(reason, seq))
            .execute(&mut conn)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal("null", 2).contains("reason_event_id"));
    assert!(refusal("reason_event_id", 2).contains("transfers_2026_03_reason_key"));
    assert!(refusal("gen_random_uuid()", 1).contains("transfers_2026_03_assignment_key"));
}

/// What is booked already is known by task and assignment; the reason's own key stands behind that.
#[test]
fn m14_an_event_that_was_booked_for_another_assignment_is_parked_and_books_nothing() {
    let mut books = Books::open();
    books.app.expect_broken();
    let kesha = books.app.register("kesha", &["developer"]);
    books.create(&kesha);
    books
        .app
        .conn()
        .batch_execute(
            "set session_replication_role = replica;
             update accounting.transfers set assignment_seq = 7;
             set session_replication_role = origin;
             update bus.subscribers set position = 0 where name = 'accounting.ledger'",
        )
        .unwrap();
    books.app.drain();
    let parked = "select count(*) as n from bus.parked_items
        where subscriber = 'accounting.ledger' and error ~ 'transfers_2026_03_reason_key'";
    assert_eq!(books.number(parked), 1);
    assert_eq!(
        books.number("select count(*) as n from accounting.transfers"),
        1
    );
    assert_eq!(books.balance(&kesha), -10);
}

#[test]
fn m32_each_row_of_the_ledger_has_its_event() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 3, 2);
    let differing = "select count(*) as n from accounting.transfers t full join
          (select payload from bus.events where event_type = 'audit_log_record.created') e
          on e.payload->>'transfer' = t.id::text and (e.payload->>'amount_minor')::bigint = t.amount_minor
            and (e.payload->>'balance_minor')::bigint = t.balance_minor
        where t.id is null or e.payload is null";
    assert_eq!(books.number(differing), 0);
}

#[test]
fn m40_delivering_every_event_twice_leaves_the_ledger_as_it_is() {
    let books = Books::open();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let task = books.create(&kesha);
    books.shuffle(&[(task, &gosha)]);
    books.complete(task, &gosha);
    books.app.drain();
    let ledger = || {
        let all = "select string_agg(t::text, ' ' order by id) || (select string_agg(b::text, ' ' order by account_id) from accounting.balances b)
            || (select string_agg(p::text, ' ') from accounting.task_prices p) as t from accounting.transfers t";
        text(&mut books.app.conn(), all)
    };
    let before = ledger();
    let mut conn = books.app.conn();
    conn.batch_execute("update bus.subscribers set position = 0 where name = 'accounting.ledger'")
        .unwrap();
    books.app.drain();
    assert_eq!(ledger(), before);
    assert_eq!(
        books.number("select count(*) as n from bus.events where event_type = 'task.estimated'"),
        1
    );
}

#[test]
fn m43_the_ledger_only_grows() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.create(&kesha);
    for change in [
        "update accounting.transfers set amount_minor = -1",
        "delete from accounting.transfers",
        "truncate accounting.transfers cascade",
    ] {
        let error = sql_query(change)
            .execute(&mut books.app.conn())
            .unwrap_err()
            .to_string();
        assert!(error.contains("never changed"), "{error}");
        let as_module = books.app.db().transaction_blocking(
            Lane::Worker,
            ates::accounting::ROLE,
            Origin::system(),
            |tx| sql_query(change).execute(tx.conn()).map_err(Into::into),
        );
        let error = as_module.unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{error}");
    }
}

#[test]
fn e10_a_fee_for_somebody_unheard_of_opens_an_account_that_the_record_joins_later() {
    let mut books = Books::open();
    books.app.expect_broken();
    let stranger = crate::support::Person {
        id: Uuid::from_u128(7),
        username: "stranger".into(),
        email: "stranger@uberpopug.example".into(),
    };
    books.create(&stranger);
    assert_eq!(books.balance(&stranger), -10);
}

#[test]
fn e10_news_of_a_task_in_the_wrong_order_ends_as_in_the_right_one() {
    let mut books = Books::open();
    books.app.expect_broken();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let task = Uuid::from_u128(42);
    books.tell_completed(task, &gosha);
    books.app.drain();
    books.tell_assigned(task, &gosha, 2);
    books.app.drain();
    books.tell_created(task, &kesha);
    books.app.drain();
    assert_eq!([&kesha, &gosha].map(|who| books.balance(who)), [-10, 20]);
    let estimated = "select count(*) as n from bus.events where event_type = 'task.estimated'";
    assert_eq!(books.number(estimated), 1);
    assert_eq!(
        books.number(
            "select count(*) as n from bus.parked_items where subscriber = 'accounting.ledger'"
        ),
        0
    );
}
