//! The events as the product really writes and reads them: whole, each with its readers, old versions beside new ones (E05 to E08,
//! E11, E12). What holds without a database is tested beside the schemas' code.

use std::collections::{BTreeMap, BTreeSet};

use ates::accounting;
use ates::events::{self, ALL_TYPES, CATALOGUE, Event, all_schemas};
use ates::platform::db::{Lane, Origin};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database::{TestDatabase, count};
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
    let page = include_str!("../../docs/EVENTS.md");
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

/// Makes the stored `task.created` of a title another one, as another release would have written it.
fn rewrite(app: &TestApp, title: &str, version: i16, payload: &str) {
    let rewritten = format!(
        "begin; set local session_replication_role = replica;
         update bus.events set type_version = {version}, payload = {payload}
         where event_type = 'task.created' and payload ->> 'title' = '{title}'; commit"
    );
    app.conn().batch_execute(&rewritten).unwrap();
}

const NEXT_RELEASE: &str = "payload || '{\"colour\": \"green\"}'";

#[test]
fn e11_two_versions_in_one_stream_are_handled_and_an_unknown_one_is_kept_until_it_is_known() {
    let mut app = TestApp::with(|settings| settings.workers(false));
    app.expect_planted_events();
    let people = app.register_all(&[("kesha", &["developer"]), ("chief", &["manager"])]);
    let api = app.api(&people[1]);
    for title in ["Old", "New", "Unheard of", "Last"] {
        let task = json!({ "title": title, "jira_id": "POPUG-1" });
        assert_eq!(api.post("/api/v1/tasks", &task).0, 201);
    }
    rewrite(
        &app,
        "Old",
        1,
        "payload - 'jira_id' || '{\"title\": \"[POPUG-1] - Old\"}'",
    );
    rewrite(&app, "Unheard of", 9, NEXT_RELEASE);
    app.drain();
    let conn = &mut app.conn();
    let same = |module: &str, titles: &str| {
        format!(
            "tasks.tasks t join {module}.tasks c on c.id = t.id and c.title = t.title and c.jira_id = t.jira_id
             where t.title in ({titles})"
        )
    };
    for module in ["accounting", "analytics"] {
        assert_eq!(
            count(conn, &same(module, "'Old', 'New', 'Last'")),
            3,
            "{module}"
        );
        let kept = format!(
            "bus.parked_items p join bus.events e on e.event_id = p.event_id
             where e.type_version = 9 and p.state in ('retrying', 'blocked', 'dead') and p.subscriber like '{module}.%'"
        );
        assert_eq!(count(conn, &kept), 1, "{module} keeps the unknown version");
    }
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 3);
    assert_eq!(
        count(conn, "report_v1.dead_letters where error like '%v9%'"),
        2
    );

    // The next release knows the version; it takes up by itself what this one could not read.
    rewrite(&app, "Unheard of", 2, "payload - 'colour'");
    let database = app.stop();
    let mut app = TestApp::with(|settings| settings.on(database));
    app.expect_planted_events();
    wait_until("the fourth task is priced", || {
        count(&mut app.conn(), "tasks.tasks where status = 'open'") == 4
    });
    for module in ["accounting", "analytics"] {
        let conn = &mut app.conn();
        let known = same(module, "'Unheard of'");
        wait_until("the fourth task is known", || count(conn, &known) == 1);
    }
    let waiting = "bus.parked_items where state in ('retrying', 'blocked', 'dead')";
    wait_until("nothing is parked", || count(&mut app.conn(), waiting) == 0);
}

