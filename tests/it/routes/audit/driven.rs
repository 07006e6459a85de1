//! What the table cannot drive, driven one by one.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::super::world::World;
use super::{REFUSED_HERE, REPEATED_HERE, is_written};
use crate::support::client::Page;
use crate::support::database::{count, text};
use crate::support::{Api, Browser, PASSWORD, Person};

/// Drives requests one by one and remembers their routes.
struct Drive<'w> {
    world: &'w World,
    done: Vec<&'static str>,
}

impl Drive<'_> {
    /// The request must be done and must have its own row.
    fn written(&mut self, route: &'static str, by: &Person, answer: Page) -> Page {
        assert!(
            (200..=399).contains(&answer.status),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            is_written(self.world, &answer, by.id),
            "{route} left no row of its own"
        );
        self.done.push(route);
        answer
    }

    fn post(
        &mut self,
        route: &'static str,
        by: &Person,
        browser: &mut Browser,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let answer = browser.post(path, fields);
        self.written(route, by, answer)
    }

    fn send(
        &mut self,
        route: &'static str,
        by: &Person,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Page {
        let api = self.world.app.api(by);
        let answer = api.try_exchange(method, path, body).unwrap();
        self.written(route, by, answer)
    }
}

#[test]
fn r24_ops6_what_the_table_could_not_drive_has_its_row_too() {
    let world = World::build();
    let root = world.app.register("another.root", &["administrator"]);
    let clerk = world.app.register("second.clerk", &["accountant"]);
    let author = world.app.register("second", &["developer"]);
    let mut drive = Drive {
        world: &world,
        done: Vec::new(),
    };
    completions(&mut drive, &author);
    corrections(&mut drive, &clerk, &root);
    money(&mut drive, &root);
    doors(&mut drive, &author);
    people(&mut drive, &root);
    own_access(&mut drive, &author);
    stops(&mut drive, &root);
    let missing: Vec<_> = REPEATED_HERE
        .iter()
        .chain(REFUSED_HERE)
        .filter(|path| !drive.done.contains(*path))
        .collect();
    assert!(missing.is_empty(), "never driven: {missing:#?}");
    let nameless = "platform.audit_log where correlation_id is null or action = ''";
    assert_eq!(count(&mut world.app.conn(), nameless), 0);
}

/// Both ways to complete, each by whoever was drawn.
fn completions(drive: &mut Drive<'_>, author: &Person) {
    let app = &drive.world.app;
    let api = app.api(author);
    for title in ["By page", "By program"] {
        let (_, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
        app.drain();
        let uid = task["uid"].as_str().unwrap().to_owned();
        let holder = holder_of(drive.world, &uid);
        // Whoever is paid for it is in the payment file later.
        let account = [("iban", "NL91ABNA0417164300")];
        app.log_in(&holder).post("/account/bank-account", &account);
        if title == "By page" {
            let mut browser = app.log_in(&holder);
            let path = format!("/tasks/{uid}/completion");
            drive.post("/tasks/{uid}/completion", &holder, &mut browser, &path, &[]);
        } else {
            let path = format!("/api/v1/tasks/{uid}/complete");
            drive.send(
                "/api/v1/tasks/{uid}/complete",
                &holder,
                "POST",
                &path,
                &json!({}),
            );
        }
    }
    app.drain();
}

/// A correction that is withdrawn, one that is rejected, and one that skips a dead event.
fn corrections(drive: &mut Drive<'_>, clerk: &Person, root: &Person) {
    let app = &drive.world.app;
    let (mut asks, mut decides) = (app.log_in(clerk), app.log_in(root));
    let wanted = [
        ("employee", "worker"),
        ("amount", "1.25"),
        ("reason", "A seed was counted twice"),
    ];
    let mut ask = || {
        asks.post("/accounting/corrections", &wanted)
            .location
            .unwrap()
    };
    let (taken_back, rejected) = (ask(), ask());
    let path = format!("{taken_back}/withdrawal");
    drive.post(
        "/accounting/corrections/{id}/withdrawal",
        clerk,
        &mut asks,
        &path,
        &[],
    );
    let path = format!("{rejected}/rejection");
    drive.post(
        "/accounting/corrections/{id}/rejection",
        root,
        &mut decides,
        &path,
        &[],
    );
    let item = text(
        &mut app.conn(),
        "with parked as (insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts,
             error_class, error, first_failed_at, last_failed_at)
           select 'accounting.ledger', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', 20, 'internal', 'poisoned', e.recorded_at,
             e.recorded_at from bus.events e where e.event_type = 'task.created' order by e.seq limit 1 returning item_id)
         select item_id::text as t from parked",
    );
    let fields = [
        ("item", item.as_str()),
        ("reason", "The event is poisoned for good"),
    ];
    let path = "/accounting/corrections/missing";
    let asked = drive.post(path, clerk, &mut asks, path, &fields);
    let skipped = format!("{}/confirmation", asked.location.unwrap());
    drive.post(
        "/accounting/corrections/{id}/confirmation",
        root,
        &mut decides,
        &skipped,
        &[],
    );
}

