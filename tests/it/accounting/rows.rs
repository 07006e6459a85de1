//! Rows of section 3 of the requirements that are about what people see: the log, the balance, the day, and who may see whose.

use ates::accounting;
use diesel::connection::SimpleConnection;
use diesel::{RunQueryDsl, sql_query};
use serde_json::{Value, json};

use super::books::Books;
use crate::support::database::{count, number, text};
use crate::support::{Person, TestApp, wait_until};

/// Two developers and an accountant; on Monday kesha earns and gosha owes, on Tuesday a shuffle moves a task.
fn two_days() -> (Books, [Person; 3]) {
    let books = Books::open();
    let people = [
        ("kesha", "developer"),
        ("gosha", "developer"),
        ("buh", "accountant"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]));
    let [kesha, gosha, _] = &people;
    books.work(kesha, 2, 2);
    books.work(gosha, 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let task = books.create(gosha);
    books.shuffle(&[(task, gosha)]);
    books.app.drain();
    books.complete(task, gosha);
    books.app.drain();
    (books, people)
}

#[test]
fn m03_pricing_that_takes_five_seconds_does_not_hold_up_the_answer_to_a_creation() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    app.conn()
        .batch_execute(
            "create function public.dawdle() returns trigger language plpgsql as $$
             begin perform pg_sleep(5); return null; end $$;
             create trigger dawdle after insert on accounting.task_prices for each statement execute function public.dawdle()",
        )
        .unwrap();
    let lev = app.api(&people[1]);
    let (status, task) = lev.post("/api/v1/tasks", &json!({ "title": "Count the seeds" }));
    // The price takes five seconds from the creation on at least, so whoever sees none was answered before it.
    let prices = count(&mut app.conn(), "accounting.task_prices");
    assert_eq!((status, prices), (201, 0), "{task}");
    assert_eq!(task["status"], "saving");
    assert_eq!(task["fee_minor"], Value::Null);
    let estimated = format!(
        "bus.events where event_type = 'task.estimated' and subject_id = '{}'",
        task["uid"].as_str().unwrap()
    );
    assert_eq!(count(&mut app.conn(), &estimated), 0);
    wait_until("the task is estimated", || {
        count(&mut app.conn(), &estimated) == 1
    });
}

#[test]
fn m12_every_kind_of_row_is_shown_with_task_jira_id_sign_and_time() {
    let (books, [kesha, gosha, buh]) = two_days();
    let mut rows = Vec::new();
    for who in [&kesha, &gosha] {
        let page = books
            .app
            .log_in(who)
            .get("/account?from=2026-03-02&to=2026-03-03");
        let cells = |column: usize| page.all(&format!("#log tbody tr > :nth-child({column})"));
        let (about, times, kinds, amounts) = (cells(1), cells(2), cells(3), cells(4));
        for (((about, time), kind), amount) in about.iter().zip(&times).zip(&kinds).zip(&amounts) {
            assert!(time.contains("2026") && time.contains(':'), "{time}");
            rows.push((kind.clone(), about.clone(), amount.clone()));
        }
    }
    let shown = |kind: &str, amount: &str, about: &str| {
        rows.iter()
            .any(|(shown, text, sum)| shown == kind && sum == amount && text.contains(about))
    };
    let task = "[POP-1] Feed bird";
    assert!(shown("Fee", "−$10.00", task), "{rows:#?}");
    assert!(shown("Reward", "+$30.00", task), "{rows:#?}");
    assert!(shown("Payout", "−$40.00", "2 Mar 2026"), "{rows:#?}");
    let duty: Vec<_> = rows
        .iter()
        .filter(|(kind, _, sum)| kind == "Carried debt" && sum.contains("−$20.00"))
        .collect();
    assert_eq!(duty.len(), 1, "the carried debt, informational: {rows:#?}");
    // A new task and a shuffled one are both fees, told apart in words.
    let of = |about: &str| {
        let told =
            |(kind, text, _): &&(String, String, String)| kind == "Fee" && text.starts_with(about);
        rows.iter().filter(told).count()
    };
    assert_eq!(
        (of("Assigned: "), of("Reassigned: ")),
        (2 + 2 + 1, 1),
        "{rows:#?}"
    );
    let day = books
        .app
        .log_in(&buh)
        .get("/accounting/days/2026-03-03")
        .text();
    assert!(day.contains("Reassigned: [POP-1]"), "{day}");
    let statement = books
        .app
        .log_in(&gosha)
        .get("/account/statements/2026-03-03")
        .text();
    assert!(statement.contains("Reassigned: [POP-1]"), "{statement}");
}

