//! Analytics: what the company earned, who is in the minus, which closed tasks were the dearest.

use ates::analytics::{self, PROJECTION};
use ates::bus;
use ates::events::{
    self, AccountCreated, AccountRecord, AuditLogRecordCreated, BusinessDayClosed, Event,
    TaskCompleted, TaskCreated, TaskEstimated, TaskStatus, TaskUpdated, TransferKind,
};
use ates::platform::db::{Lane, Origin};
use ates::platform::ids::{EventId, UserId};
use ates::platform::money::Money;
use ates::platform::workers::Progress;
use serde_json::json;
use uuid::Uuid;

use crate::support::database::text;
use crate::support::{Api, Browser, Person, TestApp};

/// A product whose analytics is told made-up facts, and the administrator who looks at it. The other modules never hear of them.
struct House {
    app: TestApp,
    admin: Person,
}

impl House {
    fn new() -> Self {
        let mut app = TestApp::with(|settings| settings.workers(false));
        app.expect_broken();
        // The log's clock never goes back, so the house begins before all that tests tell.
        app.at("2026-01-31T09:00:00Z");
        let admin = app.register("root", &["administrator"]);
        Self { app, admin }
    }

    /// Publishes at an instant.
    fn tell<E: Event>(&self, instant: &str, subject: Uuid, event: &E) {
        self.app.at(instant);
        self.app
            .db()
            .transaction_blocking(Lane::Worker, bus::ROLE, Origin::system(), |tx| {
                events::publish(tx, subject, event)
            })
            .unwrap();
    }

    /// Lets analytics hear all that was told.
    fn hear(&self) {
        for subscriber in analytics::subscribers(self.app.config()) {
            assert_eq!(subscriber.name(), PROJECTION);
            while bus::step(self.app.db(), subscriber.as_ref()).unwrap() == Progress::More {}
        }
    }

    fn browser(&self) -> Browser {
        self.app.log_in(&self.admin)
    }

    fn api(&self) -> Api {
        self.app.api(&self.admin)
    }

    fn transfer(&self, date: &str, employee: Uuid, kind: TransferKind, whole: i64) {
        let amount_minor = Money::from_whole(whole);
        let event = AuditLogRecordCreated {
            transfer: Uuid::from_u128(1),
            kind,
            amount_minor,
            balance_minor: amount_minor,
            task: None,
            business_date: date.parse().unwrap(),
        };
        self.tell(&format!("{date}T09:00:00Z"), employee, &event);
    }

    /// A task that was priced, and completed at an instant if one is given.
    fn task(&self, title: &str, reward: i64, completed_at: Option<&str>) -> Uuid {
        let (id, worker) = (id_of(title), UserId(Uuid::from_u128(7)));
        let created_at = "2026-02-01T09:00:00Z";
        self.tell(created_at, id, &created(title, worker));
        let estimated = TaskEstimated {
            fee_minor: Money::from_whole(10),
            reward_minor: Money::from_whole(reward),
        };
        self.tell(created_at, id, &estimated);
        if let Some(instant) = completed_at {
            self.tell(instant, id, &TaskCompleted { assignee: worker });
        }
        id
    }
}

fn id_of(title: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, title.as_bytes())
}

fn created(title: &str, worker: UserId) -> TaskCreated {
    TaskCreated {
        title: title.to_owned(),
        jira_id: None,
        assignee: worker,
        assignment: EventId(Uuid::from_u128(8)),
        created_by: worker,
    }
}

fn record(name: &str, version: i64) -> AccountRecord {
    AccountRecord {
        username: name.to_lowercase(),
        email: format!("{}@uberpopug.example", name.to_lowercase()),
        name: name.to_owned(),
        surname: "Popug".to_owned(),
        language: None,
        roles: vec!["developer".to_owned()],
        version,
    }
}

const EARNED: &str = "/api/v1/analytics/today-income";
const NEGATIVE: &str = "/api/v1/analytics/negative-balances";
const DEAREST: &str = "/api/v1/analytics/most-expensive-task";

#[test]
fn n02_today_s_income_is_fees_without_rewards_and_payouts_do_not_count() {
    let house = House::new();
    let popug = Uuid::from_u128(5);
    house.transfer("2026-03-01", popug, TransferKind::AssignmentFee, -20);
    for (kind, whole) in [
        (TransferKind::AssignmentFee, -15),
        (TransferKind::AssignmentFee, -12),
        (TransferKind::AssignmentFee, -15),
        (TransferKind::CompletionReward, 30),
    ] {
        house.transfer("2026-03-02", popug, kind, whole);
    }
    house.hear();
    let expected = json!({ "business_date": "2026-03-02", "earned_minor": 1200 });
    assert_eq!(house.api().get(EARNED), (200, expected.clone()));
    house.transfer("2026-03-02", popug, TransferKind::Payout, -10);
    house.hear();
    assert_eq!(house.api().get(EARNED), (200, expected));
    let page = house.browser().get("/analytics");
    assert_eq!(page.all("#earned-today"), ["+$12.00"]);
    assert_eq!(page.all("#earned-week"), ["+$32.00"]);
}

