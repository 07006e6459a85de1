//! The events as the product really writes and reads them: whole, each with its readers, old versions beside new ones (E05 to E08,
//! E11, E12). What holds without a database is tested beside the schemas' code.

mod versions;

use std::collections::{BTreeMap, BTreeSet};

use ates::accounting;
use ates::events::{self, ALL_TYPES, CATALOGUE, Event, all_schemas};
use ates::platform::db::{Lane, Origin};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database::count;
use crate::support::smtp::{Mood, SmtpSink};
use crate::support::{Person, TestApp, wait_until};

fn create_tasks(app: &TestApp, person: &Person, tasks: usize) {
    let api = app.api(person);
    for number in 1..=tasks {
        let task =
            json!({ "title": format!("Task {number}"), "jira_id": format!("POPUG-{number}") });
        assert_eq!(api.post("/api/v1/tasks", &task).0, 201);
    }
    app.drain();
}

fn complete_all(app: &TestApp, people: &[Person]) {
    for person in people {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        for task in mine["items"].as_array().unwrap() {
            let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
            assert_eq!(api.post(&path, &json!({})).0, 200);
        }
    }
    app.drain();
}

/// Two days in a company in which everything happens that an event tells of.
fn story(sink: &SmtpSink) -> TestApp {
    let app = TestApp::with(|settings| {
        [
            ("FEE_MIN", 10),
            ("FEE_MAX", 10),
            ("REWARD_MIN", 40),
            ("REWARD_MAX", 40),
        ]
        .into_iter()
        .fold(settings.smtp(&sink.url()), |settings, (key, value)| {
            settings.set(&format!("ATES_{key}"), value)
        })
    });
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("gosha", &["developer"]),
    ]);
    let (root, chief) = (&people[0], &people[1]);
    create_tasks(&app, chief, 9);
    let user = |person: &Person| format!("/api/v1/users/{}", person.id);
    let changed = json!({ "roles": ["developer", "accountant"] });
    assert_eq!(app.api(root).patch(&user(&people[3]), &changed).0, 200);
    assert_eq!(app.api(root).delete(&user(&people[4])).0, 204);
    app.drain();
    complete_all(&app, &people[2..4]);
    create_tasks(&app, chief, 4);
    assert_eq!(
        app.api(chief).post("/api/v1/tasks/reassign", &json!({})).0,
        202
    );
    app.settle_idle();
    let told = |event: &str| {
        wait_until(event, || {
            count(
                &mut app.conn(),
                &format!("bus.events where event_type = '{event}'"),
            ) > 0
        });
    };
    app.at("2026-03-03T09:00:00Z");
    accounting::settle_due(app.db(), app.config()).unwrap();
    told("email.sent");
    sink.becomes(Mood::Refuses);
    complete_all(&app, &people[2..4]);
    app.at("2026-03-04T09:00:00Z");
    accounting::settle_due(app.db(), app.config()).unwrap();
    told("email.failed");
    app.drain();
    app
}

/// The rows of one query that the other has not, both ways.
fn assert_same(app: &TestApp, what: &str, told: &str, kept: &str) {
    let conn = &mut app.conn();
    assert!(
        count(conn, &format!("({told}) told")) > 0,
        "{what}: nothing was told"
    );
    for (left, right) in [(told, kept), (kept, told)] {
        let differences = format!("(({left}) except all ({right})) d");
        assert_eq!(count(conn, &differences), 0, "{what}: {differences}");
    }
}