#[test]
fn m15_everybody_sees_their_own_balance_and_nobody_another_s_without_the_right() {
    let (books, [kesha, gosha, buh]) = two_days();
    let path = "/api/v1/accounting/balance";
    let of_gosha = format!("{path}?user={}", gosha.id);
    let (status, own) = books.app.api(&gosha).get(path);
    assert_eq!((status, own["balance_minor"].as_i64()), (200, Some(-1_000)));
    assert_eq!(own["earned_today_minor"], 1_000);
    assert_eq!(books.app.api(&kesha).get(&of_gosha).0, 403);
    let (status, seen) = books.app.api(&buh).get(&of_gosha);
    assert_eq!(
        (status, &seen["balance_minor"]),
        (200, &own["balance_minor"])
    );
    let page = books.app.log_in(&gosha).get("/account");
    assert_eq!(page.all("#balance"), ["−$10.00"]);
}

#[test]
fn m21_pages_open_on_today_and_lead_to_the_day_before_and_after() {
    let (books, [_, gosha, buh]) = two_days();
    let mut own = books.app.log_in(&gosha);
    let today = own.get("/account");
    assert_eq!(today.attribute("#from", "value").unwrap(), "2026-03-03");
    assert_eq!(today.attribute("#to", "value").unwrap(), "2026-03-03");
    assert_eq!(today.attribute("a[rel=next]", "href"), None, "no tomorrow");
    let yesterday = today.attribute("a[rel=prev]", "href").unwrap();
    let monday = own.get(&yesterday);
    assert_eq!(monday.attribute("#from", "value").unwrap(), "2026-03-02");
    assert_eq!(monday.all("#closing"), ["−$20.00"]);
    let back = monday.attribute("a[rel=next]", "href").unwrap();
    let again = own.get(&back);
    assert_eq!(again.attribute("#from", "value").unwrap(), "2026-03-03");
    assert_eq!(again.all("#log tbody tr"), today.all("#log tbody tr"));
    let mut office = books.app.log_in(&buh);
    let day = office.get("/accounting/days/2026-03-03");
    let before = day.attribute("a[rel=prev]", "href").unwrap();
    assert!(
        before.starts_with("/accounting/days/2026-03-02"),
        "{before}"
    );
    assert_eq!(day.attribute("a[rel=next]", "href"), None);
    assert_eq!(office.get("/accounting/days/2026-03-04").status, 404);
}

#[test]
fn m22_ordinary_popugs_see_their_own_money_and_accountants_and_administrators_everybody_s() {
    let (books, [kesha, gosha, buh]) = two_days();
    let root = books.app.register("root", &["administrator"]);
    let boss = books.app.register("boss", &["boss"]);
    let lev = books.app.register("lev", &["manager"]);
    let general = [
        "/accounting".to_owned(),
        "/accounting.csv".to_owned(),
        "/accounting/balances".to_owned(),
        "/accounting/balances.csv".to_owned(),
        "/accounting/recount".to_owned(),
        "/accounting/days/2026-03-02".to_owned(),
        format!("/account?user={}", gosha.id),
        format!("/account.csv?user={}", gosha.id),
    ];
    for (who, sees) in [
        (&kesha, false),
        (&boss, false),
        (&lev, false),
        (&buh, true),
        (&root, true),
    ] {
        let mut browser = books.app.log_in(who);
        assert_eq!(browser.get("/account").status, 200, "{}", who.username);
        for path in &general {
            let expected = if sees { 200 } else { 403 };
            assert_eq!(
                browser.get(path).status,
                expected,
                "{} {path}",
                who.username
            );
        }
        let own = browser.get("/account?from=2026-03-01&to=2026-03-03").text();
        assert_eq!(own.contains("Feed bird"), *who.username == *"kesha");
    }
}

