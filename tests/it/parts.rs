//! Pages that are put together from parts: what a visitor sees while a part of the house is away, and what is kept for them (G05 to G07).

use std::time::{Duration, Instant};

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::operations::metrics::Scraper;
use crate::support::stopwatch::Stopwatch;
use crate::support::{Browser, Page, Person, TestApp};

/// A product with an administrator, an accountant and somebody who has tasks: three of them, one done.
struct House {
    app: TestApp,
    admin: Person,
    accountant: Person,
    popug: Person,
}

impl House {
    fn with(settings: &[(&str, &str)]) -> Self {
        let app = TestApp::with(|mut wanted| {
            for (key, value) in settings {
                wanted = wanted.set(key, value);
            }
            wanted
        });
        let admin = app.register("root", &["administrator"]);
        let popug = app.register("kesha", &["developer"]);
        let kesha = app.api(&popug);
        for title in ["Feed the macaw", "Trim a claw", "Teach a word"] {
            assert_eq!(
                kesha.post("/api/v1/tasks", &json!({ "title": title })).0,
                201
            );
        }
        app.drain();
        // Later than the tasks, as an accountant could be drawn for them too.
        let accountant = app.register("buh", &["accountant"]);
        app.drain();
        Self {
            app,
            admin,
            accountant,
            popug,
        }
    }

    fn browser(&self, person: &Person) -> Browser {
        self.app.log_in(person)
    }

    fn run(&self, statements: &str) {
        self.app.conn().batch_execute(statements).unwrap();
    }

    /// What a visitor sees while tables are called otherwise.
    fn without<T>(&self, tables: &[&str], look: impl FnOnce() -> T) -> T {
        let renamed = |from: &str, to: &str| {
            let each = tables.iter().map(|table| {
                let name = table.split('.').next_back().unwrap();
                format!("alter table {table}{from} rename to {name}{to}")
            });
            self.run(&each.collect::<Vec<_>>().join("; "));
        };
        renamed("", "_away");
        let seen = look();
        renamed("_away", "");
        seen
    }

    /// Holds tables so that nobody can read them.
    fn hold(&self, tables: &str) -> PgConnection {
        let mut holder = self.app.conn();
        let held = format!("begin; lock table {tables} in access exclusive mode");
        holder.batch_execute(&held).unwrap();
        holder
    }
}

const LEDGER: &[&str] = &["accounting.balances", "accounting.transfers"];

fn assert_whole(page: &Page) {
    assert_eq!(page.status, 200);
    assert!(!page.has(".missing"), "{:?}", page.all(".missing"));
}

/// 200, with a note for each part that is missing.
fn assert_notes(page: &Page, expected: &[&str]) {
    assert_eq!(page.status, 200);
    let notes = page.all(".missing");
    assert_eq!(notes.len(), expected.len(), "{notes:?}");
    for (note, expected) in notes.iter().zip(expected) {
        assert!(note.starts_with(expected), "{note}");
    }
}

#[test]
fn g06_one_s_tasks_are_listed_beside_the_purse_and_without_it_while_accounting_is_away() {
    let house = House::with(&[]);
    let mut browser = house.browser(&house.popug);
    let page = browser.get("/tasks");
    assert_whole(&page);
    assert_eq!(page.all("#open"), ["3"]);
    let mut account = house.browser(&house.popug);
    assert_eq!(
        page.all("#balance"),
        account.get("/account").all("#balance")
    );
    assert!(
        page.all("#balance")[0].starts_with('\u{2212}'),
        "three fees"
    );
    assert_eq!(page.all("#balance"), page.all("#earned-today"));

    let page = house.without(LEDGER, || browser.get("/tasks"));
    assert_notes(&page, &["Your money"]);
    assert_eq!(page.all("#mine tbody tr").len(), 3);
    assert_eq!(
        (page.all("#open"), page.all("#balance")),
        (vec!["3".into()], vec!["—".into()])
    );
    assert_whole(&browser.get("/tasks"));
}

