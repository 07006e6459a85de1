//! T-AZ-3: two people of each role; what belongs to one is neither shown to nor changed by the other, wherever the id is put.

use ates::auth::{Cell, Operation, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cell;
use super::table::{Asks, ROUTES, Route};
use super::world::{World, body};
use crate::support::database::text;
use crate::support::raw::send;
use crate::support::{Api, PASSWORD, Person};

/// What one person owns, each with the person's mark in it.
struct Owner {
    person: Person,
    task: Uuid,
    session: String,
    family: String,
    token: String,
}

/// A word that stands in everything of the owner and nowhere else.
const MARK: &str = "Quetzal";

impl Owner {
    fn of(world: &World, role: Role) -> Self {
        let name = format!("owner.{role}");
        let person = world.app.register(&name, &[role.as_str()]);
        let mut browser = world.app.log_in(&person);
        let key = Uuid::new_v4().to_string();
        let made = browser.post(
            "/profile/tokens",
            &[
                ("key", &key),
                ("token_name", MARK),
                ("days", "30"),
                ("scopes", "profile"),
            ],
        );
        assert_eq!(made.status, 200);
        let api = Api::log_in(world.app.base(), &person.username, PASSWORD);
        let (status, me) = api.patch("/api/v1/me", &json!({ "surname": MARK }));
        assert_eq!(status, 200, "{me}");
        let title = format!("The nest of {MARK}");
        let (status, task) = api.post("/api/v1/tasks", &json!({ "title": title }));
        assert_eq!(status, 201, "{task}");
        world.app.drain();
        let task: Uuid = task["uid"].as_str().unwrap().parse().unwrap();
        let of = |table: &str| {
            let query = format!(
                "select id::text as t from {table} where user_id = '{}' limit 1",
                person.id
            );
            text(&mut world.app.conn(), &query)
        };
        Self {
            session: of("auth.sessions"),
            family: of("auth.token_families"),
            token: of("auth.api_tokens"),
            person,
            task,
        }
    }

    /// All that is the owner's, in one text.
    fn state(&self, world: &World) -> String {
        let (id, task) = (self.person.id, self.task);
        text(
            &mut world.app.conn(),
            &format!(
                "select concat_ws('|',
                   (select md5(string_agg(u::text, ',')) from (select id, username, email, name, surname, password_hash, meta, language, session_version, deactivated_at from auth.users where id = '{id}') u),
                   (select string_agg(id::text, ',' order by id) from auth.sessions where user_id = '{id}'),
                   (select string_agg(id::text || coalesce(revoked_at::text, ''), ',' order by id) from auth.token_families where user_id = '{id}'),
                   (select string_agg(id::text || coalesce(revoked_at::text, ''), ',' order by id) from auth.api_tokens where user_id = '{id}'),
                   (select string_agg(role, ',' order by role) from auth.user_roles where user_id = '{id}'),
                   (select string_agg(permission, ',' order by permission) from auth.user_permissions where user_id = '{id}'),
                   (select t::text from tasks.tasks t where t.id = '{task}'),
                   (select count(*) from tasks.journal where task_id = '{task}'),
                   (select count(*) || ' ' || coalesce(sum(amount_minor), 0) from report_v1.transfers where employee_id = '{id}')) as t"
            ),
        )
    }

    /// The route's path with something of the owner in place of each name; none for a route that names nothing of a person's.
    fn path(&self, route: &Route) -> Option<String> {
        let (path, id) = (route.path, self.person.id.to_string());
        if path.starts_with("/avatars") || path.contains("shuffles") || path.contains("reassign") {
            return None;
        }
        if path.contains("/users/") {
            return Some(path.replace("{uid}", &id).replace("{id}", &self.token));
        }
        if path.contains("{uid}") && path.contains("tasks") {
            return Some(path.replace("{uid}", &self.task.to_string()));
        }
        match path {
            "/profile/sessions/{id}/end" => Some(path.replace("{id}", &self.session)),
            "/profile/tokens/{id}/revocation" => Some(path.replace("{id}", &self.token)),
            _ => None,
        }
    }
}

/// Where a page asks for nothing but its own things, an id of somebody else is put in all the same.
const OWN: &[(&str, Operation)] = &[
    ("/profile", Operation::OwnProfile),
    ("/profile/access", Operation::OwnSessions),
    ("/tasks", Operation::OwnTasks),
    ("/account", Operation::OwnMoney),
    ("/account.csv", Operation::OwnMoney),
    ("/account/statement", Operation::OwnMoney),
    ("/account/statements", Operation::OwnMoney),
    ("/api/v1/me", Operation::OwnProfile),
    ("/api/v1/tasks/mine", Operation::OwnTasks),
    ("/api/v1/accounting/balance", Operation::OwnMoney),
    ("/api/v1/accounting/transfers", Operation::OwnMoney),
];

const NAMES: &[&str] = &[
    "user", "user_id", "uid", "id", "employee", "assignee", "owner", "account",
];

/// A person who asks, by cookie and by token.
struct Asker {
    cookie: String,
    bearer: String,
}

impl Asker {
    fn of(world: &World, role: Role) -> Self {
        let visitor = world.visitor(role);
        let secret = visitor
            .browser
            .as_ref()
            .unwrap()
            .cookie("ates_session")
            .unwrap();
        Self {
            cookie: format!("ates_session={secret}"),
            bearer: format!("Bearer {}", visitor.api.token().unwrap()),
        }
    }