#[test]
fn n02_today_s_income_is_what_accounting_says() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
    ]);
    let root = app.api(&people[0]);
    for number in 0..6 {
        let title = format!("Task {number}");
        assert_eq!(
            root.post("/api/v1/tasks", &json!({ "title": title })).0,
            201
        );
    }
    app.drain();
    for popug in &people[1..] {
        let api = app.api(popug);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        for task in mine["items"].as_array().unwrap().iter().take(2) {
            let uid = task["uid"].as_str().unwrap();
            assert_eq!(
                api.post(&format!("/api/v1/tasks/{uid}/complete"), &json!({}))
                    .0,
                200
            );
        }
    }
    app.drain();
    let (_, earnings) =
        root.get("/api/v1/accounting/company/earnings?from=2026-03-02&to=2026-03-02");
    let (status, today) = root.get(EARNED);
    assert_eq!(status, 200);
    assert_eq!(today["earned_minor"], earnings["total_minor"]);
    let (_, negative) = root.get(NEGATIVE);
    let below = text(
        &mut app.conn(),
        "select count(*)::text as t from accounting.balances where amount_minor < 0",
    );
    assert_eq!(negative["count"].to_string(), below);
}

#[test]
fn n02_every_day_of_the_table_is_shown_also_one_without_a_transfer() {
    let house = House::new();
    house.transfer(
        "2026-02-26",
        Uuid::from_u128(5),
        TransferKind::AssignmentFee,
        -20,
    );
    let closed = BusinessDayClosed {
        business_date: "2026-02-26".parse().unwrap(),
        fees_minor: Money::from_whole(20),
        rewards_minor: Money::ZERO,
        paid_minor: Money::ZERO,
        people: 0,
        negative_balances: 1,
    };
    house.tell("2026-02-27T00:00:00Z", Uuid::from_u128(9), &closed);
    house.app.at("2026-03-02T09:00:00Z");
    house.hear();
    let page = house.browser().get("/analytics");
    assert_eq!(page.all("#days tbody th").len(), 7);
    let rows = page.all("#days tbody tr");
    assert!(
        rows[0].contains("2 Mar") || rows[0].contains("2\u{a0}Mar"),
        "{rows:?}"
    );
    assert!(
        rows[0].contains("$0.00") && rows[0].contains("not closed"),
        "{rows:?}"
    );
    assert!(
        rows[4].contains("+$20.00") && rows[4].ends_with('1'),
        "{rows:?}"
    );
    let before = house
        .browser()
        .get("/analytics?from=2026-02-25&to=2026-02-27");
    let ends = before.all("#days tbody td:last-child");
    assert_eq!(ends, ["not closed", "1", "nothing yet"]);
}

#[test]
fn n03_who_is_below_zero_is_counted_and_named_and_exactly_zero_is_not() {
    let house = House::new();
    let names = [
        "Ara", "Bo", "Cacatua", "Dodo", "Emu", "Finch", "Gull", "Heron", "Ibis", "Jay",
    ];
    for (name, whole) in names.iter().zip([-5, 3, 0, -20, 9, 0, -1, 7, 40, 12]) {
        let popug = id_of(name);
        house.tell(
            "2026-03-02T08:00:00Z",
            popug,
            &AccountCreated(record(name, 1)),
        );
        if whole != 0 {
            house.transfer("2026-03-02", popug, TransferKind::Adjustment, whole);
        }
    }
    house.transfer(
        "2026-03-02",
        id_of("Finch"),
        TransferKind::AssignmentFee,
        -15,
    );
    house.transfer(
        "2026-03-02",
        id_of("Finch"),
        TransferKind::CompletionReward,
        15,
    );
    house.hear();
    let (status, answer) = house.api().get(NEGATIVE);
    let item = |name: &str, minor: i64| {
        let user = json!({ "uid": id_of(name), "name": format!("{name} Popug") });
        json!({ "user": user, "balance_minor": minor })
    };
    let items = [item("Dodo", -2000), item("Ara", -500), item("Gull", -100)];
    assert_eq!(
        (status, answer),
        (200, json!({ "count": 3, "items": items }))
    );
    let page = house.browser().get("/analytics");
    assert_eq!(page.all("#in-minus"), ["3"]);
    assert_eq!(
        page.all("#debtors tbody th"),
        ["Dodo Popug", "Ara Popug", "Gull Popug"]
    );
}