#[test]
fn g06_a_slow_part_does_not_hold_the_page_beyond_its_deadline() {
    let house = House::with(&[("ATES_PART_DEADLINE_MS", "300")]);
    let (mut popug, mut admin) = (house.browser(&house.popug), house.browser(&house.admin));
    let holder = house.hold("accounting.balances, accounting.transfers");
    for (browser, path) in [(&mut popug, "/tasks"), (&mut admin, "/accounting")] {
        let (begun, watch) = (Instant::now(), Stopwatch::start());
        let page = browser.get(path);
        let (waited, took) = (begun.elapsed(), watch.elapsed());
        assert_eq!(page.status, 200, "{path}");
        assert!(page.has(".missing"), "{path}");
        assert!(
            waited >= Duration::from_millis(300),
            "{path}: it was waited for"
        );
        assert!(took < Duration::from_millis(1_500), "{path}: {took:?}");
    }
    drop(holder);
    assert_whole(&popug.get("/tasks"));
}

#[test]
fn g05_g06_the_log_shows_titles_and_amounts_with_the_ids_of_tasks_while_those_are_away() {
    let house = House::with(&[]);
    let mut browser = house.browser(&house.popug);
    let page = browser.get("/account");
    assert_whole(&page);
    let rows = page.all("#log tbody th");
    assert!(
        rows.iter().any(|row| row.contains("Trim a claw")),
        "{rows:?}"
    );
    // Tasks and titles are events that accounting keeps: its page does without the module itself.
    house.run("alter schema tasks rename to tasks_away");
    assert_whole(&browser.get("/account"));
    house.run("alter schema tasks_away rename to tasks");

    let amounts = page.all("#log .money");
    let page = house.without(&["accounting.tasks"], || browser.get("/account"));
    assert_notes(&page, &["Titles of the tasks"]);
    assert_eq!(page.all("#log .money"), amounts);
    let rows = page.all("#log tbody th");
    assert_eq!(rows.len(), 3);
    let kesha = house.app.api(&house.popug);
    let (_, tasks) = kesha.get("/api/v1/tasks/mine");
    for task in tasks["items"].as_array().unwrap() {
        let uid = task["uid"].as_str().unwrap();
        assert!(rows.iter().any(|row| row.contains(uid)), "{uid}: {rows:?}");
    }
}

#[test]
fn g06_n07_analytics_answers_with_notes_while_its_tables_are_away_and_the_rest_is_whole() {
    let house = House::with(&[]);
    let mut admin = house.browser(&house.admin);
    assert_whole(&admin.get("/analytics"));
    let tables = [
        "analytics.day_totals",
        "analytics.employees",
        "analytics.tasks",
    ];
    house.without(&tables, || {
        let page = admin.get("/analytics");
        assert_eq!(page.status, 200);
        assert_eq!(page.all(".missing").len(), 5, "{:?}", page.all(".missing"));
        let mut popug = house.browser(&house.popug);
        for path in ["/tasks", "/account"] {
            assert_whole(&popug.get(path));
        }
        assert_whole(&admin.get("/accounting"));
        assert_whole(&admin.get("/admin"));
    });
    let page = house.without(&["analytics.tasks"], || admin.get("/analytics"));
    let expected = ["Dearest closed task", "Dearest closed task of each day"];
    assert_notes(&page, &expected);
    assert!(page.has("#chart-earned"));
    assert_whole(&admin.get("/analytics"));
}

#[test]
fn g06_g10_the_company_s_page_and_the_admin_section_open_while_others_are_away() {
    let house = House::with(&[]);
    let (mut accountant, mut admin) = (
        house.browser(&house.accountant),
        house.browser(&house.admin),
    );
    house.without(&["accounting.transfers"], || {
        let page = accountant.get("/accounting");
        assert_notes(&page, &["The company's figures", "Earnings by day"]);
        assert!(page.has("#agreement"), "the reconciler's word is there");
        assert_eq!(admin.get("/admin").status, 200);
        assert_whole(&admin.get("/analytics"));
    });
    assert_whole(&accountant.get("/accounting"));
}

