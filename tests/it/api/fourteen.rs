//! G12: the fourteen operations of the contract's first names, asked for by each of the seven roles as a script would.

use ates::auth::Role;
use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{Api, PASSWORD, Person, TestApp};

/// Somebody of each role.
struct Company {
    app: TestApp,
    people: Vec<(Role, Person, Api)>,
}

impl Company {
    fn build() -> Self {
        let app = TestApp::start();
        let people = Role::ALL.map(|role| {
            let person = app.register(&format!("the.{role}"), &[role.as_str()]);
            let api = app.api(&person);
            (role, person, api)
        });
        let company = Self {
            app,
            people: people.into(),
        };
        let root = company.of(Role::Administrator);
        for number in 0..40 {
            let task = json!({ "title": format!("Task {number}"), "jira_id": "UBERPOP-42" });
            assert_eq!(root.post("/api/v1/tasks", &task).0, 201);
        }
        company.app.drain();
        company
    }

    fn of(&self, role: Role) -> &Api {
        &self.people.iter().find(|(one, ..)| *one == role).unwrap().2
    }

    /// Asks as everybody, and holds the statuses against who may.
    fn ask(
        &self,
        what: &str,
        may: &[Role],
        ask: impl Fn(Role, &Person, &Api) -> (u16, Value),
        well: &[u16],
    ) {
        for (role, person, api) in &self.people {
            let (status, answer) = ask(*role, person, api);
            if may.contains(role) {
                assert!(
                    well.contains(&status),
                    "{what} as {role} gets {status}: {answer}"
                );
            } else {
                assert_eq!(status, 403, "{what} as {role}: {answer}");
                assert_eq!(answer["type"], "/problems/forbidden", "{what} as {role}");
            }
        }
        let (status, _) = ask(
            Role::Other,
            &self.people[0].1,
            &Api::anonymous(self.app.base()),
        );
        assert_eq!(status, 401, "{what} as nobody");
    }
}

/// Everybody but the machine.
const HUMANS: [Role; 6] = [
    Role::Administrator,
    Role::Manager,
    Role::Developer,
    Role::Boss,
    Role::Accountant,
    Role::Other,
];

/// A list in its form.
fn assert_list(answer: &Value) {
    assert!(answer["items"].is_array(), "{answer}");
    assert!(
        answer.as_object().unwrap().contains_key("next_cursor"),
        "{answer}"
    );
}

#[test]
fn g12_auth_user_and_register_user() {
    let company = Company::build();
    let anonymous = Api::anonymous(company.app.base());
    for (role, person, _) in &company.people {
        for login in [&person.username, &person.email] {
            let entry = json!({ "username": login, "password": PASSWORD });
            let (status, answer) = anonymous.post("/api/v1/auth/token", &entry);
            assert_eq!(status, 200, "{role}: {answer}");
            assert_eq!(answer["token_type"], "Bearer");
            assert_eq!(answer["expires_in"], 600);
            assert!(answer["access_token"].is_string() && answer["refresh_token"].is_string());
        }
    }
    company.ask(
        "register_user",
        &[Role::Administrator],
        |role, _, api| {
            let account = json!({ "username": format!("new.{role}"), "email": format!("new.{role}@uberpopug.example"),
                "name": "New", "surname": "Bird", "password": "a feather in the wind", "roles": ["developer"] });
            let (status, answer) = api.post("/api/v1/users", &account);
            if status == 201 {
                assert_eq!(answer["username"], format!("new.{role}"));
                assert_eq!(answer["roles"], json!(["developer"]));
                assert!(answer.get("password").is_none());
            }
            (status, answer)
        },
        &[201],
    );
}