#[test]
fn n04_only_tasks_closed_in_the_period_count() {
    let house = House::new();
    assert_eq!(
        house.api().get(DEAREST),
        (200, json!({ "days": [], "range": null }))
    );
    let page = house.browser().get("/analytics");
    assert_eq!(page.all("#dearest-by-day"), ["No closed tasks"]);
    let none = page.all(".facts dd");
    assert_eq!(none, ["No closed tasks"; 3]);

    // Wednesday the 11th: the week began on the 9th.
    house.task("open and dear", 40, None);
    house.task("last month", 39, Some("2026-02-28T20:59:59Z"));
    house.task("first of the month", 38, Some("2026-02-28T21:00:00Z"));
    house.task("sunday", 37, Some("2026-03-08T12:00:00Z"));
    house.task("monday", 36, Some("2026-03-08T21:00:00Z"));
    house.task("today", 35, Some("2026-03-11T06:00:00Z"));
    house.task("today, cheaper", 20, Some("2026-03-11T07:00:00Z"));
    house.app.at("2026-03-11T09:00:00Z");
    house.hear();
    let api = house.api();
    let dearest = |query: &str| {
        let (status, answer) = api.get(&format!("{DEAREST}{query}"));
        assert_eq!(status, 200, "{answer}");
        answer["range"]["task"]["title"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(dearest("?period=day"), "today");
    assert_eq!(dearest("?period=week"), "monday");
    assert_eq!(dearest("?period=month"), "first of the month");
    assert_eq!(dearest("?from=2026-02-01&to=2026-02-28"), "last month");
    assert_eq!(dearest(""), "today");
    let page = house.browser().get("/analytics");
    let tiles = page.all(".facts dd");
    for (tile, title) in tiles.iter().zip([
        "today — +$35.00",
        "monday — +$36.00",
        "first of the month — +$38.00",
    ]) {
        assert_eq!(tile, title);
    }
}

#[test]
fn n04_of_equal_tasks_the_one_completed_first_is_shown() {
    let house = House::new();
    house.task("first", 30, Some("2026-03-02T07:00:00Z"));
    house.task("second", 30, Some("2026-03-02T07:00:01Z"));
    house.app.at("2026-03-02T09:00:00Z");
    house.hear();
    assert_eq!(
        house.api().get(DEAREST).1["range"]["task"]["title"],
        "first"
    );
}

#[test]
fn n05_days_are_listed_newest_first_and_then_the_range() {
    let house = House::new();
    house.task("Первая", 23, Some("2026-03-01T09:00:00Z"));
    house.task("Вторая", 38, Some("2026-03-02T09:00:00Z"));
    house.task("Третья", 28, Some("2026-03-03T09:00:00Z"));
    house.app.at("2026-03-03T10:00:00Z");
    house.hear();
    let range = "?from=2026-03-01&to=2026-03-03";
    let mut browser = house.browser().speaking("ru");
    let page = browser.get(&format!("/analytics{range}"));
    let lines = page.all("#dearest-by-day li");
    let expected = [
        "03.03 — Третья — 28$",
        "02.03 — Вторая — 38$",
        "01.03 — Первая — 23$",
        "01-03 марта — Вторая — 38$",
    ];
    assert_eq!(lines, expected);
    let (_, answer) = house.api().get(&format!("{DEAREST}{range}"));
    let days: Vec<_> = answer["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["reward_minor"].clone())
        .collect();
    assert_eq!(days, [2800, 3800, 2300]);
    assert_eq!(answer["range"]["reward_minor"], 3800);
}

#[test]
fn n05_a_range_that_cannot_be_read_comes_back_with_the_error_at_its_field() {
    let house = House::new();
    let (mut browser, api) = (house.browser(), house.api());
    for (query, field) in [
        ("?from=2026-03-03&to=2026-03-01", "to"),
        ("?from=2026-02-30&to=2026-03-01", "from"),
        ("?from=2026-03-01", "to"),
    ] {
        let page = browser.get(&format!("/analytics{query}"));
        assert_eq!(page.status, 422, "{query}");
        assert!(page.has(&format!("#{field}[aria-invalid=true]")), "{query}");
        let (status, problem) = api.get(&format!("{DEAREST}{query}"));
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field)),
            "{query}"
        );
    }
    assert_eq!(api.get(&format!("{DEAREST}?period=year")).0, 422);
    assert_eq!(
        api.get(&format!(
            "{DEAREST}?period=day&from=2026-03-01&to=2026-03-01"
        ))
        .0,
        422
    );
    let kept = browser.get("/analytics?from=2026-03-03&to=2026-03-01");
    assert_eq!(
        kept.attribute("#from", "value").as_deref(),
        Some("2026-03-03")
    );
}