fn reports(scraper: &Scraper, outcome: &str) -> f64 {
    let series = format!("reports_total{{report=\"analytics\",outcome=\"{outcome}\"}}");
    scraper.value(&series).unwrap_or_default()
}

#[test]
fn g07_a_second_look_makes_no_inner_call_a_write_is_seen_at_once_and_nobody_gets_another_s() {
    let house = House::with(&[
        ("ATES_REPORT_CACHE_SECONDS", "2"),
        ("ATES_METRICS_BIND", "127.0.0.1:0"),
    ]);
    let other = house.app.register("vera", &["administrator"]);
    house.app.drain();
    let scraper = Scraper::of(&house.app);
    let (mut admin, mut vera) = (house.browser(&house.admin), house.browser(&other));
    // Logging in was a change of theirs.
    std::thread::sleep(Duration::from_millis(2_200));

    let first = admin.get("/analytics").all("#earned-today");
    assert_eq!(
        (reports(&scraper, "miss"), reports(&scraper, "hit")),
        (1.0, 0.0)
    );
    assert_eq!(admin.get("/analytics").all("#earned-today"), first);
    assert_eq!(
        (reports(&scraper, "miss"), reports(&scraper, "hit")),
        (1.0, 1.0)
    );
    // Another question is another answer.
    admin.get("/analytics?from=2026-03-01&to=2026-03-02");
    assert_eq!(reports(&scraper, "miss"), 2.0);
    // Somebody else's is never shown.
    vera.get("/analytics");
    assert_eq!(
        (reports(&scraper, "miss"), reports(&scraper, "hit")),
        (3.0, 1.0)
    );

    // A write of the same person is seen at once, and as soon as the events that follow from it are heard.
    let (status, _) = house
        .app
        .api(&house.admin)
        .post("/api/v1/tasks", &json!({ "title": "Count the feathers" }));
    assert_eq!(status, 201);
    house.app.drain();
    let after = admin.get("/analytics").all("#earned-today");
    assert_ne!(after, first, "one more fee was charged");
    assert_eq!(
        (reports(&scraper, "miss"), reports(&scraper, "hit")),
        (4.0, 1.0)
    );
    // And a right that is lost is lost, whatever is kept.
    vera.get("/analytics");
    let root = house.app.api(&house.admin);
    let path = format!("/api/v1/users/{}", other.id);
    assert_eq!(root.patch(&path, &json!({ "roles": ["developer"] })).0, 200);
    let refused = vera.get("/analytics").status;
    assert!([303, 403].contains(&refused), "{refused}");
}

#[test]
fn r25_with_nothing_kept_the_answers_are_the_same_and_each_is_read_from_the_database() {
    let house = House::with(&[("ATES_REPORT_CACHE_SECONDS", "60")]);
    let figures = |browser: &mut Browser| browser.get("/analytics").all("#earned-today");
    let kept = figures(&mut house.browser(&house.admin));
    assert!(!kept.is_empty());
    let database = house.app.stop();
    let app = TestApp::with(|settings| {
        settings
            .on(database)
            .set("ATES_METRICS_BIND", "127.0.0.1:0")
            .set("ATES_REPORT_CACHE_SECONDS", 0)
    });
    let (scraper, mut admin) = (Scraper::of(&app), app.log_in(&house.admin));
    for _ in 0..2 {
        let before = reports(&scraper, "miss");
        assert_eq!(figures(&mut admin), kept);
        assert!(reports(&scraper, "miss") > before, "it is read once more");
    }
    assert_eq!(reports(&scraper, "hit"), 0.0);
}
