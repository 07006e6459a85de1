//! The log and the tree of a click, as pages and as commands.

use std::process::Command;

use serde_json::json;

use crate::support::database::{count, text};
use crate::support::{Person, TestApp};

/// An administrator, a manager with a task of a developer, and the task's id.
fn company() -> (TestApp, Vec<Person>, String) {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("chief", &["manager"]),
        ("kesha", &["developer"]),
    ]);
    let (status, task) = app
        .api(&people[1])
        .post("/api/v1/tasks", &json!({ "title": "Draw a tree" }));
    assert_eq!(status, 201);
    app.drain();
    let uid = task["uid"].as_str().unwrap().to_owned();
    (app, people, uid)
}

fn ates(app: &TestApp, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(args)
        .env("DATABASE_URL", app.config().database_url.clone().unwrap())
        .output()
        .unwrap();
    let words = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&words).into_owned(),
    )
}

#[test]
fn one_click_is_drawn_as_a_tree_with_who_applied_it() {
    let (app, people, task) = company();
    let (code, tree) = ates(&app, &["events", "tree", &task]);
    assert_eq!(code, Some(0), "{tree}");
    let lines: Vec<&str> = tree.lines().collect();
    assert!(lines[0].starts_with("click "), "{tree}");
    let line = |start: &str| lines.iter().find(|line| line.starts_with(start)).copied();
    let created = line("  task.created v2 #").expect(&tree);
    assert!(created.contains("accounting.ledger applied"), "{created}");
    let priced = line("    task.estimated v1 #").expect(&tree);
    assert!(priced.contains("tasks.prices applied"), "{priced}");
    assert!(
        line("    audit_log_record.created v1 #").is_some(),
        "{tree}"
    );

    let event = text(
        &mut app.conn(),
        "select event_id::text as t from bus.events where event_type = 'task.estimated'",
    );
    let (_, asked) = ates(&app, &["events", "tree", &event]);
    assert!(asked.contains("    * task.estimated"), "{asked}");
    let (_, shown) = ates(&app, &["events", "show", &event]);
    assert!(shown.contains("\"fee_minor\""), "{shown}");
    let (_, tail) = ates(&app, &["events", "tail", "--lines", "3"]);
    assert_eq!(tail.lines().count(), 3, "{tail}");
    let (code, refused) = ates(&app, &["events", "tree", &people[0].id.to_string()]);
    assert_eq!(code, Some(0), "{refused}");
    let (code, refused) = ates(
        &app,
        &["events", "tree", "00000000-0000-0000-0000-00000000000a"],
    );
    assert_eq!((code, refused.lines().count()), (Some(1), 1), "{refused}");

    let mut browser = app.log_in(&people[0]);
    let page = browser.get(&format!("/admin/events/{event}"));
    assert_eq!(page.status, 200);
    assert!(page.all("#payload")[0].contains("reward_minor"));
    assert_eq!(
        page.all("#visits tbody th"),
        ["analytics.projection", "tasks.prices"]
    );
    assert!(page.all("ol.tree .asked")[0].contains("task.estimated"));
    assert!(
        page.all("ol.tree > li > ol > li a")
            .iter()
            .any(|link| link.contains("task.estimated"))
    );
    let of_task = browser.get(&format!("/admin/events/{task}"));
    assert!(
        of_task
            .all("ol.tree a")
            .iter()
            .any(|link| link.contains("task.created"))
    );
    assert_eq!(
        browser
            .get("/admin/events/00000000-0000-0000-0000-00000000000a")
            .status,
        404
    );
    assert_eq!(browser.get("/admin/events/parrot").status, 404);
}

#[test]
fn what_is_parked_shows_on_the_way_of_its_event() {
    let (app, people, task) = company();
    let mut conn = app.conn();
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        &format!(
            "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts, first_failed_at, error)
             select 'analytics.projection', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', 3, now(), 'a cat came in'
             from bus.events e where e.event_type = 'task.created' and e.subject_id = '{task}'"
        ),
    )
    .unwrap();
    let event = text(
        &mut conn,
        "select event_id::text as t from bus.parked_items",
    );
    let page = app
        .log_in(&people[0])
        .get(&format!("/admin/events/{event}"));
    assert!(page.has("#visits .chip.bad"), "{}", page.text());
    assert!(
        page.all("#visits code")
            .contains(&"a cat came in".to_owned())
    );
    let (_, tree) = ates(&app, &["events", "tree", &event]);
    assert!(tree.contains("analytics.projection dead"), "{tree}");
    diesel::connection::SimpleConnection::batch_execute(&mut conn, "delete from bus.parked_items")
        .unwrap();
}

#[test]
fn e04_the_page_of_events_filters_by_topic_type_and_subject_and_leads_on() {
    let (app, people, task) = company();
    let mut browser = app.log_in(&people[0]);
    let topics = |page: &crate::support::Page| {
        let mut topics = page.all("#events td[data-l=Topic]");
        topics.sort();
        topics.dedup();
        topics
    };
    let all = browser.get("/admin/events");
    assert_eq!(all.status, 200);
    assert_eq!(topics(&all), ["account", "money", "task"]);
    for topic in ["account", "money", "task"] {
        let page = browser.get(&format!("/admin/events?topic={topic}"));
        assert_eq!(topics(&page), [topic]);
        assert!(page.has("#filters-on"));
    }
    let typed = browser.get("/admin/events?type=task.created&topic=task");
    assert_eq!(typed.all("#events tbody tr").len(), 1);
    let about = browser.get(&format!("/admin/events?subject={task}"));
    let expected = count(
        &mut app.conn(),
        &format!("bus.events where subject_id = '{task}'"),
    );
    assert_eq!(
        about.all("#events tbody tr").len(),
        usize::try_from(expected).unwrap()
    );
    let none = browser.get("/admin/events?topic=reassign");
    assert!(none.text().contains("Nothing matches"), "{}", none.text());
    assert_eq!(browser.get("/admin/events?topic=gossip").status, 422);
    let event = text(
        &mut app.conn(),
        "select event_id::text as t from bus.events limit 1",
    );
    let found = browser.get(&format!("/admin/events?subject={event}"));
    assert_eq!(
        found.location.as_deref(),
        Some(format!("/admin/events/{event}").as_str())
    );
    let file = browser.get("/admin/events.csv?topic=task");
    assert_eq!(
        file.html.lines().count(),
        1 + usize::try_from(count(&mut app.conn(), "bus.events where topic = 'task'")).unwrap()
    );
}

#[test]
fn a55_the_log_is_read_to_its_end_page_by_page() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let names: Vec<String> = (0..120).map(|n| format!("bird{n}")).collect();
    let people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["other"] as &[&str]))
        .collect();
    app.register_all(&people);
    let mut browser = app.log_in(&root);
    for start in ["/admin/events", "/admin/events?topic=account"] {
        let (mut next, mut seen) = (Some(start.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = browser.get(&path);
            seen.extend(
                page.all("#events td[data-l=Number]")
                    .iter()
                    .map(|seq| seq.parse::<i64>().unwrap()),
            );
            next = page.attribute("a[rel=next]", "href");
        }
        let total = count(&mut app.conn(), "bus.events where topic = 'account'");
        assert_eq!(seen.len(), usize::try_from(total).unwrap(), "{start}");
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
