//! Audit completeness (T-OPS-6): every request that changes something leaves its row in the audit, with who and from where.

use ates::auth::Role;
use serde_json::json;

use super::table::{ROUTES, Route};
use super::world::{World, ask};
use crate::support::database::{count, number, text};
use crate::support::{Api, PASSWORD, Person};

/// Routes that change nothing that is kept: a cookie of the browser alone, or an answer to somebody who is not logged in.
const KEEPS_NOTHING: &[&str] = &[
    "/preferences",
    "/login",
    "/login/code",
    "/login/beak",
    "/login/passkey",
    "/login/passkey/question",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
];

/// Routes that are asked here for what is done already, which changes nothing; what they do when it is not is driven below.
const REPEATED_HERE: &[&str] = &[
    "/accounting/payouts",
    "/api/v1/accounting/payouts",
    "/admin/mails/{id}/attempts",
    "/accounting/payouts/{date}/bank-file",
    "/api/v1/auth/logout",
];

/// Routes whose body in the table is refused, or which the state of the table's company refuses; each is driven on its own below.
const REFUSED_HERE: &[&str] = &[
    "/tasks/{uid}/completion",
    "/api/v1/tasks/{uid}/complete",
    "/accounting/corrections/missing",
    "/accounting/corrections/{id}/withdrawal",
    "/accounting/corrections/{id}/rejection",
    "/admin/emergency-stop",
    "/admin/emergency-stop/release",
    "/api/v1/ops/stop",
    "/api/v1/ops/release",
    "/api/v1/users/{uid}",
    "/profile/password",
    // These are driven by the tests of second factors.
    "/profile/credentials/totp/confirmation",
    "/profile/credentials/totp/removal",
    "/profile/credentials/recovery-codes",
    "/profile/credentials/passkeys",
    "/profile/credentials/passkeys/question",
    "/profile/credentials/passkeys/{id}/removal",
    "/profile/credentials/beak",
    "/profile/credentials/beak/removal",
    "/profile/tokens/{id}/revocation",
    "/profile/sessions/{id}/end",
    "/admin/users/{uid}/tokens",
    "/admin/users/{uid}/tokens/{id}/revocation",
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
    let made = "platform.audit_log where action = 'accounting.bank_file_made'";
    assert_eq!(count(&mut world.app.conn(), made), 1);
    let mut visitor = world.visitor(Role::Administrator);
    let (mut driven, mut silent, mut refused) = (0, Vec::new(), Vec::new());
    for route in ROUTES.iter().filter(|route| changes(route)) {
        let before = rows(&world);
        let status = ask(&world, &mut visitor, route).unwrap();
        match status {
            // A log-out leads to the log-in page, which `ask` gives as 401.
            200..=399 | 401 if rows(&world) > before => driven += 1,
            200..=399 if REPEATED_HERE.contains(&route.path) => {}
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
    let author = app.register("second", &["developer"]);
    let grows = |what: &str, act: &mut dyn FnMut() -> u16| {
        let before = rows(&world);
        let status = act();
        assert!((200..=399).contains(&status), "{what}: {status}");
        assert!(rows(&world) > before, "{what} left no row");
    };
    // Both ways to complete, each by whoever was drawn.
    let api = app.api(&author);
    for title in ["By page", "By program"] {
        let (_, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
        app.drain();
        let uid = task["uid"].as_str().unwrap().to_owned();
        let holder = holder_of(&world, &uid);
        if title == "By page" {
            let mut browser = app.log_in(&holder);
            let path = format!("/tasks/{uid}/completion");
            grows("completion", &mut || browser.post(&path, &[]).status);
        } else {
            let api = app.api(&holder);
            let path = format!("/api/v1/tasks/{uid}/complete");
            grows("complete_task", &mut || api.post(&path, &json!({})).0);
        }
    }
    app.drain();
    let anonymous = Api::anonymous(app.base());
    let entry = json!({ "username": author.username, "password": PASSWORD });
    let (_, pair) = anonymous.post("/api/v1/auth/token", &entry);
    let token = json!({ "refresh_token": pair["refresh_token"] });
    grows("revoke_token", &mut || {
        anonymous.post("/api/v1/auth/logout", &token).0
    });
    // A correction that is withdrawn, and one that is rejected.
    let clerk = app.register("second.clerk", &["accountant"]);
    let (mut asks, mut decides) = (app.log_in(&clerk), app.log_in(&root));
    for (verdict, by_another) in [("withdrawal", false), ("rejection", true)] {
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
            let who = if by_another { &mut decides } else { &mut asks };
            who.post(&path, &[]).status
        });
    }
    // Somebody is deactivated.
    let leaves = app.register("leaver", &["other"]);
    let path = format!("/api/v1/users/{}", leaves.id);
    let api = app.api(&root);
    grows("update_user", &mut || {
        api.patch(&path, &json!({ "name": "Gone" })).0
    });
    grows("delete_user", &mut || api.delete(&path).0);
    // A mail that failed is tried again.
    diesel::connection::SimpleConnection::batch_execute(
        &mut app.conn(),
        "update accounting.mails set state = 'failed' where state <> 'sent'",
    )
    .unwrap();
    let mail = text(
        &mut app.conn(),
        "select id::text as t from accounting.mails where kind = 'payout'",
    );
    let path = format!("/admin/mails/{mail}/attempts");
    grows("mail", &mut || decides.post(&path, &[]).status);
    // A date that is overdue is settled.
    let next = next_open_date(&world);
    let evening = next + chrono::Days::new(1);
    app.at(&format!("{evening}T12:00:00Z"));
    let api = app.api(&root);
    app.drain();
    grows("pay_to_workers", &mut || {
        api.post(
            "/api/v1/accounting/payouts",
            &json!({ "business_date": next }),
        )
        .0
    });
    // The stop and its release, by both doors.
    let why = json!({ "reason": "A drill of the emergency stop", "password": PASSWORD });
    grows("stop", &mut || api.post("/api/v1/ops/stop", &why).0);
    grows("release", &mut || api.post("/api/v1/ops/release", &why).0);
    let fields = [
        ("reason", "A drill of the emergency stop"),
        ("password", PASSWORD),
    ];
    let mut decides = app.log_in(&root);
    for path in ["/admin/emergency-stop", "/admin/emergency-stop/release"] {
        grows(path, &mut || decides.post(path, &fields).status);
    }
    let mut owner = app.log_in(&author);
    grows("password", &mut || {
        owner
            .post(
                "/profile/password",
                &[
                    ("old_password", PASSWORD),
                    ("new_password", "another feather in the wind"),
                ],
            )
            .status
    });
    let nameless = "platform.audit_log where correlation_id is null or action = ''";
    assert_eq!(count(&mut app.conn(), nameless), 0);
}

/// Who has a task.
fn holder_of(world: &World, task: &str) -> Person {
    let one = |column: &str| {
        text(
            &mut world.app.conn(),
            &format!(
                "select u.{column}::text as t from auth.users u join tasks.tasks t on t.assignee_id = u.id where t.id = '{task}'"
            ),
        )
    };
    Person {
        id: one("id").parse().unwrap(),
        username: one("username"),
        email: one("email"),
    }
}

/// The date that takes postings.
fn next_open_date(world: &World) -> chrono::NaiveDate {
    text(
        &mut world.app.conn(),
        "select min(business_date)::text as t from accounting.business_days where state = 'open'",
    )
    .parse()
    .unwrap()
}