    fn ask(
        &self,
        world: &World,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let mut headers = vec![("sec-fetch-site", "same-origin")];
        if path.starts_with("/api/") {
            headers.push(("authorization", &self.bearer));
            headers.push(("content-type", "application/json"));
        } else {
            headers.push(("cookie", &self.cookie));
            headers.push(("content-type", "application/x-www-form-urlencoded"));
        }
        headers.extend_from_slice(more);
        let form = if body.is_empty() || path.starts_with("/api/") {
            body.to_owned()
        } else {
            let secret = self.cookie.split('=').nth(1).unwrap();
            format!(
                "{body}&csrf={}",
                ates::platform::web::csrf::token_for(secret)
            )
        };
        let answer = send(&world.app.base(), method, path, &headers, &form);
        (answer.status, answer.body)
    }
}

/// Whether somebody of this role may do this with what is not theirs.
fn may_with_others(operation: Operation, role: Role) -> bool {
    matches!(cell(operation, role), Cell::Yes)
}

fn people() -> impl Iterator<Item = Role> {
    Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Internalservice)
}

#[test]
fn a28_t_az_3_ids_of_somebody_else_in_the_path_show_and_change_nothing() {
    let world = World::build();
    let (mut asked, mut wrong) = (0, Vec::new());
    for role in people() {
        let owner = Owner::of(&world, role);
        let asker = Asker::of(&world, role);
        let before = owner.state(&world);
        for route in ROUTES {
            let (Some(path), Asks::To(operation) | Asks::OfOthers(operation)) =
                (owner.path(route), route.asks)
            else {
                continue;
            };
            if may_with_others(operation, role) {
                continue;
            }
            let mut paths = vec![path.clone()];
            if path.contains("sessions/") {
                paths.push(path.replace(&owner.session, &owner.family));
            }
            for path in paths {
                asked += 1;
                let (status, answer) = asker.ask(&world, route.method, &path, &[], &body(route));
                if !matches!(status, 403 | 404 | 409 | 422) || answer.contains(MARK) {
                    wrong.push(format!("{role}: {} {path} gets {status}", route.method));
                }
            }
        }
        if owner.state(&world) != before {
            wrong.push(format!("{role}: something of the owner's has changed"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked >= 60, "{asked}");
}

#[test]
fn a28_a45_t_az_3_ids_of_somebody_else_in_query_body_and_headers_are_not_listened_to() {
    let world = World::build();
    let (mut asked, mut wrong) = (0, Vec::new());
    for role in people() {
        let owner = Owner::of(&world, role);
        let asker = Asker::of(&world, role);
        // The asker's own things do not bear the mark, so nothing that is answered here may.
        let before = owner.state(&world);
        let id = owner.person.id.to_string();
        let mut see = |what: String, answer: (u16, String), may: bool| {
            asked += 1;
            if answer.0 >= 500 || answer.1.contains(MARK) && !may {
                wrong.push(format!("{role}: {what} gets {}", answer.0));
            }
        };
        for (path, _) in OWN {
            for name in NAMES {
                // What takes a person takes the id or the log-in name.
                let by_name = (*name == "user").then_some(owner.person.username.as_str());
                for value in by_name.into_iter().chain([id.as_str()]) {
                    let target = format!("{path}?{name}={value}");
                    let companys = [
                        "/account",
                        "/account.csv",
                        "/account/statement",
                        "/account/statements",
                        "/api/v1/accounting/balance",
                        "/api/v1/accounting/transfers",
                    ];
                    let may = companys.contains(path)
                        && may_with_others(Operation::CompanyTransfers, role);
                    see(
                        target.clone(),
                        asker.ask(&world, "GET", &target, &[], ""),
                        may,
                    );
                }
            }
            for name in [
                "x-user-id",
                "x-user",
                "x-employee",
                "x-forwarded-user",
                "x-account-id",
            ] {
                let answer = asker.ask(&world, "GET", path, &[(name, &id)], "");
                see(format!("{path} with {name}"), answer, false);
            }
        }
        for name in NAMES {
            let mut task = json!({ "title": "A fair nest" });
            task[*name] = json!(id);
            let answer = asker.ask(&world, "POST", "/api/v1/tasks", &[], &task.to_string());
            assert_eq!(answer.0, 422, "{role}: {name} in the body of a task");
            see(format!("a task with {name}"), answer, false);
            let mut me: Value = json!({ "meta": {} });
            me[*name] = json!(id);
            let answer = asker.ask(&world, "PATCH", "/api/v1/me", &[], &me.to_string());
            assert_eq!(answer.0, 422, "{role}: {name} in one's own record");
            see(format!("a record with {name}"), answer, false);
            for (path, form) in [
                ("/profile/language", "language=en"),
                ("/account/bank-account", "iban=DE89370400440532013000&bic="),
                ("/profile/sessions/end-others", "x=1"),
            ] {
                let form = format!("{form}&{name}={id}");
                let answer = asker.ask(&world, "POST", path, &[], &form);
                see(format!("{path} with {name}"), answer, false);
            }
        }
        if owner.state(&world) != before {
            wrong.push(format!("{role}: something of the owner's has changed"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(asked >= 600, "{asked}");
}
