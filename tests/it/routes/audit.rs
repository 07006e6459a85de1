//! Audit completeness (T-OPS-6): every request that changes something leaves its row in the audit, with who and from where.

use ates::auth::Role;

use super::table::{ROUTES, Route};
use super::world::{World, ask};
use crate::support::database::{count, number};

/// Routes that change nothing that is kept: a cookie of the browser alone, or an answer to somebody who is not logged in.
const KEEPS_NOTHING: &[&str] = &["/preferences", "/login", "/api/v1/auth/token"];

/// Routes whose body in the table is refused, or which the state of the table's company refuses; each is driven on its own below.
const REFUSED_HERE: &[&str] = &[
    "/tasks/{uid}/completion",
    "/api/v1/tasks/{uid}/complete",
    "/accounting/corrections/missing",
    "/accounting/corrections/{id}/withdrawal",
    "/accounting/corrections/{id}/rejection",
    "/profile/password",
];

fn rows(world: &World) -> i64 {
    count(&mut world.app.conn(), "platform.audit_log")
}

fn changes(route: &Route) -> bool {
    route.method != "GET" && !KEEPS_NOTHING.contains(&route.path)
}

#[test]
fn r24_ops6_every_request_that_changes_something_has_its_audit_row() {
    let world = World::build();
    let mut visitor = world.visitor(Role::Administrator);
    let (mut driven, mut silent, mut refused) = (0, Vec::new(), Vec::new());
    for route in ROUTES.iter().filter(|route| changes(route)) {
        let before = rows(&world);
        let status = ask(&world, &mut visitor, route).unwrap();
        match status {
            200..=399 if rows(&world) > before => driven += 1,
            200..=399 => silent.push(format!("{} {}", route.method, route.path)),
            _ => refused.push((status, route.path)),
        }
    }
    assert!(silent.is_empty(), "changed without a row: {silent:#?}");
    let unexpected: Vec<_> = refused
        .iter()
        .filter(|(_, path)| !REFUSED_HERE.contains(path))
        .collect();
    assert!(
        unexpected.is_empty(),
        "neither done nor known to be refused here: {unexpected:#?}"
    );
    println!("{driven} routes left their row");
    world.app.settle_idle();
    let nameless = "platform.audit_log where correlation_id is null or action = ''";
    assert_eq!(count(&mut world.app.conn(), nameless), 0);
    let mut conn = world.app.conn();
    let from_requests = number(
        &mut conn,
        "select count(*) as n from platform.audit_log where actor_id is not null and address is not null and agent is not null",
    );
    assert!(
        from_requests >= driven,
        "{from_requests} of {driven} say from where"
    );
}

#[test]
fn r24_ops6_what_the_table_could_not_drive_has_its_row_too() {
    let world = World::build();
    let app = &world.app;
    let root = app.register("another.root", &["administrator"]);
    let worker = app.register("second", &["developer"]);
    let grows = |what: &str, act: &mut dyn FnMut() -> u16| {
        let before = rows(&world);
        let status = act();
        assert!((200..=399).contains(&status), "{what}: {status}");
        assert!(rows(&world) > before, "{what} left no row");
    };
    // Both ways to complete, each by the assignee.
    let api = app.api(&worker);
    for title in ["By page", "By program"] {
        let (_, task) = api.post("/api/v1/tasks", &serde_json::json!({ "title": title }));
        app.drain();
        let uid = task["uid"].as_str().unwrap().to_owned();
        let holder = number(
            &mut app.conn(),
            &format!(
                "select (assignee_id = '{}')::int::bigint as n from tasks.tasks where id = '{uid}'",
                worker.id
            ),
        );
        let holder = if holder == 1 { &worker } else { &world.worker };
        if title == "By page" {
            let mut browser = app.log_in(holder);
            grows("completion", &mut || {
                browser
                    .post(&format!("/tasks/{uid}/completion"), &[])
                    .status
            });
        } else {
            let api = app.api(holder);
            grows("complete_task", &mut || {
                api.post(
                    &format!("/api/v1/tasks/{uid}/complete"),
                    &serde_json::json!({}),
                )
                .0
            });
        }
    }
    // A correction that is withdrawn, and one that is rejected.
    let clerk = app.register("second.clerk", &["accountant"]);
    let (mut asks, mut decides) = (app.log_in(&clerk), app.log_in(&root));
    for (verdict, browser) in [("withdrawal", false), ("rejection", true)] {
        let asked = asks.post(
            "/accounting/corrections",
            &[
                ("employee", "worker"),
                ("amount", "1.25"),
                ("reason", "A seed was counted twice"),
            ],
        );
        let path = format!("{}/{verdict}", asked.location.unwrap());
        grows(verdict, &mut || {
            let who = if browser { &mut decides } else { &mut asks };
            who.post(&path, &[]).status
        });
    }
    let mut owner = app.log_in(&worker);
    grows("password", &mut || {
        owner
            .post(
                "/profile/password",
                &[
                    ("old_password", crate::support::PASSWORD),
                    ("new_password", "another feather in the wind"),
                ],
            )
            .status
    });
    let wrong = format!(
        "action = 'auth.password_changed' and actor_id = '{}'",
        worker.id
    );
    assert_eq!(
        count(
            &mut app.conn(),
            &format!("platform.audit_log where {wrong}")
        ),
        1
    );
}
