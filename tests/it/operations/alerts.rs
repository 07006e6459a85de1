//! The alerts and the board as files (`ops/`): every figure that they name is there, every alert has its line in the runbook, and each named
//! fault raises its figure (T-OPS-10).

use std::collections::BTreeSet;
use std::time::Duration;

use ates::accounting;
use ates::platform::metrics::{self, Away};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::metrics::Scraper;
use super::reconciler::round;
use crate::support::smtp::{Mood, SmtpSink};
use crate::support::{TestApp, wait_until};

const RULES: &str = include_str!("../../../ops/prometheus/rules.yml");
const BOARD: &str = include_str!("../../../ops/grafana/board.json");
const RUNBOOK: &str = include_str!("../../../docs/OPERATIONS.md");

/// What the language of the questions has for words of its own.
const WORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "on",
    "by",
    "sum",
    "min",
    "max",
    "rate",
    "increase",
    "changes",
    "le",
    "histogram_quantile",
    "up",
];

/// The values of a key, each on a line of its own.
fn rules(key: &str) -> Vec<&'static str> {
    let lines = RULES
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

/// Every question of the board.
fn questions(of: &Value) -> Vec<String> {
    match of {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(question) if key == "expr" => vec![question.clone()],
                value => questions(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(questions).collect(),
        _ => Vec::new(),
    }
}

/// The figures that a question names.
fn figures(question: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // Labels stand in brackets: of a choice, or behind the words that group.
    let mut plain = String::new();
    let mut labels = false;
    let mut rest = question;
    while let Some(letter) = rest.chars().next() {
        let groups = ["by (", "on ("]
            .iter()
            .find(|word| rest.starts_with(**word));
        labels |= letter == '{' || letter == '[' || groups.is_some();
        plain.push(if labels { ' ' } else { letter });
        if labels && [')', '}', ']'].contains(&letter) {
            labels = false;
        }
        rest = &rest[letter.len_utf8()..];
    }
    for word in plain.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
        let is_name = word.starts_with(|letter: char| letter.is_ascii_alphabetic());
        if is_name && !WORDS.contains(&word) {
            found.insert(word.to_owned());
        }
    }
    found
}

fn named() -> BTreeSet<String> {
    let board: Value = serde_json::from_str(BOARD).unwrap();
    let mut questions = questions(&board);
    questions.extend(rules("expr").into_iter().map(ToOwned::to_owned));
    questions
        .iter()
        .flat_map(|question| figures(question))
        .collect()
}

#[test]
fn r26_every_alert_has_its_line_in_the_runbook() {
    let alerts = rules("alert");
    assert!(alerts.len() > 20, "{alerts:?}");
    for count in ["expr", "labels", "annotations"].map(|key| rules(key).len()) {
        assert_eq!(count, alerts.len());
    }
    for alert in &alerts {
        assert!(
            RUNBOOK.contains(&format!("| `{alert}` |")),
            "{alert} has no line"
        );
    }
    for line in RUNBOOK.lines().filter(|line| line.starts_with("| `Ates")) {
        let name = line.split('`').nth(1).unwrap();
        assert!(alerts.contains(&name), "{name} is no alert");
    }
    let wanted = ["bus_lag_seconds", "bus_paused"].map(ToOwned::to_owned);
    let question = "bus_lag_seconds{sub=\"x\"} > 60 unless on (sub) bus_paused == 1";
    assert_eq!(figures(question), BTreeSet::from(wanted));
}

/// What a scrape shows, and everything that was shown before.
struct Watch {
    scraper: Scraper,
    seen: BTreeSet<String>,
}

impl Watch {
    fn value(&mut self, series: &str) -> f64 {
        let text = self.scraper.text();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let names = lines.filter_map(|line| line.split(['{', ' ']).next());
        self.seen.extend(names.map(ToOwned::to_owned));
        let found = text.lines().find_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            (name == series).then(|| value.parse().unwrap())
        });
        found.unwrap_or(0.0)
    }

    /// A fault raises a figure.
    fn raises(&mut self, fault: &str, series: &str, bring_about: impl FnOnce()) {
        let before = self.value(series);
        bring_about();
        let after = self.value(series);
        assert!(
            after > before,
            "{fault}: {series} is {after}, it was {before}"
        );
    }

    /// A fault lets a figure fall to zero, and its end brings it back.
    fn falls(&mut self, fault: &str, series: &str, bring_about: impl FnOnce(), end: impl FnOnce()) {
        assert!(self.value(series) > 0.0, "{fault}: {series}");
        bring_about();
        assert!(self.value(series) < 1.0, "{fault}: {series}");
        end();
        wait_until(fault, || self.value(series) > 0.0);
    }
}