#[test]
fn m23_the_money_dashboard_cannot_write_because_the_database_refuses() {
    let (books, _) = two_days();
    let db = books.app.db();
    let refused = |statement: &'static str| {
        let outcome = db.read_blocking(accounting::ROLE, |conn| {
            // A transaction that has read cannot be turned into one that writes.
            sql_query("select 1").execute(conn)?;
            Ok(sql_query(statement).execute(conn).unwrap_err().to_string())
        });
        outcome.unwrap()
    };
    for statement in [
        "update accounting.balances set amount_minor = 0",
        "insert into accounting.tasks (id, title) values (gen_random_uuid(), 'x')",
        "delete from accounting.mails",
        "select nextval('bus.events_seq')",
        "set transaction read write",
    ] {
        let words = refused(statement);
        assert!(
            words.contains("read-only")
                || words.contains("read-write")
                || words.contains("permission denied"),
            "{statement}: {words}"
        );
    }
    // The role of the reports may write nowhere, whatever the transaction.
    let grants = "information_schema.role_table_grants where grantee = 'ates_reader' and privilege_type <> 'SELECT'";
    assert_eq!(count(&mut books.app.conn(), grants), 0);
    let mut conn = books.app.conn();
    conn.batch_execute("begin; set local role ates_reader")
        .unwrap();
    let words = conn
        .batch_execute("update accounting.balances set amount_minor = 0")
        .unwrap_err()
        .to_string();
    assert!(words.contains("permission denied"), "{words}");
}

#[test]
fn m24_earned_today_is_the_sum_of_the_day_without_payouts_and_may_be_negative() {
    let books = Books::open();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let earned = |who: &Person| {
        let page = books.app.log_in(who).get("/account");
        let (_, api) = books.app.api(who).get("/api/v1/accounting/balance");
        let shown = page.all("#earned-today").remove(0);
        (shown, api["earned_today_minor"].as_i64().unwrap())
    };
    books.work(&kesha, 2, 1);
    books.work(&gosha, 3, 0);
    assert_eq!(earned(&kesha), ("+$10.00".to_owned(), 1_000));
    assert_eq!(earned(&gosha), ("−$30.00".to_owned(), -3_000));
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    assert_eq!(earned(&kesha).1, 0, "the payout is no earning");
    assert_eq!(earned(&gosha).1, 0, "nor is the debt of yesterday");
    books.work(&gosha, 1, 1);
    assert_eq!(earned(&gosha), ("+$20.00".to_owned(), 2_000));
    let (_, monday) = books
        .app
        .api(&kesha)
        .get("/api/v1/accounting/balance?as_of=2026-03-02");
    assert_eq!(monday["earned_today_minor"], 1_000);
}

