//! Statements: of a person's day, of several, and of the company's day.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::books::Books;
use crate::support::Person;
use crate::support::client::{Browser, Page};

/// Kesha has 50 and is paid on Monday evening; Petya owes 20 and carries it over.
fn after_monday() -> (Books, [Person; 2]) {
    let books = Books::open();
    let people = ["kesha", "petya"].map(|name| books.app.register(name, &["developer"]));
    books.work(&people[0], 4, 3);
    books.work(&people[1], 2, 0);
    books.app.at("2026-03-03T09:00:00Z");
    books.settle();
    (books, people)
}

/// The figures below a statement, in the order in which they stand.
fn foot(page: &Page) -> Vec<String> {
    page.all("#foot dd")
}

/// The bytes of what a page says, but for the line that only the printed sheet has: when it was printed.
fn sheet(page: &Page) -> String {
    let start = page.html.find("<main").unwrap();
    let end = page.html.find("</main>").unwrap();
    let lines = page.html[start..end].lines();
    let kept: Vec<&str> = lines.filter(|line| !line.contains("origin")).collect();
    kept.join("\n")
}

#[test]
fn m33_a_statement_has_every_line_of_its_day_and_its_foot_adds_up() {
    let (books, [kesha, petya]) = after_monday();
    let mut browser = books.app.log_in(&kesha);
    let page = browser.get("/account/statements/2026-03-02");
    let rows = page.all("#statement tbody tr");
    assert_eq!(rows.len(), 1 + 4 + 3 + 1, "{rows:#?}");
    assert!(rows[0].starts_with("Opening balance"), "{rows:#?}");
    assert!(rows[1].contains("Assigned: [POP-1] Feed bird"), "{rows:#?}");
    assert!(rows[8].contains("Paid $50.00 for 2 Mar 2026") && rows[8].ends_with("−$50.00 $0.00"));
    assert_eq!(
        foot(&page),
        ["$0.00", "−$40.00", "+$90.00", "$0.00", "−$50.00", "$0.00"]
    );
    assert_eq!(page.all("#state"), ["Closed: final"]);
    let reference = page.all("#reference").join("");
    assert!(
        reference.starts_with("S-20260302-")
            && kesha.id.simple().to_string().ends_with(&reference[11..])
    );
    assert!(!page.has(".strip.bad"));

    let mut browser = books.app.log_in(&petya);
    let tuesday = browser.get("/account/statements/2026-03-03");
    assert!(
        tuesday.all("#statement tbody tr")[0].starts_with("Debt carried over"),
        "{}",
        tuesday.text()
    );
    assert_eq!(tuesday.all("#state"), ["Open: not final"]);
    books.work(&petya, 1, 1);
    let tuesday = browser.get("/account/statements/2026-03-03");
    assert_eq!(
        foot(&tuesday),
        ["−$20.00", "−$10.00", "+$30.00", "$0.00", "$0.00", "$0.00"]
    );
    assert!(tuesday.text().contains("Balance so far"));
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    let closed = books
        .app
        .log_in(&petya)
        .get("/account/statements/2026-03-03");
    assert_eq!(
        (foot(&closed), closed.all("#state")),
        (foot(&tuesday), vec!["Closed: final".to_owned()])
    );
}

#[test]
fn m33_a_line_leads_to_its_task_while_that_is_the_reader_s() {
    let (books, [kesha, petya]) = after_monday();
    let path = "/account/statements/2026-03-02";
    let mut browser = books.app.log_in(&petya);
    let links = |page: &Page| page.attributes("#statement tbody th a", "href");
    let page = browser.get(path);
    assert_eq!(links(&page).len(), 2, "{}", page.text());
    for link in links(&page) {
        assert_eq!(browser.get(&link).status, 200, "{link}");
    }
    let task = links(&page)[0].strip_prefix("/tasks/").unwrap().to_owned();
    books.shuffle(&[(task.parse().unwrap(), &kesha)]);
    books.app.drain();
    let left = links(&browser.get(path));
    assert_eq!(left, links(&page)[1..], "the other has it now");
}

