//! A company in which every route has something to show, and people of every role to ask for it.

use ates::auth::Role;
use ates::platform::ids::fresh_key;
use chrono::Duration;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::{Api, Browser, Page};
use crate::support::database::{count, text};
use crate::support::{Person, TestApp};

use super::table::Route;

/// The company.
pub struct World {
    pub app: TestApp,
    task: String,
    shuffle: String,
    mail: String,
    letter: String,
    correction: String,
    target: Person,
}

/// Somebody who asks: with a browser, unless it is a machine, and with a token.
pub struct Visitor {
    pub id: Option<Uuid>,
    pub browser: Option<Browser>,
    pub api: Api,
}

impl World {
    /// A task that nobody who asks later has or wrote, a shuffle, a settled day with a payout, its mail and its payment file.
    pub fn build() -> Self {
        let app = TestApp::with(|settings| {
            settings
                .set("ATES_SELF_REGISTRATION", true)
                .set("ATES_API_VIEWER", true)
                .set("ATES_FEE_MIN", 10)
                .set("ATES_BEAK_LOG_IN", "true")
                .set("ATES_FEE_MAX", 10)
                .set("ATES_REWARD_MIN", 40)
                .set("ATES_REWARD_MAX", 40)
                .set("ATES_PAYOUT_DEBTOR_NAME", "UberPopug Inc.")
                .set("ATES_PAYOUT_DEBTOR_IBAN", "DE89370400440532013000")
        });
        let chief = app.register("chief", &["manager"]);
        let known = app.register("worker", &["developer"]);
        let (chief, worker) = (app.api(&chief), app.api(&known));
        let done = created(&app, &chief, "A task to be paid");
        let (status, answer) = worker.post(&format!("/api/v1/tasks/{done}/complete"), &json!({}));
        assert_eq!(status, 200, "{answer}");
        let task = created(&app, &chief, "A task of somebody else");
        let (_, run) = chief.post("/api/v1/tasks/reassign", &json!({}));
        app.settle_idle();
        app.clock().advance(Duration::days(1));
        let runs = ates::accounting::settle_due(app.db(), app.config()).unwrap();
        assert_eq!(runs.len(), 1);
        app.drain();
        let account = [("iban", "NL91ABNA0417164300")];
        let entered = app.log_in(&known).post("/account/bank-account", &account);
        assert_eq!(entered.status, 303, "{}", entered.text());
        let settled = runs[0].business_date;
        ates::accounting::export_bank_file(app.db(), app.config(), settled).unwrap();
        let mail = text(
            &mut app.conn(),
            "select id::text as t from accounting.mails where kind = 'payout'",
        );
        // A mail about an account has the same id, so that one path fits both.
        let about_account = format!(
            "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, state, next_attempt_at,
               created_at, sent_at)
             select '{mail}', '<{mail}@routes>', 'password_changed', '{}', 'worker@uberpopug.example', 'Worker', 'en', 'sent', now(),
               now(), now()",
            known.id
        );
        app.conn().batch_execute(&about_account).unwrap();
        let clerk = app.register("clerk", &["accountant"]);
        let asked = app.log_in(&clerk).post(
            "/accounting/corrections",
            &[
                ("employee", "worker"),
                ("amount", "2.50"),
                ("reason", "One seed was not counted"),
            ],
        );
        let correction = asked
            .location
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let target = app.register("target", &["other"]);
        // A person's event does not concern the projection: whoever retries it finds it done.
        let letter = text(
            &mut app.conn(),
            "with parked as (insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
               select 'analytics.projection', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', e.recorded_at
               from bus.events e order by e.seq limit 1 returning item_id)
             select item_id::text as t from parked",
        );
        Self {
            task,
            shuffle: run["uid"].as_str().unwrap().to_owned(),
            mail,
            letter,
            correction,
            target,
            app,
        }
    }

    /// Somebody new with this one role, logged in.
    pub fn visitor(&self, role: Role) -> Visitor {
        let person = self.app.register(&format!("the.{role}"), &[role.as_str()]);
        let browser = (role != Role::Internalservice).then(|| self.app.log_in(&person));
        Visitor {
            id: Some(person.id),
            browser,
            api: self.app.api(&person),
        }
    }

    /// Somebody who was deactivated with a session and a token in hand.
    pub fn revoked(&self) -> Visitor {
        let person = self.app.register("gone", &["administrator"]);
        let visitor = Visitor {
            id: Some(person.id),
            browser: Some(self.app.log_in(&person)),
            api: self.app.api(&person),
        };
        let root = self.app.register("root", &["administrator"]);
        let (status, _) = self
            .app
            .api(&root)
            .delete(&format!("/api/v1/users/{}", person.id));
        assert_eq!(status, 204);
        visitor
    }

    /// Nobody.
    pub fn outsider(&self) -> Visitor {
        Visitor {
            id: None,
            browser: Some(self.app.browser()),
            api: Api::anonymous(self.app.base()),
        }
    }

    /// Rows that only a request can make: a refused one leaves none.
    pub fn effects(&self) -> [i64; 5] {
        let mut conn = self.app.conn();
        [
            "auth.users",
            "auth.users where deactivated_at is not null",
            "tasks.tasks",
            "tasks.tasks where status = 'done'",
            "tasks.shuffles",
        ]
        .map(|rows| count(&mut conn, rows))
    }

    /// The path with something real in place of its names.
    pub fn path(&self, route: &Route) -> String {
        let uid = match route.path {
            path if path.contains("/users/") => self.target.id.to_string(),
            path if path.contains("shuffles") || path.contains("reassign") => self.shuffle.clone(),
            path if path.starts_with("/avatars") => self.target.id.to_string(),
            _ => self.task.clone(),
        };
        let id = if route.path.contains("/corrections/") {
            &self.correction
        } else {
            &self.mail
        };
        let style = ates::platform::web::static_files::css_url();
        if route.path.starts_with("/static") {
            return style.to_owned();
        }
        if route.method == "GET" && route.path.ends_with("/missing") {
            return format!("{}?task={}&assignment=1", route.path, self.task);
        }
        route
            .path
            .replace("{uid}", &uid)
            .replace("{file:.*}", "index.html")
            .replace("{id}", id)
            .replace("{item}", &self.letter)
            .replace("{job}", "platform.keys")
            .replace("{date}", "2026-03-02")
            .replace("{name}", "analytics.projection")
            .replace("{kind}", "tasks")
            // Another one each time: a single feed may only be read so often.
            .replace("{secret}", &fresh_key().simple().to_string().repeat(2))
    }
}

