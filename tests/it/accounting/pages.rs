//! Pages and API of the money: what is shown, to whom, and what wrong input is told.

use std::collections::BTreeSet;

use serde_json::json;

use super::books::Books;
use crate::support::TestApp;
use crate::tasks::bring_in;

#[test]
fn m18_earnings_are_fees_less_rewards_and_a_payout_changes_nothing() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    let first = books.create_priced(&kesha, 15, 30);
    books.create_priced(&kesha, 12, 25);
    books.create_priced(&kesha, 15, 25);
    books.complete(first, &kesha);
    books.app.drain();
    let mut browser = books.app.log_in(&buh);
    assert_eq!(browser.get("/accounting").all("#earned-today"), ["+$12.00"]);
    let other = books.app.register("gosha", &["developer"]);
    let task = books.create_priced(&other, 10, 10);
    books.app.at("2026-03-03T09:00:00Z");
    books.complete(task, &other);
    books.app.drain();
    books.settle();
    let (_, earned) = books
        .app
        .api(&buh)
        .get("/api/v1/accounting/company/earnings?from=2026-03-02&to=2026-03-03");
    let line = |date: &str, fees: i64, rewards: i64| json!({"business_date": date, "fees_minor": fees, "rewards_minor": rewards, "earned_minor": fees - rewards});
    let expected = json!({
        "items": [line("2026-03-02", 5_200, 3_000), line("2026-03-03", 0, 1_000)],
        "total_minor": 1_200,
    });
    assert_eq!(earned, expected);
}

#[test]
fn m19_the_last_seven_days_are_shown_with_their_zeros_and_add_up() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let buh = books.app.register("buh", &["accountant"]);
    books.work(&kesha, 3, 0);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    books.work(&kesha, 2, 0);
    let page = books.app.log_in(&buh).get("/accounting");
    let earned: Vec<String> = page.all("#days tbody tr td:last-child");
    assert_eq!(
        earned,
        [
            "+$20.00", "$0.00", "+$30.00", "$0.00", "$0.00", "$0.00", "$0.00"
        ]
    );
    assert_eq!(page.all("#total"), ["+$50.00"]);
    let csv = books
        .app
        .log_in(&buh)
        .get("/accounting.csv?from=2026-03-02&to=2026-03-04");
    assert!(
        csv.html.contains("2026-03-02,30.00,0.00,30.00\r\n"),
        "{}",
        csv.html
    );
}

#[test]
fn m20_the_companys_balance_is_the_same_from_both_sides() {
    let books = Books::open();
    let [kesha, gosha] = ["kesha", "gosha"].map(|name| books.app.register(name, &["developer"]));
    let buh = books.app.register("buh", &["accountant"]);
    books.work(&kesha, 4, 3);
    books.work(&gosha, 3, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    books.work(&gosha, 2, 1);
    let page = books.app.log_in(&buh).get("/accounting");
    assert_eq!(page.all("#company-balance"), ["−$30.00"]);
    assert_eq!(page.all("#company-owed"), ["−$30.00"]);
    assert!(!page.has(".strip.bad"));
}

#[test]
fn m13_rows_name_the_task_and_payout_rows_the_day() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 2, 1);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let mut browser = books.app.log_in(&kesha);
    let page = browser.get("/account?from=2026-03-02&to=2026-03-03");
    let rows = page.all("#log tbody th");
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(
        rows[0].starts_with("Assigned: [POP-1] Feed bird"),
        "{rows:?}"
    );
    assert!(
        rows[2].starts_with("Completed: [POP-1] Feed bird"),
        "{rows:?}"
    );
    assert_eq!(
        rows[3],
        "Paid $10.00 for 2\u{a0}Mar\u{a0}2026".replace('\u{a0}', " ")
    );
    let balances = page.all("#log tbody td:last-child");
    assert_eq!(balances, ["−$10.00", "−$20.00", "$10.00", "$0.00"]);
    let csv = browser.get("/account.csv?from=2026-03-02&to=2026-03-03");
    assert_eq!(csv.html.matches("\r\n").count(), 5, "{}", csv.html);
}

#[test]
fn m7_rows_lead_to_tasks_that_one_still_has_and_to_statements() {
    let books = Books::open();
    let people = books
        .app
        .register_all(&[("kesha", &["developer"]), ("lev", &["developer"])]);
    let (kesha, lev) = (&people[0], &people[1]);
    let [kept, lost, done] = [(); 3].map(|()| books.create(kesha));
    books.shuffle(&[(kept, kesha), (lost, lev)]);
    books.app.drain();
    books.complete(done, kesha);
    books.app.drain();
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    let mut browser = books.app.log_in(kesha);
    let page = browser.get("/account?from=2026-03-02&to=2026-03-03");
    let hrefs = page.attributes("#log tbody th a", "href");
    let rows = page.all("#log tbody th").len();
    // Three fees of creations and one of the shuffle, a reward, and a debt of ten dollars; the first fee of what was shuffled and kept
    // leads nowhere, and what has gone to somebody else neither.
    assert_eq!(rows, 6, "{}", page.text());
    let debt = "/account/statements/2026-03-03".to_owned();
    let task = |id| format!("/tasks/{id}");
    assert_eq!(hrefs, [task(done), task(kept), task(done), debt]);
    for href in hrefs {
        let page = browser.get(&href);
        assert_eq!(page.status, 200, "{href}");
    }
}

