//! Feeds by secret addresses (S-3): what they tell, to whom, and until when.

use ates::accounting::settle_due;
use ates::auth::Role;
use atom_syndication::Feed;
use icalendar::{Calendar, Component};
use serde_json::json;

use crate::support::client::{Browser, Page};
use crate::support::database::{count, number};
use crate::support::{PASSWORD, Person, TestApp};

/// Makes an address of somebody; gives its path.
fn make(browser: &mut Browser, kind: &str) -> String {
    let page = browser.post_confirmed(&format!("/profile/feeds/{kind}"), &[]);
    assert_eq!(page.status, 200, "{}", page.html);
    path_of(&page)
}

/// The path of the address that a page shows.
fn path_of(page: &Page) -> String {
    let address = page.all("#address").remove(0);
    let start = address.find("/feeds/").unwrap();
    address[start..].to_owned()
}

/// Reads an address as a program does: without cookies.
fn read(app: &TestApp, path: &str) -> Page {
    app.browser().get(path)
}

/// Kesha has a task, and did another.
fn kesha(app: &TestApp) -> (Person, String) {
    let kesha = app.register("kesha", &["developer"]);
    let api = app.api(&kesha);
    let mut ids = Vec::new();
    for title in ["Feed <the> birds & fly", "Sing"] {
        let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
        assert_eq!(status, 201, "{task}");
        app.drain();
        ids.push(task["uid"].as_str().unwrap().to_owned());
    }
    let done = api.post(&format!("/api/v1/tasks/{}/complete", ids[1]), &json!({}));
    assert_eq!(done.0, 200, "{}", done.1);
    app.drain();
    (kesha, ids.remove(0))
}

#[test]
fn s3_the_feed_of_tasks_tells_ones_own_open_tasks() {
    let app = TestApp::start();
    let (kesha, task) = kesha(&app);
    let mut browser = app.log_in(&kesha);
    let path = make(&mut browser, "tasks");
    let page = read(&app, &path);
    assert_eq!(page.status, 200, "{}", page.html);
    assert_eq!(
        page.headers["content-type"],
        "application/atom+xml; charset=utf-8"
    );
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["cache-control"], "no-store");
    let feed = Feed::read_from(page.bytes.as_slice()).unwrap();
    assert_eq!(feed.entries.len(), 1, "what is done is not there");
    let entry = &feed.entries[0];
    assert_eq!(entry.id, format!("urn:uuid:{task}"));
    assert!(
        entry.title.value.ends_with("Feed <the> birds & fly"),
        "{}",
        entry.title.value
    );
    assert_eq!(
        entry.links[0].href,
        app.config()
            .base_url
            .join(&format!("/tasks/{task}"))
            .unwrap()
            .to_string(),
        "it leads to the task"
    );
    assert_eq!(entry.categories[0].term, "open");

    // Its owner sees that it was read; the secret itself is nowhere.
    assert!(!browser.get("/profile/feeds").html.contains(&path));
    let secret = path.split('/').nth(2).unwrap();
    let kept = format!("auth.feeds where encode(token_hash, 'hex') = '{secret}'");
    assert_eq!(count(&mut app.conn(), &kept), 0);
    let used = "auth.feeds where kind = 'tasks' and last_used_at is not null";
    assert_eq!(count(&mut app.conn(), used), 1);
    let audited = format!("platform.audit_log where detail::text like '%{secret}%'");
    assert_eq!(count(&mut app.conn(), &audited), 0);
    let language = [("language", "ru")];
    assert_eq!(browser.post("/profile/language", &language).status, 303);
    let russian = read(&app, &path);
    assert!(russian.html.contains("открыта"), "{}", russian.html);
}