/// A task that is open by now.
fn created(app: &TestApp, api: &Api, title: &str) -> String {
    let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
    assert_eq!(status, 201, "{task}");
    app.drain();
    task["uid"].as_str().unwrap().to_owned()
}

/// The body of a route, with fresh values in it.
pub fn body(route: &Route) -> String {
    let key = fresh_key();
    route
        .body
        .replace("{key}", &key.to_string())
        .replace("{name}", &format!("b{}", &key.simple().to_string()[..12]))
}

/// What a route answers: the status, where a page's 303 to the log-in page counts as 401.
pub fn ask(world: &World, visitor: &mut Visitor, route: &Route) -> Option<u16> {
    let page = exchange(world, visitor, route)?;
    let to_log_in = page
        .location
        .is_some_and(|to| to == "/login" || to.starts_with("/login?next="));
    Some(if to_log_in { 401 } else { page.status })
}

/// The whole answer of a route; none for a page that somebody without a browser cannot ask for.
pub fn exchange(world: &World, visitor: &mut Visitor, route: &Route) -> Option<Page> {
    let (path, body) = (world.path(route), body(route));
    if route.path.starts_with("/api/") || route.path.starts_with("/.well-known/") {
        let json = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&body).unwrap()
        };
        return visitor.api.try_exchange(route.method, &path, &json);
    }
    let browser = visitor.browser.as_mut()?;
    let fields: Vec<(&str, &str)> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    Some(match route.method {
        "GET" => browser.get(&path),
        _ => browser.post(&path, &fields),
    })
}
