//! What pages and use cases ask of the database when there is a past: how many statements, and none that reads a partitioned table
//! from one end to the other. Counts and plans, never seconds.

pub mod history;
mod pages;
pub mod recorder;

use ates::operations::{self, INVARIANTS, Window};
use ates::platform::workers::Progress;
use ates::{accounting, bus};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::json;

use crate::operations::reconciler::round;
use crate::support::client::Api;
use crate::support::database::{count, number};
use crate::support::{PASSWORD, TestApp, wait_until};
use recorder::asked;

/// The trips to the server of each use case, those that find out who asks and the beginning and the end of transactions included. Who
/// finds a way to do with fewer lowers the figure; a new statement in a use case is a decision.
const TRIPS: &[(&str, usize)] = &[
    ("log in over the API", 14),
    ("change the roles of somebody", 16),
    ("create a task over the API", 12),
    ("complete a task over the API", 10),
    ("log in with a browser", 13),
    ("create a task with a form", 12),
    ("complete a task with a form", 9),
    ("press for a shuffle over the API", 10),
    ("a chunk of a shuffle among the same people", 11),
    ("a page of events is booked", 18),
    ("a page of events is seen by analytics", 14),
    ("ask for a correction", 8),
    ("confirm a correction", 13),
    ("a date of up to a thousand accounts is closed", 51),
];

/// Ends all sessions of the program: then they have told Postgres what they counted.
pub fn tell_counts(app: &TestApp) {
    let mut conn = app.conn();
    let others = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'ates %'";
    wait_until("all sessions have told their counts", || {
        number(
            &mut conn,
            &format!("select count(pg_terminate_backend(pid)) as n {others}"),
        ) == 0
    });
}

