//! The real program: two of them at once, one that dies at an event, one that is behind; the commands of the operator.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use ates::bus::{self, Holder, Selection};
use ates::platform::db::Origin;
use diesel::connection::SimpleConnection;
use serde_json::json;
use uuid::Uuid;

use crate::support::database::{count, text};
use crate::support::{Person, TestApp, wait_until};

/// A process that has the workers, and what it has logged so far.
struct Worker {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Worker {
    fn start(url: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(["serve", "--workers-only"])
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", url)
            .env("ATES_BELL_SECONDS", "3600")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (
            BufReader::new(child.stdout.take().unwrap()),
            Arc::clone(&log),
        );
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, log }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn said(&self, words: &str) -> Option<String> {
        let log = self.log.lock().unwrap();
        log.iter().find(|line| line.contains(words)).cloned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A product without workers, with a manager and two who work.
fn house() -> (TestApp, Vec<Person>) {
    let mut app = TestApp::with(|settings| settings.workers(false));
    app.expect_broken();
    let people = app.register_all(&[
        ("lev", &["manager"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
    ]);
    (app, people)
}

fn create(app: &TestApp, person: &Person, tasks: usize) -> Vec<Uuid> {
    let api = app.api(person);
    (1..=tasks)
        .map(|number| {
            let title = format!("Task {number}");
            let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
            assert_eq!(status, 201);
            task["uid"].as_str().unwrap().parse().unwrap()
        })
        .collect()
}

fn lag(app: &TestApp) -> i64 {
    let statuses = app.db().read_blocking(bus::ROLE, bus::statuses).unwrap();
    statuses.iter().map(bus::SubscriberStatus::lag).sum()
}

fn url(app: &TestApp) -> String {
    app.config().database_url.clone().unwrap()
}

fn fees(app: &TestApp) -> i64 {
    count(
        &mut app.conn(),
        "accounting.transfers where kind = 'assignment_fee'",
    )
}

#[test]
fn e03_while_nobody_dispatches_tasks_go_on_and_afterwards_all_are_charged() {
    let (app, people) = house();
    create(&app, &people[0], 10);
    assert!(lag(&app) >= 20, "the lag is shown: {}", lag(&app));
    assert_eq!(fees(&app), 0);
    app.step_all();
    assert_eq!((lag(&app), fees(&app)), (0, 10));
}

#[test]
fn e15_two_processes_share_the_work_and_no_event_has_an_effect_twice() {
    let (app, people) = house();
    // Before the workers, whose clock is the true one: by it the log-in of the test's day is over.
    create(&app, &people[0], 40);
    let url = url(&app);
    let _both = [Worker::start(&url, &[]), Worker::start(&url, &[])];
    wait_until("both are through", || lag(&app) == 0);
    assert_eq!(fees(&app), 40);
    let doubled = "(select 1 from analytics.day_totals having sum(fees_minor) <>
        (select -sum(amount_minor) from accounting.transfers where kind = 'assignment_fee')) d";
    assert_eq!(
        count(&mut app.conn(), doubled),
        0,
        "the figures count each once"
    );
    assert_eq!(count(&mut app.conn(), "bus.parked_items"), 0);
}

#[test]
fn e16_a_subscriber_that_falls_behind_is_warned_about() {
    let (app, people) = house();
    bus::pause(
        app.db(),
        "accounting.ledger",
        &Holder::Deploy,
        "a test",
        Origin::system(),
    )
    .unwrap();
    create(&app, &people[0], 3);
    let worker = Worker::start(&url(&app), &[("ATES_LAG_WARNING_EVENTS", "2")]);
    wait_until("the warning", || {
        worker.said("a subscriber is behind").is_some()
    });
    let line = worker.said("a subscriber is behind").unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["subscriber"], "accounting.ledger");
    assert_eq!(line["level"], "WARN");
    assert!(line["lag"].as_i64().unwrap() > 2, "{line}");
}

#[test]
fn an_event_that_kills_the_program_is_parked_after_three_crashes_and_the_rest_flows_on() {
    let (app, people) = house();
    let tasks = create(&app, &people[0], 3);
    let (url, kill) = (url(&app), format!("kill={}", tasks[1]));
    let others = format!(
        "accounting.transfers where kind = 'assignment_fee' and task_id in ('{}', '{}')",
        tasks[0], tasks[2]
    );
    let mut crashes = 0;
    loop {
        let mut worker = Worker::start(&url, &[("ATES_FAULTS", &kill)]);
        wait_until("it ends or is through", || {
            worker.has_ended() || lag(&app) == 0
        });
        if !worker.has_ended() {
            break;
        }
        crashes += 1;
        assert!(crashes <= 12, "the program crashes for ever");
    }
    assert!(crashes >= 3, "parked after {crashes} crashes");
    assert_eq!(count(&mut app.conn(), &others), 2, "the others are charged");
    let parked = text(
        &mut app.conn(),
        "select string_agg(distinct concat_ws(' ', subscriber, state, sequence_key), ', ') as t
         from bus.parked_items where error_class = 'crashed'",
    );
    assert!(
        parked.contains(&format!("accounting.ledger retrying {}", tasks[1])),
        "{parked}"
    );
    assert_eq!(count(&mut app.conn(), "bus.attempts"), 0);

    let all = Selection::Filter(bus::ParkedFilter::default());
    bus::replay(app.db(), &all, Origin::system()).unwrap();
    app.step_all();
    wait_until("all is mended", || {
        app.services().subscribers().iter().for_each(|subscriber| {
            bus::step(app.db(), subscriber.as_ref()).unwrap();
        });
        count(&mut app.conn(), "bus.parked_items where state <> 'done'") == 0
    });
    assert_eq!(fees(&app), 3);
}

#[test]
fn a_crash_at_any_point_of_a_step_repeats_and_loses_nothing() {
    let (app, people) = house();
    let url = url(&app);
    for point in [
        "publisher.before_append",
        "publisher.after_append",
        "publisher.after_commit",
        "subscriber.after_lock",
        "subscriber.after_read",
        "subscriber.before_effects",
        "subscriber.after_effects",
        "subscriber.after_cursor",
        "subscriber.after_commit",
    ] {
        create(&app, &people[0], 2);
        let mut worker = Worker::start(&url, &[("ATES_FAULTS", &format!("crash={point}"))]);
        wait_until("it crashes", || worker.has_ended());
    }
    let _well = Worker::start(&url, &[]);
    // So many crashes in a row may have parked an innocent event for a minute: the operator does not wait so long.
    let crashed = Selection::Filter(bus::ParkedFilter {
        error_class: Some("crashed".to_owned()),
        ..bus::ParkedFilter::default()
    });
    wait_until("it is through", || {
        if count(
            &mut app.conn(),
            "bus.parked_items where error_class = 'crashed' and state <> 'done'",
        ) > 0
        {
            bus::replay(app.db(), &crashed, Origin::system()).unwrap();
        }
        lag(&app) == 0 && count(&mut app.conn(), "tasks.tasks where status = 'saving'") == 0
    });
    assert_eq!(fees(&app), 18);
    app.assert_verified();
}

fn ates(app: &TestApp, words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(words.split(' ').map(|word| word.replace('_', " ")))
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", url(app))
        .env("USER", "masha")
        .output()
        .unwrap()
}

fn said(app: &TestApp, words: &str) -> String {
    let output = ates(app, words);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(app: &TestApp, words: &str) -> String {
    let output = ates(app, words);
    assert_eq!(output.status.code(), Some(1), "{words}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.lines().count(), 1, "one line: {error}");
    error
}

#[test]
fn the_operator_pauses_and_resumes_at_the_terminal() {
    let (app, _) = house();
    assert_eq!(
        said(&app, "events pause accounting.ledger --reason month's_end"),
        "accounting.ledger is paused by operator:masha\n"
    );
    said(
        &app,
        "events pause accounting.ledger --reason a_release --holder deploy",
    );
    let list = said(&app, "events subscribers");
    assert!(
        list.contains("accounting.ledger paused position="),
        "{list}"
    );
    assert!(list.contains("held by operator:masha since "), "{list}");
    assert!(list.contains(": month's end"), "{list}");
    assert_eq!(
        said(&app, "events resume accounting.ledger"),
        "accounting.ledger is still held by deploy\n"
    );
    assert_eq!(
        said(&app, "events resume accounting.ledger --holder deploy"),
        "accounting.ledger runs\n"
    );
    refused(&app, "events pause nobody --reason none");
    assert!(refused(&app, "events rewind accounting.ledger --to 0").contains("paused"));
    said(&app, "events pause tasks.prices --reason it_goes");
    assert_eq!(
        said(&app, "events retire tasks.prices"),
        "tasks.prices is retired\n"
    );
}

#[test]
fn the_operator_repairs_at_the_terminal() {
    let (app, people) = house();
    create(&app, &people[0], 2);
    app.conn()
        .batch_execute("revoke insert on analytics.tasks from ates_analytics")
        .unwrap();
    app.step_all();
    let parked = said(&app, "events parked --consumer analytics.projection");
    assert!(
        parked.contains("permission denied for table tasks"),
        "{parked}"
    );
    let id = parked.split(' ').next().unwrap().to_owned();
    assert!(said(&app, &format!("events parked {id}")).contains("items of its key that wait: "));
    assert_eq!(
        said(&app, "events dead --consumer analytics.projection")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count(),
        0
    );
    let count_words = said(
        &app,
        "events replay --consumer analytics.projection --dry-run",
    );
    assert!(
        count_words.ends_with(" items would be tried again\n"),
        "{count_words}"
    );
    app.conn()
        .batch_execute("grant insert on analytics.tasks to ates_analytics")
        .unwrap();
    said(&app, &format!("events retry {id}"));
    said(&app, "events replay --consumer analytics.projection");
    let work = || {
        app.services().subscribers().iter().for_each(|subscriber| {
            bus::step(app.db(), subscriber.as_ref()).unwrap();
        });
    };
    app.clock().set(chrono::Utc::now());
    wait_until("all is applied", || {
        work();
        count(&mut app.conn(), "bus.parked_items where state <> 'done'") == 0
    });
    assert!(refused(&app, &format!("events retry {}", Uuid::nil())).contains("is not parked"));
    assert_eq!(
        said(
            &app,
            "events skip --consumer analytics.projection --reason none_of_it_counts --dry-run"
        ),
        "0 items would be skipped\n"
    );

    let position =
        "select position::text as t from bus.subscribers where name = 'accounting.ledger'";
    assert!(
        said(
            &app,
            "events replay --consumer accounting.ledger --from 1 --dry-run"
        )
        .contains("would hear")
    );
    said(&app, "events replay --consumer accounting.ledger --from 1");
    assert_eq!(text(&mut app.conn(), position), "0");
    app.step_all();
    assert_eq!(fees(&app), 2, "hearing again changes nothing");
    assert!(
        refused(
            &app,
            "events replay --consumer analytics.projection --from 1"
        )
        .contains("build it again")
    );
    assert!(said(&app, "events rebuild analytics.projection").contains("is built again from "));
}