#[test]
fn m33_the_statement_of_a_closed_day_is_the_same_to_the_byte_a_week_later_whatever_was_renamed() {
    let (books, [kesha, _]) = after_monday();
    let admin = books.app.register("admin", &["administrator"]);
    let mut browser = books.app.log_in(&kesha);
    let path = "/account/statements/2026-03-02";
    let read = |browser: &mut Browser| {
        let page = browser.get(path);
        (
            sheet(&page),
            browser.get(&format!("{path}.csv")).html,
            foot(&page),
        )
    };
    let before = read(&mut browser);
    assert!(before.0.contains("Kesha Popug"), "{}", before.0);
    assert!(
        before.1.contains("Feed bird") && before.1.contains(",50.00\r\n"),
        "{}",
        before.1
    );

    let mut boss = books.app.api(&admin);
    let open: Vec<String> = {
        let (_, mine) = books.app.api(&kesha).get("/api/v1/tasks/mine?status=open");
        let uid = |task: &serde_json::Value| task["uid"].as_str().unwrap().to_owned();
        mine["items"].as_array().unwrap().iter().map(uid).collect()
    };
    assert_eq!(open.len(), 1);
    for title in ["Another name", "A third name"] {
        let renamed = json!({ "title": title, "jira_id": "NEW-9" });
        assert_eq!(
            boss.patch(&format!("/api/v1/tasks/{}", open[0]), &renamed)
                .0,
            200
        );
        books.app.drain();
        books.app.clock().advance(chrono::Duration::minutes(3));
    }
    let married = json!({ "surname": "Kakadu", "email": "other@uberpopug.example", "roles": ["developer", "boss"] });
    assert_eq!(
        boss.patch(&format!("/api/v1/users/{}", kesha.id), &married)
            .0,
        200
    );
    books.app.drain();
    for day in 4..=9 {
        books.work(&kesha, 1, 1);
        books.app.at(&format!("2026-03-{day:02}T09:00:00Z"));
        books.settle();
        boss = books.app.api(&admin);
    }
    drop(boss);
    let mut browser = books.app.log_in(&kesha);
    assert_eq!(read(&mut browser), before);
    let log = browser.get("/account?from=2026-03-02&to=2026-03-02").text();
    assert!(
        log.contains("A third name"),
        "the log shows the present name: {log}"
    );
    let now = browser.get("/account/statements/2026-03-03");
    assert!(!now.text().contains("Kesha Popug") && now.text().contains("Kesha Kakadu"));
    for change in [
        "update accounting.statements set closing_minor = 0, payout_minor = 0",
        "delete from accounting.former_titles",
    ] {
        assert!(books.app.conn().batch_execute(change).is_err(), "{change}");
    }
}

#[test]
fn m33_a_statement_of_many_lines_is_printed_with_its_totals_alone() {
    let books = Books::open();
    let kesha = books.app.register("kesha", &["developer"]);
    let statement = |books: &Books| {
        books
            .app
            .log_in(&kesha)
            .get("/account/statements/2026-03-02")
    };
    books.work(&kesha, 10, 10);
    let page = statement(&books);
    assert!(
        !page.has("#short") && !page.has(".screen-only"),
        "twenty lines fit"
    );
    books.work(&kesha, 90, 90);
    let page = statement(&books);
    assert!(
        page.all("#short")[0].starts_with("200 operations"),
        "{}",
        page.text()
    );
    assert_eq!(page.all(".screen-only #statement tbody tr").len(), 1 + 200);
    assert!(!page.has(".screen-only #foot"));
    assert_eq!(foot(&page)[1..3], ["−$1,000.00", "+$3,000.00"]);
}