#[test]
fn t_ops_10_every_fault_raises_its_figure_and_every_figure_of_the_alerts_is_there() {
    let sink = SmtpSink::start();
    let mut app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_METRICS_BIND", "127.0.0.1:0")
            .set("ATES_POOL_WAIT_MS", 500)
            .set("ATES_WEB_POOL", 2)
            .smtp(&sink.url())
    });
    app.expect_broken();
    let people = app.register_all(&[
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
        ("anna", &["developer"]),
    ]);
    let (chief, database) = (app.api(&people[0]), app.database_name());
    let mut watch = Watch {
        scraper: Scraper::of(&app),
        seen: BTreeSet::new(),
    };
    let sql = |text: &str| app.conn().batch_execute(text).unwrap();
    let create = || {
        chief
            .post("/api/v1/tasks", &json!({ "title": "Watch me" }))
            .0
    };
    for _ in 0..4 {
        assert_eq!(create(), 201);
    }

    // Accounting is behind (T-CRASH-3, T-CRASH-5): with workers that do nothing, its lag grows.
    let lag = "bus_lag_events{sub=\"accounting.ledger\"}";
    watch.raises("accounting is off", lag, || assert_eq!(create(), 201));
    let seconds = "bus_lag_seconds{sub=\"accounting.ledger\"}";
    watch.raises("events wait", seconds, || {
        app.clock().advance(chrono::Duration::seconds(90));
    });
    let paused = "bus_paused{sub=\"accounting.ledger\",holder=\"deploy\"}";
    watch.raises("accounting is paused", paused, || {
        super::metrics::pause(&app)
    });
    super::metrics::resume(&app);
    app.drain();

    // Mails (T-MAIL-1, T-MAIL-4).
    for person in &people[1..] {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        for task in mine["items"].as_array().unwrap() {
            let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
            assert_eq!(api.post(&path, &json!({})).0, 200);
        }
    }
    app.drain();
    app.at("2026-03-03T02:00:00Z");
    accounting::settle_due(app.db(), app.config()).unwrap();
    let send_mails = || {
        let services = app.services();
        accounting::mail_step(&services.db, &services.mailer, &services.config).unwrap();
    };
    sink.becomes(Mood::Busy);
    let waiting = "ates_mails{state=\"waiting\"}";
    watch.raises("the mail server is busy", waiting, send_mails);
    app.clock().advance(chrono::Duration::minutes(5));
    sink.becomes(Mood::Refuses);
    let failed = "ates_mails{state=\"failed\"}";
    watch.raises("addresses are refused", failed, send_mails);
    app.drain();

    // The database (T-DB-1 to T-DB-7).
    let chief = app.api(&people[0]);
    let create = || {
        let made = chief.post("/api/v1/tasks", &json!({ "title": "Watch me" }));
        made.0
    };
    let errors = "ates_requests_total{class=\"5xx\"}";
    watch.raises("a table cannot be written", errors, || {
        sql("revoke insert on tasks.tasks from ates_tasks");
        assert_eq!(create(), 503);
        sql("grant insert on tasks.tasks to ates_tasks");
    });
    watch.raises(
        "connections are exhausted",
        "ates_no_connection_total",
        || {
            let mut lock = app.conn();
            lock.batch_execute("begin; lock table tasks.tasks").unwrap();
            std::thread::scope(|scope| {
                let presses: Vec<_> = (0..6).map(|_| scope.spawn(create)).collect();
                for press in presses {
                    assert_eq!(press.join().unwrap(), 503);
                }
            });
            lock.batch_execute("rollback").unwrap();
        },
    );
    let tell = |text: &str| app.server_conn().batch_execute(text).unwrap();
    let cut = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}' and pid <> pg_backend_pid()"
    );
    watch.falls(
        "only reading is possible",
        "ates_ready",
        || {
            tell(&format!(
                "alter database {database} set default_transaction_read_only = on"
            ));
            tell(&cut);
        },
        || {
            tell(&format!(
                "alter database {database} reset default_transaction_read_only"
            ));
            tell(&cut);
        },
    );
    tell(&format!(
        "alter database {database} allow_connections false"
    ));
    tell(&cut);
    assert!(watch.value("ates_database_up") < 1.0);
    assert!(watch.value("ates_ready") < 1.0);
    tell(&format!("alter database {database} allow_connections true"));
    wait_until("the database is back", || {
        watch.value("ates_database_up") > 0.0
    });

    // Rows are changed past the program (T-DB-9, T-OPS-5); somebody paused a consumer before, since nothing is changed after.
    super::metrics::pause(&app);
    let differ = "ates_reconciler_differences";
    for _ in 0..2 {
        round(&app);
    }
    watch.raises("a balance is edited", differ, || {
        sql("set session_replication_role = replica; update accounting.balances set amount_minor = amount_minor + 1;
             set session_replication_role = origin");
        round(&app);
    });
    assert!(watch.value("ates_emergency_stop") > 0.0);

    // What the rest of the house counts, as its own tests bring it about.
    sql("insert into platform.job_runs (job, run_key, state, started_at) values ('a.test', '1', 'waiting', '2026-03-02T09:00:00Z');
         insert into platform.alerts (id, scenario, step, subject, since, raised_at)
           values (gen_random_uuid(), 'a test', 'a step', 'a subject', '2026-03-02T09:00:00Z', '2026-03-02T09:00:00Z')");
    metrics::kick(app.clock().now());
    metrics::retry("a.test", "unexpected");
    metrics::delivery("a-test", "away");
    metrics::part_missed("a.test", metrics::Missed::Late);
    metrics::turned_away(Away::Full);
    metrics::batch("a.test", Duration::from_millis(1), 1);
    metrics::report("a.test", metrics::Looked::Read);
    assert!(watch.value("ates_scenario_alerts") > 0.0);
    let missing: Vec<String> = named().difference(&watch.seen).cloned().collect();
    assert!(missing.is_empty(), "not at /metrics: {missing:?}");
}