#[test]
fn m47_four_endpoints_of_accounting_and_one_of_analytics_tell_the_same() {
    let (books, [_, gosha, buh]) = two_days();
    let root = books.app.register("root", &["administrator"]);
    let (own, office, admin) = (
        books.app.api(&gosha),
        books.app.api(&buh),
        books.app.api(&root),
    );
    let get = |api: &crate::support::Api, path: &str| {
        let (status, answer) = api.get(path);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    let days = "from=2026-03-02&to=2026-03-03";
    let balance = get(&own, "/api/v1/accounting/balance");
    let log = get(&own, &format!("/api/v1/accounting/transfers?{days}"));
    let all = get(
        &office,
        &format!(
            "/api/v1/accounting/company/transfers?{days}&user={}",
            gosha.id
        ),
    );
    let rows = |answer: &Value| answer["items"].as_array().unwrap().clone();
    let sum = |rows: &[Value]| -> i64 {
        let moves = rows.iter().filter(|row| row["kind"] != "debt_carried");
        moves.map(|row| row["amount_minor"].as_i64().unwrap()).sum()
    };
    assert_eq!(balance["balance_minor"], sum(&rows(&log)));
    assert_eq!(sum(&rows(&log)), sum(&rows(&all)));
    let today = get(&office, "/api/v1/accounting/company/earnings");
    let income = get(&admin, "/api/v1/analytics/today-income");
    assert_eq!(today["total_minor"], income["earned_minor"]);
    let negative = get(&admin, "/api/v1/analytics/negative-balances");
    assert_eq!(negative["count"], 1);
    assert_eq!(
        negative["items"][0]["balance_minor"],
        balance["balance_minor"]
    );
}

/// Ten business dates with chance operations; each date but the last is closed.
fn ten_dates() -> (Books, Vec<Person>) {
    let books = Books::open();
    let people: Vec<Person> = (0..4)
        .map(|n| books.app.register(&format!("popug{n}"), &["developer"]))
        .collect();
    for day in 2..12_usize {
        books.app.at(&format!("2026-03-{day:02}T09:00:00Z"));
        books.settle();
        if day % 4 == 1 {
            continue;
        }
        for (n, who) in people.iter().enumerate() {
            books.work(who, (day + n) % 4, (day * n) % 3 % ((day + n) % 4 + 1));
        }
    }
    (books, people)
}

#[test]
fn m41_closed_days_are_served_as_they_were_stored_and_equal_the_live_formula_on_every_day() {
    let (books, _) = ten_dates();
    let buh = books.app.register("buh", &["accountant"]);
    let api = books.app.api(&buh);
    let days = "from=2026-03-02&to=2026-03-11";
    let earnings = || {
        api.get(&format!("/api/v1/accounting/company/earnings?{days}"))
            .1
    };
    let before = earnings();
    let items = before["items"].as_array().unwrap();
    assert_eq!(items.len(), 10);
    let mut conn = books.app.conn();
    for day in items {
        let date = day["business_date"].as_str().unwrap();
        let live = number(
            &mut conn,
            &format!(
                "select coalesce(-sum(amount_minor), 0)::bigint as n from report_v1.transfers
                 where business_date = '{date}' and kind in ('assignment_fee', 'completion_reward')"
            ),
        );
        assert_eq!(day["earned_minor"], live, "{date}");
    }
    assert!(
        items.iter().any(|day| day["earned_minor"] == 0),
        "a quiet day is there"
    );
    let stored = "report_v1.company_earnings where finish_at - start_at = interval '1 day' and total_minor = fees_minor - rewards_minor";
    assert_eq!(count(&mut conn, stored), 9, "all but the open date");

    let ates = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("earnings")
            .args(arguments)
            .env(
                "DATABASE_URL",
                books.app.config().database_url.clone().unwrap(),
            )
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    assert_eq!(
        ates(&[]),
        (Some(0), "9 closed dates, 0 differ\n".to_owned())
    );
    let mut browser = books.app.log_in(&buh);
    let page = browser.get(&format!("/accounting/recount?{days}"));
    assert!(page.all("#recount")[0].starts_with("9 closed dates were counted"));

    // The stored total is what is served: a planted one is shown, found by the refresh, and not written over.
    // Nobody can plant one whom the triggers hold back.
    let plant = |by: &str| {
        format!(
            "update accounting.business_days set fees_minor = fees_minor {by} where business_date = '2026-03-04'"
        )
    };
    let refused = conn.batch_execute(&plant("+ 700")).unwrap_err().to_string();
    assert!(
        refused.contains("is closed and is never changed"),
        "{refused}"
    );
    let mut planted_by_owner = |by: &str| {
        let around = format!(
            "begin; set local session_replication_role = replica; {}; commit",
            plant(by)
        );
        conn.batch_execute(&around).unwrap();
    };
    planted_by_owner("+ 700");
    let planted = earnings();
    assert_eq!(
        planted["total_minor"].as_i64().unwrap(),
        before["total_minor"].as_i64().unwrap() + 700
    );
    for _ in 0..2 {
        let (code, told) = ates(&["--from", "2026-03-03", "--to", "2026-03-05"]);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("DIFFERS 2026-03-04 fees"), "{told}");
        assert!(told.ends_with("3 closed dates, 1 differ\n"), "{told}");
    }
    let page = browser.get(&format!("/accounting/recount?{days}"));
    assert_eq!(page.all("#differences tbody tr").len(), 1);
    assert_eq!(earnings(), planted, "nothing was overwritten");
    planted_by_owner("- 700");
}