#[test]
fn m33_the_list_of_statements_is_paged_by_keys_and_filtered_by_dates() {
    let (books, [kesha, petya]) = after_monday();
    for day in 4..=8 {
        books.app.at(&format!("2026-03-{day:02}T09:00:00Z"));
        books.settle();
    }
    let mut browser = books.app.log_in(&petya);
    let page = browser.get("/account/statements");
    let dates = page.all("#statements tbody th");
    assert_eq!(
        dates.len(),
        6,
        "a debt is carried from day to day: {dates:?}"
    );
    assert_eq!(
        (dates[0].as_str(), dates[5].as_str()),
        ("7 Mar 2026", "2 Mar 2026")
    );
    let some = browser.get("/account/statements?from=2026-03-03&to=2026-03-04");
    assert_eq!(
        some.all("#statements tbody th"),
        ["4 Mar 2026", "3 Mar 2026"]
    );
    let file = browser.get("/account/statements.csv?from=2026-03-03&to=2026-03-04");
    assert_eq!(file.html.matches("\r\n").count(), 3, "{}", file.html);
    let wrong = browser.get("/account/statements?from=2026-03-04&to=2026-03-03");
    assert!(
        wrong.status == 422 && wrong.has(".error-summary"),
        "{}",
        wrong.text()
    );
    let empty = books
        .app
        .log_in(&kesha)
        .get("/account/statements?from=2026-03-03");
    assert!(
        empty.has(".empty"),
        "who has no debt has no statement of an empty day"
    );
}

#[test]
fn m33_the_statement_of_a_period_begins_with_its_first_day_and_ends_with_its_last() {
    let (books, [kesha, petya]) = after_monday();
    books.work(&petya, 1, 1);
    books.app.at("2026-03-04T09:00:00Z");
    books.settle();
    books.work(&petya, 2, 1);
    let mut browser = books.app.log_in(&petya);
    let page = browser.get("/account/statement?from=2026-03-03&to=2026-03-04");
    assert_eq!(page.all("#statement tbody tr").len(), 2);
    assert_eq!(
        foot(&page),
        ["−$20.00", "−$30.00", "+$60.00", "$0.00", "$0.00", "$10.00"]
    );
    assert_eq!(page.all("#state"), ["Open: not final"]);
    assert!(!page.has(".strip.bad"), "{}", page.text());
    let all = browser.get("/account/statement?from=2026-03-01&to=2026-03-03");
    assert_eq!(
        foot(&all),
        ["$0.00", "−$30.00", "+$30.00", "$0.00", "$0.00", "$0.00"]
    );
    assert_eq!(all.all("#state"), ["Closed: final"]);
    let file = browser
        .get("/account/statement.csv?from=2026-03-01&to=2026-03-03")
        .html;
    assert!(
        file.contains("2026-03-02,0.00,-20.00,0.00,0.00,0.00,-20.00,\"Closed: final\"\r\n"),
        "{file}"
    );
    let paid = books
        .app
        .log_in(&kesha)
        .get("/account/statement?from=2026-03-01&to=2026-03-31");
    assert_eq!(
        foot(&paid),
        ["$0.00", "−$40.00", "+$90.00", "$0.00", "−$50.00", "$0.00"]
    );
}

#[test]
fn m13_m15_statements_are_ones_own_or_everybodys_and_only_of_days_that_are() {
    let (books, [kesha, petya]) = after_monday();
    let buh = books.app.register("buh", &["accountant"]);
    let mut own = books.app.log_in(&kesha);
    for path in [
        "/account/statements/2026-03-02",
        "/account/statements",
        "/account/statement",
    ] {
        let (of_other, of_nobody) = (
            format!("{path}?user={}", petya.id),
            format!("{path}?user={}", uuid::Uuid::nil()),
        );
        assert_eq!(own.get(&of_other).status, 403, "{path}");
        let mut browser = books.app.log_in(&buh);
        assert_eq!(browser.get(&of_other).status, 200, "{path}");
        assert_eq!(browser.get(&of_nobody).status, 404, "{path}");
    }
    for date in ["2026-03-04", "2026-03-01", "yesterday", "2026-3-2"] {
        assert_eq!(
            own.get(&format!("/account/statements/{date}")).status,
            404,
            "{date}"
        );
        assert_eq!(
            own.get(&format!("/account/statements/{date}.csv")).status,
            404,
            "{date}"
        );
    }
    let page = books
        .app
        .log_in(&buh)
        .get(&format!("/account/statements/2026-03-02?user={}", petya.id));
    assert!(page.text().contains("Petya Popug"), "{}", page.text());
    assert_eq!(own.get("/accounting/days/2026-03-02/statement").status, 403);
}

