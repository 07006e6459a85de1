//! T-AZ-7: the routes after which there is a transfer more are these and no others. Each route is asked with what makes it do its
//! work, and everything that follows from it is waited for.

use std::collections::BTreeSet;

use ates::auth::Role;
use chrono::Days;
use serde_json::json;
use uuid::Uuid;

use super::table::ROUTES;
use super::world::{World, ask};
use crate::support::database::{count, text};
use crate::support::{Api, Person, TestApp};

/// By what they do.
const DIRECTLY: &[&str] = &[
    "POST /tasks",
    "POST /api/v1/tasks",
    "POST /shuffles",
    "POST /api/v1/tasks/reassign",
    "POST /tasks/{uid}/completion",
    "POST /api/v1/tasks/{uid}/complete",
    "POST /accounting/payouts",
    "POST /api/v1/accounting/payouts",
    // With four eyes, and only of an amount that one person asked for and another confirmed.
    "POST /accounting/corrections/{id}/confirmation",
];

/// Because the open tasks of somebody who leaves the draw are drawn anew, each for its fee (D15).
const BY_LEAVING: &[&str] = &[
    "POST /admin/users/{uid}/deactivation",
    "DELETE /api/v1/users/{uid}",
    "POST /admin/users/{uid}",
    "PATCH /api/v1/users/{uid}",
];

fn transfers(app: &TestApp) -> i64 {
    count(&mut app.conn(), "report_v1.transfers")
}

/// Notes a route if there are more transfers after it than before.
fn watch(app: &TestApp, found: &mut BTreeSet<String>, route: &str, act: impl FnOnce()) {
    app.settle_idle();
    let before = transfers(app);
    act();
    app.settle_idle();
    if transfers(app) != before {
        found.insert(route.to_owned());
    }
}

/// A task that this person has.
fn task_of(app: &TestApp, api: &Api, person: &Person) -> Uuid {
    let held = format!(
        "tasks.tasks where assignee_id = '{}' and status = 'open'",
        person.id
    );
    while count(&mut app.conn(), &held) == 0 {
        assert_eq!(
            api.post("/api/v1/tasks", &json!({ "title": "Another" })).0,
            201
        );
        app.drain();
    }
    text(
        &mut app.conn(),
        &format!("select id::text as t from {held} limit 1"),
    )
    .parse()
    .unwrap()
}

#[test]
fn a24_t_az_7_only_these_routes_move_money() {
    let world = World::build();
    let app = &world.app;
    let mut found = BTreeSet::new();
    let mut visitor = world.visitor(Role::Administrator);
    // Whoever is changed by the table's own bodies has no task, so that what these do is driven below.
    let target = "update tasks.tasks set assignee_id = (select id from auth.users where username = 'worker')
                  where status = 'open' and assignee_id = (select id from auth.users where username = 'target')";
    watch(app, &mut found, "GET of anything", || {
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            ask(&world, &mut visitor, route);
        }
    });
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        diesel::connection::SimpleConnection::batch_execute(&mut app.conn(), target).unwrap();
        let name = format!("{} {}", route.method, route.path);
        watch(app, &mut found, &name, || {
            ask(&world, &mut visitor, route);
        });
    }
    let root = app.register("another.root", &["administrator"]);
    let (api, mut browser) = (app.api(&root), app.log_in(&root));
    let worker = app.register("second.worker", &["developer"]);
    let (own, mut own_browser) = (app.api(&worker), app.log_in(&worker));
    let task = task_of(app, &api, &worker);
    watch(app, &mut found, "POST /api/v1/tasks/{uid}/complete", || {
        let path = format!("/api/v1/tasks/{task}/complete");
        assert_eq!(own.post(&path, &json!({})).0, 200);
    });
    let task = task_of(app, &api, &worker);
    watch(app, &mut found, "POST /tasks/{uid}/completion", || {
        let path = format!("/tasks/{task}/completion");
        assert_eq!(own_browser.post(&path, &[]).status, 303);
    });
    for (number, route) in BY_LEAVING.iter().enumerate() {
        let leaver = app.register(&format!("leaver{number}"), &["developer"]);
        task_of(app, &api, &leaver);
        let user = format!("/api/v1/users/{}", leaver.id);
        let page = format!("/admin/users/{}", leaver.id);
        watch(app, &mut found, route, || {
            let fields = [
                ("email", leaver.email.as_str()),
                ("name", "Leaver"),
                ("surname", "Popug"),
                ("roles", "manager"),
            ];
            let status = match number {
                0 => browser.post(&format!("{page}/deactivation"), &[]).status,
                1 => api.delete(&user).0,
                2 => browser.post(&page, &fields).status,
                _ => api.patch(&user, &json!({ "roles": ["manager"] })).0,
            };
            assert!((200..=399).contains(&status), "{route}: {status}");
        });
    }
    for route in [
        "POST /accounting/payouts",
        "POST /api/v1/accounting/payouts",
    ] {
        // The clock has moved on since the last of them: tokens of then are over.
        let (api, own) = (app.api(&root), app.api(&worker));
        // Fees of what else has fallen to them may be more than the reward of one task.
        let earned = format!(
            "accounting.balances where account_id = '{}' and amount_minor > 0",
            worker.id
        );
        for more in (0..20).rev() {
            let task = task_of(app, &api, &worker);
            let path = format!("/api/v1/tasks/{task}/complete");
            assert_eq!(own.post(&path, &json!({})).0, 200);
            app.drain();
            if count(&mut app.conn(), &earned) == 1 {
                break;
            }
            assert!(more > 0, "twenty rewards, and nothing is left of them");
        }
        let date = text(
            &mut app.conn(),
            "select min(business_date)::text as t from accounting.business_days where state = 'open'",
        );
        let day: chrono::NaiveDate = date.parse().unwrap();
        app.at(&format!("{}T12:00:00Z", day + Days::new(1)));
        let (api, mut browser) = (app.api(&root), app.log_in(&root));
        watch(app, &mut found, route, || {
            let status = if route.contains("/api/") {
                api.post(
                    "/api/v1/accounting/payouts",
                    &json!({ "business_date": date }),
                )
                .0
            } else {
                browser
                    .post("/accounting/payouts", &[("business_date", &date)])
                    .status
            };
            assert!((200..=399).contains(&status), "{route}: {status}");
        });
    }
    let wanted: BTreeSet<String> = DIRECTLY
        .iter()
        .chain(BY_LEAVING)
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, wanted);
}