#[test]
fn use_cases_ask_as_many_statements_as_were_counted() {
    recorder::record();
    let mut trips: Vec<(&str, Vec<String>)> = Vec::new();
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
        ("buh", &["accountant"]),
        ("root", &["administrator"]),
    ]);
    history::write(&app, 30, 3, 300);
    app.conn()
        .batch_execute(
            "update auth.users set password_hash = (select password_hash from auth.users where username = 'kesha') where username = 'popug1'",
        )
        .unwrap();
    let (database, chief) = (app.database_name(), app.api(&people[0]));
    let worker = Api::log_in(app.base(), "popug1", PASSWORD);
    let log_in = asked(&database, || {
        Api::log_in(app.base(), "popug1", PASSWORD);
    });
    trips.push(("log in over the API", log_in));
    let root = app.api(&people[3]);
    let grant = |roles: &[&str]| {
        let path = format!("/api/v1/users/{}", people[1].id);
        assert_eq!(root.patch(&path, &json!({ "roles": roles })).0, 200);
    };
    grant(&["developer", "accountant"]);
    let granted = asked(&database, || grant(&["developer"]));
    trips.push(("change the roles of somebody", granted));

    let create = |title: &str| {
        let (status, task) = worker.post("/api/v1/tasks", &json!({ "title": title }));
        assert_eq!(status, 201, "{task}");
    };
    create("The first of a kind may open a connection");
    trips.push((
        "create a task over the API",
        asked(&database, || create("A task")),
    ));

    let (_, mine) = worker.get("/api/v1/tasks/mine?status=open");
    let complete = || {
        let path = format!(
            "/api/v1/tasks/{}/complete",
            mine["items"][0]["uid"].as_str().unwrap()
        );
        assert_eq!(worker.post(&path, &json!({})).0, 200);
    };
    trips.push(("complete a task over the API", asked(&database, complete)));
    let mut browser = None;
    let log_in = asked(&database, || browser = Some(app.log_in(&people[1])));
    trips.push(("log in with a browser", log_in));
    let mut browser = browser.unwrap();
    let mut create = || {
        let page = browser.post("/tasks", &[("title", "A task of a form")]);
        assert_eq!(page.status, 303, "{}", page.text());
    };
    create();
    trips.push(("create a task with a form", asked(&database, create)));
    app.step_all();
    let mine = worker.get("/api/v1/tasks/mine?status=open").1["items"].clone();
    let mut hers = history::browser_of(&app, history::person(&app, 1));
    let mut complete = |place: usize| {
        let path = format!("/tasks/{}/completion", mine[place]["uid"].as_str().unwrap());
        assert_eq!(hers.post(&path, &[]).status, 303);
    };
    complete(0);
    trips.push((
        "complete a task with a form",
        asked(&database, || complete(1)),
    ));
    app.step_all();

    let press = || assert_eq!(chief.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    press();
    app.settle_idle();
    trips.push(("press for a shuffle over the API", asked(&database, press)));
    app.clock().advance(Duration::seconds(1));
    let chunk = || {
        ates::tasks::shuffle_step(app.db(), app.config()).unwrap();
    };
    trips.push((
        "a chunk of a shuffle among the same people",
        asked(&database, chunk),
    ));

    let subscribers = app.services().subscribers();
    let step = |name: &str| {
        let one = subscribers.iter().find(|one| one.name() == name).unwrap();
        asked(&database, || {
            bus::step(app.db(), one.as_ref()).unwrap();
        })
    };
    let before = count(&mut app.conn(), "accounting.transfers");
    let booked = step("accounting.ledger");
    assert!(count(&mut app.conn(), "accounting.transfers") > before + 290);
    trips.push(("a page of events is booked", booked));
    let seen = step("analytics.projection");
    trips.push(("a page of events is seen by analytics", seen));

    app.settle_idle();
    let (mut asks, mut confirms) = (app.log_in(&people[2]), app.log_in(&people[3]));
    let mut correct = || {
        let fields = [
            ("employee", "popug1"),
            // So much that somebody is paid for the date.
            ("amount", "900.00"),
            ("reason", "By mistake"),
        ];
        let mut correction = None;
        let asked_for = asked(&database, || {
            correction = asks.post("/accounting/corrections", &fields).location;
        });
        let path = format!("{}/confirmation", correction.unwrap());
        let confirmed = asked(&database, || {
            assert_eq!(confirms.post(&path, &[]).status, 303);
        });
        (asked_for, confirmed)
    };
    correct();
    let (asked_for, confirmed) = correct();
    trips.push(("ask for a correction", asked_for));
    trips.push(("confirm a correction", confirmed));

    app.settle_idle();
    app.clock().advance(Duration::days(1));
    let settled = asked(&database, || {
        assert_eq!(
            accounting::settle_due(app.db(), app.config())
                .unwrap()
                .len(),
            1
        );
    });
    let payouts = "accounting.payouts where employee_id = (select id from auth.users where username = 'popug1')";
    assert!(count(&mut app.conn(), payouts) > 0);
    trips.push(("a date of up to a thousand accounts is closed", settled));
    app.step_all();

    let counts: Vec<_> = trips.iter().map(|(work, all)| (*work, all.len())).collect();
    assert_eq!(counts, TRIPS, "{trips:#?}");
}