#[test]
fn g12_the_tasks() {
    let company = Company::build();
    company.ask(
        "create_task",
        &HUMANS,
        |_, person, api| {
            let (status, answer) = api.post("/api/v1/tasks", &json!({ "title": "Preen" }));
            if status == 201 {
                assert_eq!(answer["created_by"], person.id.to_string());
                assert_eq!(answer["status"], "saving");
                assert!(answer["fee_minor"].is_null());
            }
            (status, answer)
        },
        &[201],
    );
    company.app.drain();
    company.ask(
        "show_my_assigned_tasks",
        &HUMANS,
        |_, person, api| {
            let (status, answer) = api.get("/api/v1/tasks/mine?status=open&limit=100");
            if status == 200 {
                assert_list(&answer);
                for task in answer["items"].as_array().unwrap() {
                    assert_eq!(task["assignee"]["uid"], person.id.to_string());
                    assert!(task["fee_minor"].as_i64().unwrap() >= 1_000);
                }
            }
            (status, answer)
        },
        &[200],
    );
    company.ask(
        "show_all_assigned_tasks",
        &[Role::Administrator, Role::Manager],
        |_, _, api| {
            let (status, answer) = api.get("/api/v1/tasks?limit=100");
            if status == 200 {
                assert_list(&answer);
                assert_eq!(answer["items"].as_array().unwrap().len(), 46);
            }
            (status, answer)
        },
        &[200],
    );
    // Everybody who was drawn completes one of theirs; nobody can do it for another.
    let mut done = 0;
    for (role, _, api) in &company.people {
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open");
        let Some(uid) = mine["items"][0]["uid"].as_str() else {
            assert!(role.bars_assignment(), "{role} was never drawn among 46");
            continue;
        };
        let path = format!("/api/v1/tasks/{uid}/complete");
        for (other, _, api) in company.people.iter().filter(|(other, ..)| other != role) {
            let status = api.post(&path, &json!({})).0;
            assert!(
                matches!(status, 403 | 404),
                "{other} completes one of {role}: {status}"
            );
        }
        let (status, answer) = api.post(&path, &json!({}));
        assert_eq!((status, &answer["status"]), (200, &json!("done")), "{role}");
        assert_eq!(api.post(&path, &json!({})).0, 409, "{role} again");
        done += 1;
    }
    assert_eq!(done, 4);
    company.ask(
        "reassign_tasks",
        &[Role::Administrator, Role::Manager],
        |_, _, api| {
            let (status, answer) = api.post("/api/v1/tasks/reassign", &Value::Null);
            if status == 202 {
                let run = format!("/api/v1/tasks/reassign/{}", answer["uid"].as_str().unwrap());
                assert_eq!(api.get(&run).0, 200);
            }
            (status, answer)
        },
        &[202],
    );
    company.app.settle_idle();
}

#[test]
fn g12_the_money_and_the_figures() {
    let company = Company::build();
    let worker = company.of(Role::Developer);
    let (_, mine) = worker.get("/api/v1/tasks/mine");
    let uid = mine["items"][0]["uid"].as_str().unwrap();
    assert_eq!(
        worker
            .post(&format!("/api/v1/tasks/{uid}/complete"), &Value::Null)
            .0,
        200
    );
    company.app.drain();
    let get = |path: &'static str| move |_: Role, _: &Person, api: &Api| api.get(path);
    company.ask(
        "show_balance",
        &HUMANS,
        get("/api/v1/accounting/balance"),
        &[200],
    );
    company.ask(
        "show_account_transfers",
        &HUMANS,
        get("/api/v1/accounting/transfers"),
        &[200],
    );
    let worker_id = &company
        .people
        .iter()
        .find(|(role, ..)| *role == Role::Developer)
        .unwrap()
        .1
        .id;
    let others = [
        format!("/api/v1/accounting/balance?user={worker_id}"),
        format!("/api/v1/accounting/transfers?user={worker_id}"),
    ];
    for path in &others {
        let may = [Role::Accountant, Role::Administrator, Role::Developer];
        company.ask(path, &may, |_, _, api| api.get(path), &[200]);
    }
    let accountants = [Role::Accountant, Role::Administrator];
    company.ask(
        "show_all_account_transfers",
        &accountants,
        |_, _, api| {
            let (status, answer) = api.get("/api/v1/accounting/company/transfers?limit=100");
            if status == 200 {
                assert_list(&answer);
                assert_eq!(answer["items"].as_array().unwrap().len(), 41);
            }
            (status, answer)
        },
        &[200],
    );
    let administrator = [Role::Administrator];
    company.ask(
        "today_income",
        &administrator,
        get("/api/v1/analytics/today-income"),
        &[200],
    );
    company.ask(
        "negative_balances",
        &administrator,
        get("/api/v1/analytics/negative-balances"),
        &[200],
    );
    company.ask(
        "show_the_most_expensive_task",
        &administrator,
        |_, _, api| {
            let (status, answer) = api.get("/api/v1/analytics/most-expensive-task?period=day");
            if status == 200 {
                assert_eq!(answer["range"]["task"]["uid"], uid);
            }
            (status, answer)
        },
        &[200],
    );
    company.app.clock().advance(Duration::days(1));
    let tokens: Vec<(Role, Person, Api)> = company
        .people
        .iter()
        .map(|(role, person, _)| (*role, person.clone(), company.app.api(person)))
        .collect();
    let company = Company {
        people: tokens,
        ..company
    };
    company.ask(
        "pay_to_workers",
        &[Role::Administrator, Role::Internalservice],
        |_, _, api| {
            let order = json!({ "business_date": "2026-03-02" });
            let (status, answer) = api.post("/api/v1/accounting/payouts", &order);
            if status == 200 {
                assert_eq!(answer["status"], "done");
            }
            (status, answer)
        },
        &[200],
    );
    // Repeating it has paid nobody twice, and a day that is not over is not settled.
    let (_, run) = company
        .of(Role::Accountant)
        .get("/api/v1/accounting/payouts/2026-03-02");
    assert!(run["people"].as_i64().unwrap() <= 1, "{run}");
    let machine = company.of(Role::Internalservice);
    let order = json!({ "business_date": "2026-03-03" });
    assert_eq!(machine.post("/api/v1/accounting/payouts", &order).0, 409);
    company.app.drain();
}
