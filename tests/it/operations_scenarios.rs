//! The scenario validator: a step that does not follow raises an alert that names it, a late one clears it, and a person can book
//! the entry that it proposes.

use ates::accounting;
use ates::bus;
use ates::events::{self, AssignmentReason, TaskAssigned};
use ates::operations;
use ates::platform::db::{DbRole, Lane, Origin};
use ates::platform::ids::{TaskId, UserId};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::json;
use uuid::Uuid;

use crate::support::database::{count, number, text};
use crate::support::{Browser, Person, Settings, TestApp};

const LIMIT: i64 = 180;

/// A company that does nothing of itself, with one task that is open and paid for.
struct Company {
    app: TestApp,
    chief: Person,
    kesha: Person,
    task: Uuid,
}

impl Company {
    fn open() -> Self {
        Self::with(|settings| settings)
    }

    fn with(adapt: impl FnOnce(Settings) -> Settings) -> Self {
        let app = TestApp::with(|settings| {
            adapt(
                settings
                    .workers(false)
                    .set("ATES_FEE_MIN", 10)
                    .set("ATES_FEE_MAX", 10)
                    .set("ATES_REWARD_MIN", 40)
                    .set("ATES_REWARD_MAX", 40),
            )
        });
        let people = app.register_all(&[("chief", &["manager"]), ("kesha", &["developer"])]);
        let task = create(&app, &people[0]);
        app.drain();
        let mut people = people.into_iter();
        Self {
            chief: people.next().unwrap(),
            kesha: people.next().unwrap(),
            task,
            app,
        }
    }

    fn shuffle(&self) {
        let pressed = self
            .app
            .api(&self.chief)
            .post("/api/v1/tasks/reassign", &json!({}));
        assert_eq!(pressed.0, 202);
        while count(&mut self.app.conn(), "tasks.shuffles where state <> 'done'") > 0 {
            ates::tasks::shuffle_step(self.app.db(), self.app.config()).unwrap();
        }
    }

    fn complete(&self) {
        let done = self
            .app
            .api(&self.kesha)
            .post(&format!("/api/v1/tasks/{}/complete", self.task), &json!({}));
        assert_eq!(done.0, 200);
    }

    /// Lets a subscriber pass everything unheard, as if its effect had been lost.
    fn deafen(&self, subscriber: &str) {
        self.sql(&format!(
            "update bus.subscribers set position = (select max(seq) from bus.events) where name = '{subscriber}'"
        ));
        self.app.drain();
    }

    fn sql(&self, text: &str) {
        self.app.conn().batch_execute(text).unwrap();
    }

    fn later(&self, seconds: i64) {
        self.app.clock().advance(Duration::seconds(seconds));
    }