#[test]
fn m16_periods_hold_both_ends_and_wrong_ones_are_refused() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 1, 0);
    books.app.at("2026-03-03T20:59:00Z");
    books.work(&kesha, 1, 0);
    books.app.at("2026-03-03T21:01:00Z");
    books.work(&kesha, 1, 0);
    let api = books.app.api(&kesha);
    let count = |query: &str| {
        let (status, answer) = api.get(&format!("/api/v1/accounting/transfers{query}"));
        (status, answer["items"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(count(""), (200, 1));
    assert_eq!(count("?from=2026-03-02&to=2026-03-03"), (200, 2));
    assert_eq!(count("?from=2026-03-03&to=2026-03-03"), (200, 1));
    assert_eq!(count("?from=2026-03-02"), (200, 3));
    for wrong in [
        "?from=2026-03-03&to=2026-03-02",
        "?from=soon",
        "?limit=0",
        "?kind=gift",
        "?cursor=x",
        "?what=1",
    ] {
        assert_eq!(count(wrong).0, 422, "{wrong}");
    }
    let page = books
        .app
        .log_in(&kesha)
        .get("/account?from=2026-03-03&to=2026-03-02");
    assert_eq!(page.status, 422);
    assert!(
        page.has(".error-summary")
            && page.attribute("#from", "value").as_deref() == Some("2026-03-03")
    );
    books.settle();
}

#[test]
fn m16_a_log_is_read_piece_by_piece_and_the_pieces_join_up() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    books.work(&kesha, 7, 5);
    let api = books.app.api(&kesha);
    let (mut seen, mut cursor, mut balance) = (0, String::new(), 0);
    loop {
        let (status, answer) = api.get(&format!("/api/v1/accounting/transfers?limit=5{cursor}"));
        assert_eq!(status, 200, "{answer}");
        for row in answer["items"].as_array().unwrap() {
            balance += row["amount_minor"].as_i64().unwrap();
            assert_eq!(row["balance_minor"].as_i64(), Some(balance));
            seen += 1;
        }
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen, balance), (12, books.balance(&kesha) * 100));
}

#[test]
fn m17_the_companys_money_is_for_accountants_and_administrators() {
    let books = Books::open();
    let [kesha, manager, buh, admin] = [
        ("kesha", "developer"),
        ("manager", "manager"),
        ("buh", "accountant"),
        ("admin", "administrator"),
    ]
    .map(|(name, role)| books.app.register(name, &[role]));
    books.work(&kesha, 1, 0);
    let paths = [
        "/accounting".to_owned(),
        "/accounting.csv".to_owned(),
        "/accounting/days/2026-03-02".to_owned(),
        "/accounting/days/2026-03-02.csv".to_owned(),
        "/accounting/payouts".to_owned(),
        format!("/account?user={}", kesha.id),
        format!("/account.csv?user={}", kesha.id),
    ];
    let api_paths = [
        "/api/v1/accounting/company/transfers".to_owned(),
        "/api/v1/accounting/company/earnings".to_owned(),
        "/api/v1/accounting/payouts".to_owned(),
        format!("/api/v1/accounting/balance?user={}", kesha.id),
        format!("/api/v1/accounting/transfers?user={}", kesha.id),
    ];
    for (who, expected) in [(&manager, 403), (&buh, 200), (&admin, 200)] {
        let (mut browser, api) = (books.app.log_in(who), books.app.api(who));
        for path in &paths {
            assert_eq!(
                browser.get(path).status,
                expected,
                "{} {path}",
                who.username
            );
        }
        for path in &api_paths {
            assert_eq!(api.get(path).0, expected, "{} {path}", who.username);
        }
    }
    let (_, all) = books
        .app
        .api(&buh)
        .get("/api/v1/accounting/company/transfers");
    assert_eq!(all["items"][0]["user"]["name"], "Kesha Popug");
    assert_eq!(books.app.log_in(&kesha).get("/accounting").status, 403);
    assert_eq!(books.app.browser().get("/account").status, 303);
    assert_eq!(
        books
            .app
            .log_in(&buh)
            .get("/account?user=00000000-0000-0000-0000-000000000001")
            .status,
        404
    );
    assert_eq!(
        books
            .app
            .log_in(&buh)
            .get("/accounting/days/2026-03-03")
            .status,
        404
    );
}

#[test]
fn m25_an_administrator_settles_an_overdue_day_by_the_button_and_twice_is_once() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let admin = books.app.register("admin", &["administrator"]);
    books.work(&kesha, 1, 1);
    books.app.at("2026-03-03T09:00:00Z");
    let mut browser = books.app.log_in(&admin);
    let page = browser.get("/accounting/payouts");
    assert_eq!(
        page.attribute("form[method=post] input[name=business_date]", "value")
            .as_deref(),
        Some("2026-03-02")
    );
    for _ in 0..2 {
        let done = browser.submit("/accounting/payouts", &[("business_date", "2026-03-02")]);
        assert!(
            done.text().contains("2026-03-02 is settled."),
            "{}",
            done.text()
        );
        assert_eq!(done.all("#lines tbody tr").len(), 1);
    }
    let csv = browser.get("/accounting/payouts/2026-03-02.csv");
    assert!(
        csv.html.contains("\"Kesha Popug\",20.00,\"new\""),
        "{}",
        csv.html
    );
    books.app.drain();
}

#[test]
fn m17_the_file_of_a_date_is_whole_however_many_pieces_it_is_sent_in() {
    let app = TestApp::start();
    let [kesha, buh] = [("kesha", "developer"), ("buh", "accountant")]
        .map(|(name, role)| app.register(name, &[role]));
    bring_in(&app, &kesha, 2_500);
    let today = app.config().zone.date_of(app.clock().now());
    let file = app
        .log_in(&buh)
        .get(&format!("/accounting/days/{today}.csv"));
    let titles: BTreeSet<&str> = file
        .html
        .lines()
        .skip(1)
        .map(|line| &line[line.find("Feed bird").unwrap()..])
        .collect();
    assert_eq!(titles.len(), 2_500, "each fee once");
    assert_eq!(file.html.lines().count(), 2_501);
}