/// Overdue dates are settled by both doors, the payment file of one is made, and a mail that failed is sent again.
fn money(drive: &mut Drive<'_>, root: &Person) {
    let app = &drive.world.app;
    let failed = "update accounting.mails set state = 'failed' where state <> 'sent'";
    app.conn().batch_execute(failed).unwrap();
    let mail = text(
        &mut app.conn(),
        "select id::text as t from accounting.mails where kind = 'payout'",
    );
    let path = format!("/admin/mails/{mail}/attempts");
    drive.post(
        "/admin/mails/{id}/attempts",
        root,
        &mut app.log_in(root),
        &path,
        &[],
    );
    app.conn().batch_execute(failed).unwrap();
    let route = "/admin/mails/attempts";
    drive.post(route, root, &mut app.log_in(root), route, &[]);
    let next = next_open_date(drive.world);
    app.at(&format!("{}T12:00:00Z", next + chrono::Days::new(2)));
    app.drain();
    let route = "/api/v1/accounting/payouts";
    drive.send(
        route,
        root,
        "POST",
        route,
        &json!({ "business_date": next }),
    );
    app.drain();
    let after = next_open_date(drive.world).to_string();
    let mut browser = app.log_in(root);
    let route = "/accounting/payouts";
    drive.post(
        route,
        root,
        &mut browser,
        route,
        &[("business_date", &after)],
    );
    // The file of the first date was made by the command; that of the next one is made here.
    let path = format!("/accounting/payouts/{next}/bank-file");
    drive.post(
        "/accounting/payouts/{date}/bank-file",
        root,
        &mut browser,
        &path,
        &[],
    );
}

/// A page's log-in, a program's, its next token and its end.
fn doors(drive: &mut Drive<'_>, person: &Person) {
    let app = &drive.world.app;
    let entry = [
        ("username", person.username.as_str()),
        ("password", PASSWORD),
    ];
    drive.post("/login", person, &mut app.browser(), "/login", &entry);
    let anonymous = Api::anonymous(app.base());
    let mut ask = |route: &'static str, body: serde_json::Value| {
        let answer = anonymous.try_exchange("POST", route, &body).unwrap();
        let answer = drive.written(route, person, answer);
        serde_json::from_str(&answer.html).unwrap_or(serde_json::Value::Null)
    };
    let pair = ask(
        "/api/v1/auth/token",
        json!({ "username": person.username, "password": PASSWORD }),
    );
    let next = ask(
        "/api/v1/auth/refresh",
        json!({ "refresh_token": pair["refresh_token"] }),
    );
    ask(
        "/api/v1/auth/logout",
        json!({ "refresh_token": next["refresh_token"] }),
    );
}

/// Somebody is changed and leaves; a service gets a credential and loses it.
fn people(drive: &mut Drive<'_>, root: &Person) {
    let app = &drive.world.app;
    let leaves = app.register("leaver", &["other"]);
    let path = format!("/api/v1/users/{}", leaves.id);
    let route = "/api/v1/users/{uid}";
    drive.send(route, root, "PATCH", &path, &json!({ "name": "Gone" }));
    drive.send(route, root, "DELETE", &path, &serde_json::Value::Null);
    let cron = app.register("cron", &["internalservice"]);
    let path = format!("/admin/users/{}/tokens", cron.id);
    let mut browser = app.log_in(root);
    let fields = token_fields("payouts");
    drive.post(
        "/admin/users/{uid}/tokens",
        root,
        &mut browser,
        &path,
        &pairs(&fields),
    );
    let token = newest(drive.world, "auth.api_tokens", &cron);
    let path = format!("{path}/{token}/revocation");
    drive.post(
        "/admin/users/{uid}/tokens/{id}/revocation",
        root,
        &mut browser,
        &path,
        &[],
    );
}

/// One's own tokens, sessions and password.
fn own_access(drive: &mut Drive<'_>, person: &Person) {
    let app = &drive.world.app;
    let mut browser = app.log_in(person);
    let fields = token_fields("profile");
    drive.post(
        "/profile/tokens",
        person,
        &mut browser,
        "/profile/tokens",
        &pairs(&fields),
    );
    let token = newest(drive.world, "auth.api_tokens", person);
    let path = format!("/profile/tokens/{token}/revocation");
    drive.post(
        "/profile/tokens/{id}/revocation",
        person,
        &mut browser,
        &path,
        &[],
    );
    app.log_in(person);
    let path = browser
        .get("/profile/access")
        .attribute("#sessions form", "action")
        .unwrap();
    drive.post(
        "/profile/sessions/{id}/end",
        person,
        &mut browser,
        &path,
        &[],
    );
    let fields = [
        ("old_password", PASSWORD),
        ("new_password", "another feather in the wind"),
    ];
    drive.post(
        "/profile/password",
        person,
        &mut browser,
        "/profile/password",
        &fields,
    );
}

/// The stop and its release, by both doors.
fn stops(drive: &mut Drive<'_>, root: &Person) {
    let app = &drive.world.app;
    let why = json!({ "reason": "A drill of the emergency stop", "password": PASSWORD });
    for route in ["/api/v1/ops/stop", "/api/v1/ops/release"] {
        drive.send(route, root, "POST", route, &why);
    }
    let fields = [
        ("reason", "A drill of the emergency stop"),
        ("password", PASSWORD),
    ];
    let mut browser = app.log_in(root);
    for route in ["/admin/emergency-stop", "/admin/emergency-stop/release"] {
        drive.post(route, root, &mut browser, route, &fields);
    }
}

fn token_fields(scope: &'static str) -> [(&'static str, String); 4] {
    [
        ("key", ates::platform::ids::fresh_key().to_string()),
        ("token_name", "script".to_owned()),
        ("days", "30".to_owned()),
        ("scopes", scope.to_owned()),
    ]
}

fn pairs<'f>(fields: &'f [(&'static str, String)]) -> Vec<(&'static str, &'f str)> {
    fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// The id of somebody's newest row.
fn newest(world: &World, table: &str, of: &Person) -> String {
    let newest = format!(
        "select id::text as t from {table} where user_id = '{}' order by id desc limit 1",
        of.id
    );
    text(&mut world.app.conn(), &newest)
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
fn next_open_date(world: &World) -> NaiveDate {
    text(
        &mut world.app.conn(),
        "select min(business_date)::text as t from accounting.business_days where state = 'open'",
    )
    .parse()
    .unwrap()
}