#[test]
fn s3_the_calendar_tells_the_days_of_ones_payouts_and_the_next_one() {
    let app = TestApp::start();
    let (kesha, _) = kesha(&app);
    let path = make(&mut app.log_in(&kesha), "payouts");
    app.at("2026-03-02T22:00:00Z");
    settle_due(app.db(), app.config()).unwrap();
    let paid = number(
        &mut app.conn(),
        "select coalesce(max(amount_minor), 0) as n from accounting.payouts",
    );
    let page = read(&app, &path);
    assert_eq!(page.status, 200, "{}", page.html);
    assert_eq!(page.headers["content-type"], "text/calendar; charset=utf-8");
    let calendar: Calendar = page.html.parse().unwrap();
    let told: Vec<(String, String)> = calendar
        .events()
        .map(|event| {
            (
                event.property_value("DTSTART").unwrap().to_owned(),
                event.get_summary().unwrap().to_owned(),
            )
        })
        .collect();
    let days: Vec<&str> = told.iter().map(|(day, _)| day.as_str()).collect();
    if paid > 0 {
        assert_eq!(days, ["20260302", "20260303"], "{told:?}");
        let sum = format!("+${}.{:02}", paid / 100, paid % 100);
        assert!(told[0].1.contains(&sum), "{told:?}");
    } else {
        assert_eq!(days, ["20260303"], "{told:?}");
    }
    let ends: Vec<&str> = calendar
        .events()
        .filter_map(|event| event.property_value("DTEND"))
        .collect();
    assert_eq!(
        ends.last(),
        Some(&"20260304"),
        "an end is the first day after"
    );
    let uids: Vec<_> = calendar.events().map(|event| event.get_uid()).collect();
    assert!(uids.iter().all(Option::is_some));
    assert!(
        page.html.lines().all(|line| line.len() <= 75),
        "long lines are folded"
    );
    app.assert_verified();
}

#[test]
fn s3_an_address_ends_when_its_owner_or_an_administrator_wants_so() {
    let app = TestApp::start();
    let (kesha, _) = kesha(&app);
    let root = app.register("root", &["administrator"]);
    let mut browser = app.log_in(&kesha);
    let first = make(&mut browser, "tasks");
    let other_kind = first.replace("tasks.atom", "payouts.ics");
    assert_eq!(read(&app, &other_kind).status, 404, "each tells one thing");
    let second = make(&mut browser, "tasks");
    assert_eq!(read(&app, &first).status, 404, "a new one ends the old one");
    assert_eq!(read(&app, &second).status, 200);
    assert_eq!(browser.post("/profile/feeds/tasks/end", &[]).status, 303);
    assert_eq!(read(&app, &second).status, 404);
    assert_eq!(browser.post("/profile/feeds/tasks/end", &[]).status, 404);
    assert_eq!(browser.post("/profile/feeds/salaries", &[]).status, 404);

    let third = make(&mut browser, "payouts");
    let password = [
        ("old_password", PASSWORD),
        ("new_password", "a quieter feather in the wind"),
    ];
    let changed = browser.post("/profile/password", &password);
    assert_eq!(changed.status, 303, "{}", changed.html);
    assert_eq!(read(&app, &third).status, 404, "a new password ends it");

    let fourth = make_with(&mut browser, "a quieter feather in the wind");
    assert_eq!(read(&app, &fourth).status, 200);
    let gone = app
        .log_in(&root)
        .post_confirmed(&format!("/admin/users/{}/deactivation", kesha.id), &[]);
    assert_eq!(gone.status, 303, "{}", gone.html);
    assert_eq!(read(&app, &fourth).status, 404, "at once");
    assert_eq!(count(&mut app.conn(), "auth.feeds"), 0);
}

fn make_with(browser: &mut Browser, password: &str) -> String {
    let mut page = browser.post("/profile/feeds/tasks", &[]);
    if page.has("#confirmation") {
        page = browser.post("/profile/feeds/tasks", &[("confirm_password", password)]);
    }
    path_of(&page)
}

#[test]
fn a27_every_role_reads_its_own_feeds_only() {
    let app = TestApp::start();
    let (owner, task) = kesha(&app);
    for role in Role::ALL {
        if role == Role::Internalservice {
            continue;
        }
        let person = app.register(&format!("the.{role}"), &[role.as_str()]);
        let mut browser = app.log_in(&person);
        for kind in ["tasks", "payouts"] {
            let path = make(&mut browser, kind);
            let page = read(&app, &path);
            assert_eq!(page.status, 200, "{role} {kind}");
            assert!(!page.html.contains(&task), "{role}");
            assert!(!page.html.contains(&owner.id.to_string()), "{role}");
        }
    }
    for wrong in [
        "0".repeat(64),
        "x".repeat(64),
        "1".to_owned(),
        "0".repeat(5_000),
    ] {
        assert_eq!(
            read(&app, &format!("/feeds/{wrong}/tasks.atom")).status,
            404
        );
    }
}

#[test]
fn s3_an_address_that_is_read_too_often_has_to_wait() {
    let app = TestApp::start();
    let (kesha, _) = kesha(&app);
    let path = make(&mut app.log_in(&kesha), "tasks");
    let answers: Vec<Page> = (0..15).map(|_| read(&app, &path)).collect();
    assert!(answers[..10].iter().all(|page| page.status == 200));
    let last = answers.last().unwrap();
    assert_eq!(last.status, 429);
    assert!(last.headers.contains_key("retry-after"));
}