#[test]
fn what_is_asked_at_every_click_is_planned_once() {
    recorder::record();
    let app = TestApp::with(|settings| settings.workers(false));
    let kesha = app.register("kesha", &["developer"]);
    let boss = app.register("boss", &["administrator"]);
    let (api, mut browser) = (app.api(&kesha), app.log_in(&kesha));
    let mut office = app.log_in(&boss);
    let database = app.database_name();
    let mut uid = String::new();
    let mut all = asked(&database, || {
        let (status, task) = api.post("/api/v1/tasks", &json!({ "title": "Feed the cat" }));
        assert_eq!(status, 201, "{task}");
        task["uid"].as_str().unwrap().clone_into(&mut uid);
    });
    all.extend(asked(&database, || {
        app.step_all();
        assert_eq!(browser.get("/tasks").status, 200);
        assert_eq!(browser.get("/account").status, 200);
        let today = app.clock().now().date_naive();
        for page in [
            format!("/account?from={today}&to={today}"),
            format!("/account/statement?from={today}&to={today}"),
            format!("/tasks/{uid}"),
        ] {
            assert_eq!(browser.get(&page).status, 200);
        }
        for page in [
            "/accounting".to_owned(),
            "/accounting/balances".to_owned(),
            "/accounting/corrections".to_owned(),
            "/admin/scenarios".to_owned(),
            format!("/accounting/days/{today}/statement"),
        ] {
            assert_eq!(office.get(&page).status, 200);
        }
        let path = format!("/api/v1/tasks/{uid}/complete");
        assert_eq!(api.post(&path, &json!({})).0, 200);
    }));
    let (status, task) = api.post("/api/v1/tasks", &json!({ "title": "Feed the dog" }));
    assert_eq!(status, 201, "{task}");
    app.step_all();
    let chief = app.api(&app.register("chief", &["manager"]));
    let press = || {
        let (status, run) = chief.post("/api/v1/tasks/reassign", &json!({}));
        assert_eq!(status, 202, "{run}");
        format!("/shuffles/{}", run["uid"].as_str().unwrap())
    };
    let chunk = || ates::tasks::shuffle_step(app.db(), app.config()).unwrap();
    let run = press();
    while chunk() == Progress::More {}
    all.extend(asked(&database, || {
        assert_eq!(office.get(&run).status, 200)
    }));
    press();
    all.extend(asked(&database, || assert_eq!(chunk(), Progress::More)));
    let anew: Vec<_> = all
        .iter()
        .filter(|words| !recorder::is_kept(words))
        .collect();
    assert!(all.len() > 25 && anew.is_empty(), "{anew:#?}");
}

#[test]
fn a_chunk_of_a_shuffle_is_small_while_people_append() {
    let app = TestApp::with(|settings| settings.workers(false));
    let chief = app.register("chief", &["manager"]);
    history::write(&app, 30, 1, 600);
    let moved = || count(&mut app.conn(), "tasks.journal where run_id is not null");
    let before = moved();
    let step = || {
        ates::tasks::shuffle_step(app.db(), app.config()).unwrap();
        moved() - before
    };
    app.clock().advance(Duration::seconds(1));
    // The log-in before a press appends to the log as well, which is no crowd.
    let api = app.api(&chief);
    let press = || {
        let (status, run) = api.post("/api/v1/tasks/reassign", &json!({}));
        assert_eq!(status, 202, "{run}");
    };
    press();
    assert_eq!(step(), 600);
    step();
    press();
    for title in ["Feed one parrot", "Feed two parrots"] {
        let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
        assert_eq!(status, 201, "{task}");
    }
    assert_eq!(step(), 600 + 250);
    app.clock().advance(Duration::seconds(1));
    assert_eq!(step(), 600 + 600);
    app.settle_idle();
}

#[test]
fn no_chunk_of_a_close_reads_everybody() {
    const PEOPLE: i64 = 4_000;
    // Forty chunks. Each that read a table of everybody would add forty rows a person; the statements, the transfers and the seal of
    // a person are some forty.
    const EACH: i64 = 50;
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_PAYOUT_CHUNK", 100));
    history::write_until_close(&app, PEOPLE as usize, 1, 0);
    let read = || {
        tell_counts(&app);
        number(
            &mut app.conn(),
            "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as n from pg_stat_user_tables",
        )
    };
    let before = read();
    let closed = accounting::settle_due(app.db(), app.config()).unwrap();
    let rows = read() - before;
    assert_eq!(closed.len(), 1);
    assert_eq!(count(&mut app.conn(), "accounting.payouts"), PEOPLE);
    println!("{rows} rows are read for {PEOPLE} accounts");
    assert!(rows < EACH * PEOPLE, "{rows}");
}