#[test]
fn n01_others_than_administrators_are_refused() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("chief", &["manager"]),
        ("buh", &["accountant"]),
    ]);
    for person in &people {
        assert_eq!(app.log_in(person).get("/analytics").status, 403);
        for path in [EARNED, NEGATIVE, DEAREST] {
            assert_eq!(app.api(person).get(path).0, 403, "{path}");
        }
    }
}

#[test]
fn e10_parts_of_a_task_and_of_a_person_may_come_in_any_order() {
    let worker = UserId(Uuid::from_u128(7));
    let told = |order: &[usize]| {
        let house = House::new();
        let (task, at) = (id_of("task"), "2026-03-02T09:00:00Z");
        let updated = TaskUpdated {
            title: "New".to_owned(),
            jira_id: Some("POP-1".to_owned()),
            status: TaskStatus::Open,
            assignee: worker,
            updated_by: None,
        };
        let estimated = TaskEstimated {
            fee_minor: Money::from_whole(10),
            reward_minor: Money::from_whole(25),
        };
        for part in order {
            match part {
                0 => house.tell(at, task, &created("Old", worker)),
                1 => house.tell(at, task, &updated),
                2 => house.tell(at, task, &estimated),
                3 => house.tell(at, task, &TaskCompleted { assignee: worker }),
                4 => house.tell(at, worker.0, &AccountCreated(record("Kesha", 1))),
                5 => house.tell(
                    at,
                    worker.0,
                    &events::AccountUpdated(record("Kesha Second", 2)),
                ),
                _ => house.transfer("2026-03-02", worker.0, TransferKind::AssignmentFee, -10),
            }
            house.hear();
        }
        text(
            &mut house.app.conn(),
            "select (select string_agg(t::text, ';' order by id) from analytics.tasks t)
               || (select string_agg(e::text, ';' order by id) from analytics.employees e where name like 'Kesha%')
               || (select string_agg(d::text, ';' order by business_date) from analytics.day_totals d) as t",
        )
    };
    let in_order = told(&[0, 1, 2, 3, 4, 5, 6]);
    assert!(
        in_order.contains("New")
            && in_order.contains("2500")
            && in_order.contains("Kesha Second Popug"),
        "{in_order}"
    );
    for order in [
        [6, 5, 4, 3, 2, 1, 0],
        [3, 0, 6, 2, 5, 1, 4],
        [2, 6, 1, 0, 3, 5, 4],
    ] {
        assert_eq!(told(&order), in_order, "{order:?}");
    }
}

#[test]
fn n06_the_earnings_of_a_range_are_drawn_with_their_table_and_a_longer_range_is_refused_by_name() {
    let house = House::new();
    let popug = Uuid::from_u128(5);
    house.transfer("2026-02-27", popug, TransferKind::AssignmentFee, -20);
    house.transfer("2026-03-01", popug, TransferKind::CompletionReward, 35);
    let closed = BusinessDayClosed {
        business_date: "2026-02-27".parse().unwrap(),
        fees_minor: Money::from_whole(20),
        rewards_minor: Money::ZERO,
        paid_minor: Money::ZERO,
        people: 0,
        negative_balances: 4,
    };
    house.tell("2026-03-01T10:00:00Z", Uuid::from_u128(9), &closed);
    house.app.at("2026-03-02T09:00:00Z");
    house.hear();
    let mut browser = house.browser();
    house.hear();
    let page = browser.get("/analytics?from=2026-02-01&to=2026-03-02");
    assert_eq!(page.status, 200);
    assert!(page.has("#age .chip.ok"), "{:?}", page.all("#age"));
    let bars = |figure: &str, colour: &str| {
        let rects = format!("#{figure} svg.wide rect[fill='var(--{colour})']");
        page.all(&rects).len()
    };
    // A day without a transfer is a bar without a height.
    assert_eq!(
        (bars("chart-earned", "accent"), bars("chart-earned", "neg")),
        (29, 1)
    );
    let trend = &page.all("#chart-earned svg.wide desc")[0];
    // A sign stays with its amount.
    for word in ["−\u{2060}$15.00 in all", "+$20.00", "−\u{2060}$35.00"] {
        assert!(trend.contains(word), "{word} is not in {trend}");
    }
    assert_eq!(page.all("details #days tbody tr").len(), 30);
    assert_eq!(page.all("#range-total"), ["−$15.00"]);
    assert_eq!(page.all("details #closed-days tbody td"), ["4"]);
    assert_eq!(page.all("#in-minus-share").len(), 1);
    let page = browser.get("/analytics?from=2025-03-02&to=2026-03-02");
    assert_eq!(page.status, 200, "a year");
    let page = browser.get("/analytics?from=2025-03-01&to=2026-03-02");
    assert_eq!(page.status, 422);
    assert!(page.has("#from[aria-invalid=true]"));
    assert!(page.text().contains("at most 366 days"));
    assert_eq!(
        page.attribute("#from", "value").as_deref(),
        Some("2025-03-01")
    );
}
