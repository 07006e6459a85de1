//! T-AZ-4: the members of every JSON answer are those of a list, for each role; a member more is a leak, a member less a broken
//! promise (A29).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ates::auth::Role;
use chrono::Duration;
use serde_json::{Value, json};

use super::table::ROUTES;
use super::world::{World, body};
use crate::support::{Api, PASSWORD, Person};

/// The paths of all members: `items[].task.uid`.
fn members(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                // What people keep in their own record has whatever names they like; what an event tells has a schema of its own.
                if name != "meta" && name != "data" {
                    members(inner, &path, found);
                }
                found.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                members(item, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

/// What is answered to whom: route and kind of answer, then the members, then the roles.
type Seen = BTreeMap<(String, String), BTreeSet<&'static str>>;

fn note(seen: &mut Seen, route: &str, status: u16, who: &'static str, answer: &Value) {
    let mut found = BTreeSet::new();
    members(answer, "", &mut found);
    // Which refusal it is is asked elsewhere; all have one form.
    let kind = if status < 400 {
        status.to_string()
    } else {
        "refused".to_owned()
    };
    let line = found.into_iter().collect::<Vec<_>>().join(" ");
    let key = (format!("{route} {kind}"), line);
    seen.entry(key).or_default().insert(who);
}

/// Asks every JSON route as everybody, and writes down what it is answered.
fn ask_all() -> String {
    let world = World::build();
    let app = &world.app;
    let mut people: Vec<_> = Role::ALL
        .into_iter()
        .map(|role| (role, app.register(&format!("the.{role}"), &[role.as_str()])))
        .collect();
    // Who can shuffle comes last, so that nobody is drawn a task that others are asked about.
    people.sort_by_key(|(role, _)| role.bars_assignment());
    let root = app.api(
        &people
            .iter()
            .find(|(role, _)| *role == Role::Administrator)
            .unwrap()
            .1,
    );
    for number in 0..80 {
        let task = json!({ "title": format!("Task {number}"), "jira_id": "UBERPOP-42", "description": "Words" });
        assert_eq!(root.post("/api/v1/tasks", &task).0, 201);
    }
    app.drain();
    let mut seen = Seen::new();
    // Everybody who can has completed a task, and was paid on a day that is over.
    complete_one_each(&world, &people, &mut seen);
    app.drain();
    app.clock().advance(Duration::days(1));
    ates::accounting::settle_due(app.db(), app.config()).unwrap();
    complete_one_each(&world, &people, &mut seen);
    app.drain();
    for (role, person) in &people {
        let entry = json!({ "username": person.username, "password": PASSWORD });
        let anonymous = Api::anonymous(app.base());
        let (status, pair) = anonymous.post("/api/v1/auth/token", &entry);
        note(
            &mut seen,
            "POST /api/v1/auth/token",
            status,
            role.as_str(),
            &pair,
        );
        let token = json!({ "refresh_token": pair["refresh_token"] });
        let (status, pair) = anonymous.post("/api/v1/auth/refresh", &token);
        note(
            &mut seen,
            "POST /api/v1/auth/refresh",
            status,
            role.as_str(),
            &pair,
        );
        let api = Api::with_token(app.base(), pair["access_token"].as_str().unwrap());
        // Before what lies there is tried again.
        let letters = "/api/v1/ops/dead-letters";
        let (status, answer) = api.get(letters);
        note(
            &mut seen,
            &format!("GET {letters}"),
            status,
            role.as_str(),
            &answer,
        );
        ask_as(&world, &api, role.as_str(), &mut seen);
        app.settle_idle();
    }
    ask_as(&world, &Api::anonymous(app.base()), "anonymous", &mut seen);
    let mut lines: Vec<String> = seen
        .into_iter()
        .map(|((route, members), who)| {
            let who: Vec<&str> = who.into_iter().collect();
            format!("{route} | {} | {members}", who.join(" "))
        })
        .collect();
    lines.sort_unstable();
    lines.join("\n") + "\n"
}

/// Everybody who has tasks completes one.
fn complete_one_each(world: &World, people: &[(Role, Person)], seen: &mut Seen) {
    let app = &world.app;
    for (role, person) in people.iter().filter(|(role, _)| !role.bars_assignment()) {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        let uid = mine["items"][0]["uid"]
            .as_str()
            .unwrap_or_else(|| panic!("{role} has no task"));
        let (status, task) = api.post(&format!("/api/v1/tasks/{uid}/complete"), &json!({}));
        assert_eq!(status, 200, "{task}");
        note(
            seen,
            "POST /api/v1/tasks/{uid}/complete",
            status,
            role.as_str(),
            &task,
        );
    }
}

fn ask_as(world: &World, api: &Api, who: &'static str, seen: &mut Seen) {
    for route in ROUTES {
        let is_json = ["/api/", "/.well-known/", "/health/"]
            .iter()
            .any(|start| route.path.starts_with(start));
        // What is done once changes what the next one is answered; it is driven elsewhere.
        let once = route.method == "DELETE"
            || route.path.ends_with("/complete")
            || route.path.starts_with("/api/v1/auth/")
            || route.path == "/health/ready"
            // The document describes all of them.
            || route.path.ends_with("/openapi.json");
        if !is_json || once {
            continue;
        }
        let sent = body(route);
        let sent = if sent.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&sent).unwrap()
        };
        let (status, answer) = api.send(route.method, &world.path(route), &sent);
        if answer.is_string() {
            continue;
        }
        note(
            seen,
            &format!("{} {}", route.method, route.path),
            status,
            who,
            &answer,
        );
    }
}

#[test]
fn a29_t_az_4_the_members_of_every_answer_are_those_of_the_list() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/routes/fields.txt"
    ));
    let found = ask_all();
    for secret in ["password", "hash", "secret", "session_version", "private"] {
        let named = found.lines().find(|line| {
            line.rsplit('|').next().is_some_and(|members| {
                members.split(' ').any(|member| {
                    member
                        .rsplit('.')
                        .next()
                        .is_some_and(|name| name.contains(secret))
                })
            })
        });
        assert_eq!(named, None, "{secret}");
    }
    if std::env::var_os("ATES_TEST_WRITE").is_some() {
        return std::fs::write(path, found).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap();
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(ToOwned::to_owned).collect() };
    let (found, wanted) = (lines(&found), lines(&wanted));
    let more: Vec<_> = found.difference(&wanted).collect();
    let less: Vec<_> = wanted.difference(&found).collect();
    assert!(
        more.is_empty() && less.is_empty(),
        "answered but not listed: {more:#?}\nlisted but not answered: {less:#?}"
    );
}