    /// One look; then the open alerts as `scenario/step subject`.
    fn look(&self) -> Vec<String> {
        operations::watch_scenarios(self.app.db(), self.app.config()).unwrap();
        let alerts = text(
            &mut self.app.conn(),
            "select coalesce(string_agg(scenario || '/' || step || ' ' || subject, ',' order by scenario, step, subject), '') as t
             from platform.alerts where cleared_at is null",
        );
        alerts
            .split(',')
            .filter(|alert| !alert.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn cleared(&self) -> i64 {
        count(
            &mut self.app.conn(),
            "platform.alerts where cleared_at is not null",
        )
    }

    fn balance(&self) -> i64 {
        number(
            &mut self.app.conn(),
            &format!(
                "select amount_minor as n from accounting.balances where account_id = '{}'",
                self.kesha.id
            ),
        )
    }

    /// Those who ask for a correction and those who confirm it, logged in now.
    fn office(&self) -> (Browser, Browser) {
        let people = self.app.register_all(&[
            ("buh", &["accountant", "manager"]),
            ("root", &["administrator"]),
        ]);
        (self.app.log_in(&people[0]), self.app.log_in(&people[1]))
    }
}

fn create(app: &TestApp, by: &Person) -> Uuid {
    let (status, task) = app
        .api(by)
        .post("/api/v1/tasks", &json!({ "title": "Polish the perch" }));
    assert_eq!(status, 201, "{task}");
    task["uid"].as_str().unwrap().parse().unwrap()
}

#[test]
fn r16_a_suppressed_charge_is_alerted_within_the_limit_and_a_late_one_clears_it() {
    let company = Company::open();
    let (mut buh, _) = company.office();
    company.shuffle();
    company.deafen("accounting.ledger");
    company.later(LIMIT - 1);
    assert!(company.look().is_empty(), "too early");
    assert!(buh.get("/admin/scenarios").has(".strip.info"));
    company.later(1);
    let alert = format!("assignment/fee {} 2", company.task);
    assert_eq!(company.look(), std::slice::from_ref(&alert));
    assert_eq!(
        company.look(),
        [alert],
        "one alert, however often it is looked for"
    );
    let page = buh.get("/admin/scenarios");
    let row = page.all("#open tbody tr").join("\n");
    for word in [
        "the fee",
        "Assignment of a task",
        "Polish the perch",
        "assignment 2",
        "Kesha Popug",
        "−$10.00",
    ] {
        assert!(row.contains(word), "{word} is not in {row}");
    }
    assert!(
        buh.get("/admin")
            .text()
            .contains("1 planned step did not follow")
    );
    accounting::sweep(company.app.db(), company.app.config()).unwrap();
    assert!(company.look().is_empty());
    assert_eq!(company.cleared(), 1);
    let page = buh.get("/admin/scenarios");
    assert!(page.has(".strip.info") && page.all("#cleared tbody tr").len() == 1);
    assert!(!buh.get("/admin").text().contains("did not follow"));
    assert_eq!(company.balance(), -2_000);
}

#[test]
fn r17_the_proposed_entry_is_booked_by_two_people_and_the_late_event_does_not_book_it_again() {
    let company = Company::open();
    let (mut buh, mut root) = company.office();
    company.shuffle();
    let heard = number(
        &mut company.app.conn(),
        "select position as n from bus.subscribers where name = 'accounting.ledger'",
    );
    company.deafen("accounting.ledger");
    company.later(LIMIT);
    assert_eq!(company.look().len(), 1);
    let address = buh
        .get("/admin/scenarios")
        .attribute("#open a[href*='corrections']", "href")
        .unwrap();
    assert_eq!(
        address,
        format!(
            "/accounting/corrections/missing?task={}&assignment=2",
            company.task
        )
    );
    let form = buh.get(&address);
    assert_eq!(form.all("#amount"), ["−$10.00"]);
    let task = company.task.to_string();
    let fields = [
        ("task", task.as_str()),
        ("assignment", "2"),
        ("reason", "The charge of the shuffle was lost"),
    ];
    let correction = buh
        .post("/accounting/corrections/missing", &fields)
        .location
        .unwrap();
    assert_eq!(company.look().len(), 1, "asking books nothing");
    assert_eq!(
        root.post(&format!("{correction}/confirmation"), &[]).status,
        303
    );
    assert!(company.look().is_empty());
    assert_eq!((company.balance(), company.cleared()), (-2_000, 1));
    let log = buh
        .get(&format!("/account?user={}", company.kesha.id))
        .all("#log tbody tr");
    assert_eq!(log.len(), 2);
    assert!(
        log[1].contains("The charge of the shuffle was lost"),
        "{log:?}"
    );
    company.sql(&format!(
        "update bus.subscribers set position = {heard} where name = 'accounting.ledger'"
    ));
    company.app.drain();
    assert_eq!(company.balance(), -2_000);
}

#[test]
fn r17_a_charge_for_nothing_is_made_good_for_and_the_ledger_shows_both() {
    let company = Company::open();
    let (mut buh, mut root) = company.office();
    let nothing = TaskAssigned {
        from: None,
        to: UserId(company.kesha.id),
        assignment_seq: 2,
        reason: AssignmentReason::Unavailable,
    };
    company
        .app
        .db()
        .transaction_blocking(
            Lane::Worker,
            DbRole::new("ates_tasks"),
            Origin::system(),
            |tx| events::publish(tx, TaskId(company.task), &nothing),
        )
        .unwrap();
    company.app.drain();
    assert_eq!(company.balance(), -2_000);
    company.later(LIMIT);
    let alerts = company.look();
    assert!(
        alerts.len() == 1 && alerts[0].starts_with("booking/cause "),
        "{alerts:?}"
    );
    let page = buh.get("/admin/scenarios");
    assert!(
        page.all("#open tbody tr")[0].contains("Adjustment: +$10.00 Kesha Popug"),
        "{}",
        page.text()
    );
    let address = page
        .attribute("#open a[href*='corrections']", "href")
        .unwrap();
    let form = buh.get(&address);
    let filled = |field: &str| {
        form.attribute(&format!("[name='{field}']"), "value")
            .unwrap()
    };
    let values = ["employee", "amount", "transfer"].map(filled);
    let mut fields: Vec<(&str, &str)> = ["employee", "amount", "transfer"]
        .into_iter()
        .zip(values.iter().map(String::as_str))
        .collect();
    fields.push(("reason", "Nobody had been given the task"));
    let correction = buh
        .post("/accounting/corrections", &fields)
        .location
        .unwrap();
    assert_eq!(
        root.post(&format!("{correction}/confirmation"), &[]).status,
        303
    );
    assert!(company.look().is_empty());
    let log = buh
        .get(&format!("/account?user={}", company.kesha.id))
        .all("#log tbody tr");
    assert_eq!(log.len(), 3);
    assert!(
        log[1].contains("−$10.00") && log[2].contains("+$10.00"),
        "{log:?}"
    );
    company.app.assert_verified();
}

#[test]
fn r16_every_scenario_names_the_step_that_is_missing() {
    let company = Company::with(|settings| settings.smtp("smtp://127.0.0.1:9"));
    let look = |alerts: &[String], heal: &dyn Fn()| {
        company.later(LIMIT);
        assert_eq!(company.look(), alerts);
        heal();
        assert!(company.look().is_empty(), "{alerts:?} are not cleared");
    };
    let sweep = || {
        accounting::sweep(company.app.db(), company.app.config()).unwrap();
        company.app.drain();
    };
    let second = create(&company.app, &company.chief);
    company.deafen("accounting.ledger");
    look(&[format!("creation/price {second}")], &sweep);

    let third = create(&company.app, &company.chief);
    let ledger = company.app.services().subscribers();
    let ledger = ledger
        .iter()
        .find(|subscriber| subscriber.name() == "accounting.ledger")
        .unwrap();
    bus::step(company.app.db(), ledger.as_ref()).unwrap();
    company.deafen("tasks.prices");
    look(&[format!("creation/open {third}")], &|| {
        company.sql(&format!(
            "update tasks.tasks t set status = 'open', fee_minor = p.fee_minor, reward_minor = p.reward_minor
             from accounting.task_prices p where p.task_id = t.id and t.id = '{third}'"
        ));
    });

    company.complete();
    company.deafen("accounting.ledger");
    look(&[format!("completion/reward {}", company.task)], &sweep);

    let gosha = company.app.register("gosha", &["developer"]);
    let root = company.app.register("root", &["administrator"]);
    let gone = company
        .app
        .api(&root)
        .delete(&format!("/api/v1/users/{}", company.kesha.id));
    assert_eq!(gone.0, 204);
    let position = number(
        &mut company.app.conn(),
        "select position as n from bus.subscribers where name = 'tasks.employees'",
    );
    company.deafen("tasks.employees");
    look(&[format!("leaving/redraw {}", company.kesha.id)], &|| {
        company.sql(&format!(
            "update bus.subscribers set position = {position} where name = 'tasks.employees'"
        ));
        company.app.drain();
    });
    assert_eq!(
        count(
            &mut company.app.conn(),
            &format!(
                "tasks.tasks where assignee_id = '{}' and status = 'open'",
                gosha.id
            )
        ),
        2
    );

    create(&company.app, &company.chief);
    let behind = [
        "accounting.ledger",
        "analytics.projection",
        "tasks.employees",
        "tasks.prices",
    ]
    .map(|name| format!("delivery/heard {name}"));
    look(&behind, &|| company.app.drain());

    company.app.at("2026-03-03T09:00:00Z");
    assert_eq!(company.look(), ["day/close 2026-03-02"]);
    accounting::settle_due(company.app.db(), company.app.config()).unwrap();
    company.app.drain();
    assert!(company.look().is_empty());
    let payout = text(
        &mut company.app.conn(),
        "select transfer_id::text as t from accounting.payouts",
    );
    look(&[format!("payout/mail {payout}")], &|| {
        company.sql("update accounting.mails set state = 'sent', sent_at = now()");
    });
}

#[test]
fn r16_a_healthy_company_is_left_alone_and_so_is_what_a_paused_subscriber_has_not_heard() {
    let company = Company::open();
    company.shuffle();
    company.complete();
    company.app.drain();
    company.later(LIMIT);
    assert!(company.look().is_empty());
    let root = company.app.register("root", &["administrator"]);
    let mut browser = company.app.log_in(&root);
    assert_eq!(
        browser
            .post(
                "/admin/modules/accounting.ledger/pause",
                &[("reason", "a quiet Monday"), ("confirm", "yes")],
            )
            .status,
        303
    );
    create(&company.app, &company.chief);
    company.app.drain();
    for _ in 0..3 {
        company.later(LIMIT);
        assert!(
            company.look().is_empty(),
            "what waits behind a pause is not missing"
        );
    }
    assert_eq!(
        browser
            .post("/admin/modules/accounting.ledger/resume", &[])
            .status,
        303
    );
    company.app.drain();
    company.later(LIMIT);
    assert!(company.look().is_empty());
    assert_eq!(company.cleared(), 0);
}

#[test]
fn r16_the_limit_can_be_a_second_and_the_job_looks_by_itself() {
    let app = TestApp::with(|settings| {
        settings
            .set("ATES_BELL_SECONDS", 1)
            .set("ATES_SCENARIO_SECONDS", 1)
    });
    let people = app.register_all(&[("chief", &["manager"]), ("kesha", &["developer"])]);
    create(&app, &people[0]);
    app.drain();
    let lose = "set session_replication_role = replica;
        delete from accounting.transfers; update accounting.balances set amount_minor = 0, version = 0";
    app.conn().batch_execute(lose).unwrap();
    app.clock().advance(Duration::seconds(2));
    crate::support::wait_until("the job raises the alert", || {
        count(
            &mut app.conn(),
            "platform.alerts where scenario = 'creation' and step = 'fee' and cleared_at is null",
        ) == 1
    });
    app.clock().advance(Duration::seconds(60));
    crate::support::wait_until("the sweep heals it and the alert is cleared", || {
        count(
            &mut app.conn(),
            "platform.alerts where cleared_at is not null",
        ) == 1
    });
}