#[test]
fn the_end_of_the_log_is_found_by_its_index_however_small_the_log_was() {
    let app = TestApp::with(|settings| settings.workers(false));
    let mut conn = app.conn();
    // With these statistics Postgres would rather read the log, and go on so when it has grown.
    conn.batch_execute("analyze bus.events; begin").unwrap();
    conn.batch_execute("select bus.head(), bus.append(now(), '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')")
        .unwrap();
    let scans = |how: &str| {
        format!(
            "select sum({how})::bigint as n from pg_stat_xact_user_tables where schemaname = 'bus' and relname ~ '^events_'"
        )
    };
    assert_eq!(number(&mut conn, &scans("seq_scan")), 0);
    assert!(number(&mut conn, &scans("idx_scan")) >= 2);
}

/// What was touched on a date began lately, so nothing before that is looked into.
#[test]
fn a_round_of_the_reconciler_looks_into_no_month_before_its_tasks_began() {
    let app = TestApp::with(|settings| settings.workers(false));
    history::write(&app, 20, 120, 100);
    round(&app);
    app.conn()
        .batch_execute("update platform.reconciler set slice_after = '2026-02-20'")
        .unwrap();
    let before = looked(&app);
    round(&app);
    let after = looked(&app);
    assert_eq!(after.0, before.0);
    assert!(after.1 > before.1);
}

/// How often months of the ledger and the journal were looked into so far: of a past that goes from November to the first of March, those
/// before February and the others.
fn looked(app: &TestApp) -> (i64, i64) {
    tell_counts(app);
    let [old, new] = ["2025_11|2025_12|2026_01", "2026_02|2026_03"].map(|months| {
        let sql = format!(
            "select sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::bigint as n from pg_stat_user_tables
             where relname ~ '^(transfers|journal)_({months})'"
        );
        number(&mut app.conn(), &sql)
    });
    (old, new)
}

/// A look at the steps of the planned scenarios comes each minute, and asks about what happened lately.
#[test]
fn a_look_at_the_scenarios_looks_into_no_month_before_what_it_asks_about() {
    let app = TestApp::with(|settings| settings.workers(false));
    history::write(&app, 20, 120, 100);
    let program = app.api(&app.register("kesha", &["developer"]));
    let (status, task) = program.post("/api/v1/tasks", &json!({ "title": "Feed the cat" }));
    assert_eq!(status, 201, "{task}");
    app.step_all();
    let told = "bus.events where event_type = 'audit_log_record.created'";
    assert!(count(&mut app.conn(), told) > 0);
    app.clock().advance(Duration::minutes(20));
    let before = looked(&app);
    operations::watch_scenarios(app.db(), app.config()).unwrap();
    let after = looked(&app);
    assert_eq!(after.0, before.0);
    assert!(after.1 > before.1);
}

/// Of a day's first completions the statistics know nothing: Postgres expects one, and looks for each in turn whether it is booked.
#[test]
fn what_waits_is_looked_for_by_index_where_it_is_looked_for_one_by_one() {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    let app = TestApp::with(|settings| settings.workers(false));
    history::write(&app, 30, 3, 300);
    let mut conn = app.conn();
    let waiting = INVARIANTS.iter().find(|one| one.number == 6).unwrap();
    for sql in waiting.sql {
        let sql = Window::ALL.text(sql);
        conn.batch_execute(&format!(
            "set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off;
             prepare waiting (timestamptz, date, date) as {sql}"
        ))
        .unwrap();
        let plan: Vec<Line> = sql_query("explain execute waiting (now(), '-infinity', 'infinity')")
            .load(&mut conn)
            .unwrap();
        let plan: Vec<&str> = plan.iter().map(|line| line.plan.as_str()).collect();
        let compared = |line: &&str| line.contains("Join Filter") && line.contains("task_id");
        assert!(!plan.iter().any(compared), "{}", plan.join("\n"));
        assert!(
            plan.iter().any(|line| line.contains("Anti Join")),
            "{}",
            plan.join("\n")
        );
    }
}