#[test]
fn m20_balances_at_the_close_of_any_date_are_those_of_the_ledger_from_both_sides() {
    let (books, people) = ten_dates();
    let buh = books.app.register("buh", &["accountant"]);
    let (api, mut browser) = (books.app.api(&buh), books.app.log_in(&buh));
    let mut seen_negative = 0;
    for day in 1..12 {
        let date = format!("2026-03-{day:02}");
        let of = |who: &Person| {
            books.number(&format!(
                "select coalesce(sum(amount_minor), 0)::bigint as n from report_v1.transfers
                 where employee_id = '{}' and business_date <= '{date}'",
                who.id
            ))
        };
        for who in &people {
            let path = format!("/api/v1/accounting/balance?user={}&as_of={date}", who.id);
            let (status, answer) = api.get(&path);
            assert_eq!(
                (status, answer["balance_minor"].as_i64()),
                (200, Some(of(who))),
                "{date}"
            );
            assert_eq!(answer["business_date"], date);
        }
        let page = browser.get(&format!("/accounting/balances?date={date}"));
        assert_eq!(page.status, 200);
        let total: i64 = people.iter().map(&of).sum();
        let csv = browser
            .get(&format!("/accounting/balances.csv?date={date}"))
            .html;
        let summed: i64 = csv
            .lines()
            .skip(1)
            .filter_map(|line| line.rsplit(',').next())
            .map(|amount| amount.trim().replace('.', "").parse::<i64>().unwrap())
            .sum();
        assert_eq!(summed, total, "{csv}");
        assert_eq!(
            page.all("#company-balance"),
            page.all("#company-owed"),
            "{date}"
        );
        let negative = people.iter().filter(|who| of(who) < 0).count();
        let debtors = browser.get(&format!("/accounting/balances?date={date}&only=negative"));
        assert_eq!(debtors.all("#balances tbody tr").len(), negative, "{date}");
        seen_negative += negative;
    }
    assert!(seen_negative > 0, "somebody owed at some date");
    for wrong in ["soon", "2026-03-12", "2026-02-30"] {
        let page = browser.get(&format!("/accounting/balances?date={wrong}"));
        assert_eq!(
            (page.status, page.has(".error-summary a[href='#date']")),
            (422, true)
        );
        assert_eq!(page.attribute("#date", "value").as_deref(), Some(wrong));
        assert_eq!(
            browser
                .get(&format!("/accounting/balances.csv?date={wrong}"))
                .status,
            422
        );
        let (status, problem) = api.get(&format!("/api/v1/accounting/balance?as_of={wrong}"));
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("as_of"))
        );
    }
    let stranger = text(&mut books.app.conn(), "select gen_random_uuid()::text as t");
    assert_eq!(
        api.get(&format!(
            "/api/v1/accounting/balance?user={stranger}&as_of=2026-03-03"
        ))
        .0,
        404
    );
}