#[test]
fn e06_e07_e08_a_story_produces_every_event_and_the_events_alone_tell_it() {
    let sink = SmtpSink::start();
    let app = story(&sink);
    let conn = &mut app.conn();
    for kind in CATALOGUE {
        let rows = format!(
            "bus.events where event_type = '{}' and type_version = {} and topic = '{}' and producer = '{}'",
            kind.event_type, kind.version, kind.topic, kind.producer
        );
        assert!(
            count(conn, &rows) > 0,
            "the story has no {}",
            kind.event_type
        );
    }

    // E05: the whole envelope; a consequence names its cause, which is in the log before it.
    let bare = "bus.events where event_id is null or event_type is null or type_version is null or topic is null or producer is null
        or subject_id is null or correlation_id is null or recorded_at is null or payload is null or topic = '' or producer = ''";
    assert_eq!(count(conn, bare), 0);
    let orphans = "bus.events e where causation_id is not null
        and not exists (select from bus.events c where c.event_id = e.causation_id and c.seq < e.seq)";
    assert_eq!(count(conn, orphans), 0);
    assert!(count(conn, "bus.events where causation_id is not null") > 0);

    assert_same(
        &app,
        "task created: date, description, popug, write-off sum",
        "select c.subject_id, c.recorded_at, c.payload ->> 'title', c.payload ->> 'jira_id', c.payload ->> 'assignee',
           (p.payload ->> 'fee_minor')::bigint
         from bus.events c join bus.events p on p.event_type = 'task.estimated' and p.subject_id = c.subject_id
         where c.event_type = 'task.created'",
        "select t.id, t.created_at, t.title, t.jira_id, a.assignee_id::text, -f.amount_minor
         from tasks.tasks t join report_v1.assignments a on a.task_id = t.id and a.assignment_seq = 1
           join accounting.transfers f on f.task_id = t.id and f.assignment_seq = 1 and f.kind = 'assignment_fee'",
    );
    assert_same(
        &app,
        "task assigned: task, popug",
        "select e.subject_id, (e.payload ->> 'assignment_seq')::integer, (e.payload ->> 'to')::uuid
         from bus.events e where e.event_type = 'task.assigned'
         union all
         select (i ->> 'task')::uuid, (i ->> 'assignment_seq')::integer, (i ->> 'to')::uuid
         from bus.events e, jsonb_array_elements(e.payload -> 'assignments') i where e.event_type = 'tasks.reassigned'",
        "select task_id, assignment_seq, assignee_id from report_v1.assignments",
    );
    assert_same(
        &app,
        "task completed: date, popug, credit sum",
        "select c.subject_id, c.recorded_at, (c.payload ->> 'assignee')::uuid, (p.payload ->> 'reward_minor')::bigint
         from bus.events c join bus.events p on p.event_type = 'task.estimated' and p.subject_id = c.subject_id
         where c.event_type = 'task.completed'",
        "select t.id, t.completed_at, r.account_id, r.amount_minor
         from tasks.tasks t join accounting.transfers r on r.task_id = t.id and r.kind = 'completion_reward'",
    );
}

/// Every event with its producer and its consumers, as the code has it.
fn table_of_events(app: &TestApp) -> String {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut tells: BTreeMap<&str, String> = BTreeMap::new();
    for (event_type, version, text) in all_schemas() {
        let schema: Value = serde_json::from_str(text).unwrap();
        versions
            .entry(event_type)
            .or_default()
            .push(version.to_string());
        tells.insert(
            event_type,
            schema["description"].as_str().unwrap().to_owned(),
        );
    }
    let subscribers = app.services().subscribers();
    let mut lines = vec![
        "| event | versions | topic | producer | consumers | tells |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(CATALOGUE.iter().map(|kind| {
        let mut consumers: Vec<String> = subscribers
            .iter()
            .filter(|subscriber| subscriber.types().contains(&kind.event_type))
            .map(|subscriber| format!("`{}`", subscriber.name()))
            .collect();
        consumers.sort();
        let consumers = if consumers.is_empty() {
            "none".to_owned()
        } else {
            consumers.join(", ")
        };
        let (event, topic, producer) = (kind.event_type, kind.topic, kind.producer);
        let (versions, tells) = (versions[event].join(", "), &tells[event]);
        format!("| `{event}` | {versions} | {topic} | {producer} | {consumers} | {tells} |")
    }));
    lines.join("\n")
}

#[test]
fn e06_the_documented_producers_and_consumers_are_those_of_the_code() {
    let app = TestApp::with(|settings| settings.workers(false));
    let known = BTreeSet::from(ALL_TYPES);
    for subscriber in app.services().subscribers() {
        for taken in subscriber.types() {
            assert!(
                known.contains(taken),
                "{} waits for {taken} in vain",
                subscriber.name()
            );
        }
    }
    let page = include_str!("../../../docs/EVENTS.md");
    let (_, rest) = page.split_once("<!-- events -->\n").unwrap();
    let (written, _) = rest.split_once("\n<!-- /events -->").unwrap();
    assert_eq!(
        written,
        table_of_events(&app),
        "docs/EVENTS.md is out of date"
    );
}

/// What a module would publish that forgot a field.
#[derive(serde::Serialize)]
struct Forgetful {
    fee_minor: i64,
}

impl Event for Forgetful {
    const TYPE: &'static str = "task.estimated";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "task";
    const PRODUCER: &'static str = "accounting";
}

#[test]
fn e05_a_producer_that_forgets_a_field_is_refused_and_stores_nothing() {
    let app = TestApp::start();
    let before = count(&mut app.conn(), "bus.events");
    let refused =
        app.db()
            .transaction_blocking(Lane::Worker, accounting::ROLE, Origin::system(), |tx| {
                events::publish(tx, Uuid::from_u128(1), &Forgetful { fee_minor: 1_000 })
            });
    let refusal = refused.unwrap_err().to_string();
    assert!(refusal.contains("reward_minor"), "{refusal}");
    assert_eq!(count(&mut app.conn(), "bus.events"), before);
}