#[test]
fn m20_the_companys_day_shows_both_sides_equal_and_says_so() {
    let (books, [_, petya]) = after_monday();
    let buh = books.app.register("buh", &["accountant"]);
    let mut browser = books.app.log_in(&buh);
    let page = browser.get("/accounting/days/2026-03-02/statement");
    assert_eq!(
        page.all("#company dd"),
        ["$0.00", "+$60.00", "−$90.00", "−$30.00"]
    );
    assert_eq!(
        page.all("#people dd"),
        [
            "$0.00",
            "−$60.00",
            "+$90.00",
            "$0.00",
            "−$50.00",
            "−$20.00",
            "+$50.00",
            "$0.00",
            "−$30.00"
        ]
    );
    assert_eq!(
        (page.all("#company-balance"), page.all("#company-owed")),
        (vec!["−$30.00".to_owned()], vec!["−$30.00".to_owned()])
    );
    assert!(
        page.has("#sides.ok") && page.all("#people-paid") == ["1"],
        "{}",
        page.text()
    );

    books.work(&petya, 3, 1);
    let today = browser.get("/accounting/days/2026-03-03/statement");
    assert_eq!(
        today.all("#company dd"),
        ["−$30.00", "+$30.00", "−$30.00", "−$30.00"]
    );
    assert!(
        today.has("#sides.ok") && today.all("#state") == ["Open: not final"],
        "{}",
        today.text()
    );
    assert!(browser.get("/accounting").has("#sides .ok"));
    assert_eq!(
        browser.get("/accounting/days/2026-03-04/statement").status,
        404
    );
    let file = browser
        .get("/accounting/days/2026-03-02/statement.csv")
        .html;
    assert_eq!(file.matches("-30.00\r\n").count(), 2, "{file}");
}

#[test]
fn m20_sides_that_differ_are_said_to_differ() {
    let (mut books, _) = after_monday();
    let buh = books.app.register("buh", &["accountant"]);
    books.app.expect_broken();
    let wrong = "begin; set local session_replication_role = replica;
        update accounting.business_days set fees_minor = fees_minor + 100 where business_date = '2026-03-02'; commit";
    books.app.conn().batch_execute(wrong).unwrap();
    let page = books
        .app
        .log_in(&buh)
        .get("/accounting/days/2026-03-02/statement");
    assert!(
        page.has("#sides.bad") && !page.has("#sides.ok"),
        "{}",
        page.text()
    );
}

#[test]
fn m24_what_was_earned_today_leaves_out_the_payout_and_may_be_negative() {
    let (books, [kesha, petya]) = after_monday();
    let earned = |who: &Person| {
        books
            .app
            .log_in(who)
            .get("/account")
            .all("#earned-today")
            .join("")
    };
    assert_eq!(earned(&kesha), "$0.00");
    books.work(&petya, 2, 0);
    assert_eq!(earned(&petya), "−$20.00");
    books.work(&kesha, 2, 1);
    assert_eq!(earned(&kesha), "+$10.00");
}

#[test]
fn m31_the_payments_of_a_day_add_up_to_the_payout_rows_of_the_ledger() {
    let (books, _) = after_monday();
    let ledger = "select -sum(amount_minor)::bigint as n from report_v1.transfers where kind = 'payout' and business_date = '2026-03-02'";
    let listed = "select sum(amount_minor)::bigint as n from report_v1.payouts where business_date = '2026-03-02'";
    let told = "select sum((payload ->> 'amount_minor')::bigint)::bigint as n from bus.events where event_type = 'payment_log_record.created'";
    for sum in [ledger, listed, told] {
        assert_eq!(books.number(sum), 5_000, "{sum}");
    }
    let buh = books.app.register("buh", &["accountant"]);
    let page = books.app.log_in(&buh).get("/accounting/payouts/2026-03-02");
    assert_eq!(
        (
            page.all("#paid").join(""),
            page.all("#lines tbody tr").len()
        ),
        ("$50.00".to_owned(), 1)
    );
    let href = page.attribute("#lines tbody th a", "href").unwrap();
    assert!(
        href.starts_with("/account/statements/2026-03-02?user="),
        "{href}"
    );
}