/// What the first release left behind: people who are known to tasks, and 300 new tasks that nobody has heard of, told of in the
/// first version of `task.created`.
const FIRST_RELEASE: &str = "
    create temp table people as select n, md5('person' || n)::uuid as id, '2026-03-02 08:00+00'::timestamptz as at
      from generate_series(1, 3) n;
    create temp table seed as
      select n, md5('task' || n)::uuid as task, md5('created' || n)::uuid as created, md5('assigned' || n)::uuid as assigned,
        md5('person' || 1 + n % 3)::uuid as assignee, '2026-03-02 08:00+00'::timestamptz as at,
        case n % 4 when 0 then format('[POPUG-%s] - Fix %s', n, n) when 1 then format('[UBERPOP-%s] Fix %s', n, n)
          when 2 then format('Fix %s', n) else format('[срочно] Fix %s', n) end as old_title,
        case n % 4 when 3 then format('срочно Fix %s', n) else format('Fix %s', n) end as title,
        case n % 4 when 0 then format('POPUG-%s', n) when 1 then format('UBERPOP-%s', n) end as jira_id
      from generate_series(1, 300) n;
    insert into auth.users (id, username, email, name, surname, created_at, updated_at)
      select id, 'popug' || n, 'popug' || n || '@uberpopug.example', 'Popug', n::text, at, at from people;
    insert into auth.user_roles select id, 'developer' from people;
    insert into tasks.employees select id, 'Popug ' || n, true, true, 1 from people;
    insert into tasks.tasks (id, title, jira_id, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
      select task, title, jira_id, 'saving', assignee, 1, at, assignee, at from seed order by n;
    insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignee_id)
      select task, 'create', at, assignee, created, assignee from seed order by n;
    insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, assignee_id)
      select task, 'assign', at, assignee, assigned, 1, assignee from seed order by n;
    select bus.append(max(at), array_agg(event order by n), array_agg(type order by n), array_agg(1::smallint),
        array_agg(topic order by n), array_agg(producer order by n), array_agg(subject order by n), array_agg(1),
        array_agg(event order by n), array_agg(null::uuid), array_agg(null::uuid), array_agg(data order by n))
      from (
        select n - 10 as n, at, md5('joined' || n)::uuid as event, 'account.created' as type, 'account' as topic, 'auth' as producer,
          id as subject, jsonb_build_object('username', 'popug' || n, 'email', 'popug' || n || '@uberpopug.example', 'name', 'Popug',
            'surname', n::text, 'language', null, 'roles', array['developer'], 'version', 1) as data from people
        union all
        select 2 * n, at, created, 'task.created', 'task', 'tasks', task, jsonb_build_object('title', old_title,
          'assignee', assignee, 'assignment', assigned, 'created_by', assignee) from seed
        union all
        select 2 * n + 1, at, assigned, 'task.assigned', 'task', 'tasks', task, jsonb_build_object('from', null,
          'to', assignee, 'assignment_seq', 1, 'reason', 'created') from seed
      ) told;
    insert into bus.subscribers (name, position) values
      ('tasks.employees', 3), ('tasks.prices', 0), ('accounting.ledger', 0), ('analytics.projection', 0);";

#[test]
fn e12_a_database_of_the_first_release_with_undelivered_events_loses_nothing() {
    let database = TestDatabase::of_release("20261121000007");
    let mut conn = database.connect();
    conn.batch_execute(FIRST_RELEASE).unwrap();
    assert_eq!(
        count(
            &mut conn,
            "bus.events where type_version = 1 and event_type = 'task.created'"
        ),
        300
    );
    ates::platform::db::migrate(&mut conn).unwrap();
    drop(conn);

    let mut app = TestApp::with(|settings| settings.on(database));
    app.expect_planted_events();
    app.drain();
    let conn = &mut app.conn();
    assert_eq!(count(conn, "tasks.tasks where status = 'open'"), 300);
    assert_eq!(
        count(conn, "accounting.transfers where kind = 'assignment_fee'"),
        300
    );
    assert_eq!(count(conn, "bus.parked_items"), 0);
    for module in ["accounting", "analytics"] {
        let split = format!(
            "tasks.tasks t join {module}.tasks c on c.id = t.id
             where c.title = t.title and c.jira_id is not distinct from t.jira_id and c.title !~ '[][]'"
        );
        assert_eq!(count(conn, &split), 300, "{module}");
    }
}
