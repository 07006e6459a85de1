//! T-AZ-8: nobody gives more than they have, nobody gives to themselves, and one administrator always stays (A46).

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use super::user_path;
use crate::support::database::{count, text};
use crate::support::{Api, Person, TestApp};

const ADMINISTRATORS: &str = "auth.users u join auth.user_roles r on r.user_id = u.id and r.role = 'administrator' \
                              where u.deactivated_at is null";

fn rights_of(app: &TestApp, person: &Person) -> String {
    text(
        &mut app.conn(),
        &format!(
            "select coalesce((select string_agg(role, ',' order by role) from auth.user_roles where user_id = '{0}'), '') || ' '
               || coalesce((select string_agg(permission, ',' order by permission) from auth.user_permissions where user_id = '{0}'), '') as t",
            person.id
        ),
    )
}

fn company() -> (TestApp, Vec<Person>) {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("second", &["administrator"]),
        ("chief", &["manager"]),
        ("clerk", &["accountant"]),
        ("boss", &["boss"]),
        ("kesha", &["developer"]),
        ("gosha", &["other"]),
        ("cron", &["internalservice"]),
    ]);
    (app, people)
}

#[test]
fn a46_t_az_8_nobody_but_an_administrator_gives_anything_to_anybody() {
    let (app, people) = company();
    let mut cases = 0;
    for person in &people[2..] {
        let api = app.api(person);
        let before = rights_of(&app, person);
        for (path, body) in [
            (user_path(person), json!({ "roles": ["administrator"] })),
            (
                user_path(person),
                json!({ "permissions": ["can_see_analytics"] }),
            ),
            (user_path(&people[5]), json!({ "roles": ["administrator"] })),
            ("/api/v1/me".into(), json!({ "roles": ["administrator"] })),
            (
                "/api/v1/me".into(),
                json!({ "permissions": ["can_operate"] }),
            ),
            ("/api/v1/me".into(), json!({ "role": "administrator" })),
        ] {
            cases += 1;
            let (status, _) = api.patch(&path, &body);
            assert!(
                matches!(status, 403 | 422),
                "{} {path} {body}: {status}",
                person.username
            );
        }
        let newcomer = json!({
            "username": "puppet", "email": "puppet@uberpopug.example", "name": "Puppet", "surname": "Popug",
            "password": "seeds under the old roof", "roles": ["administrator"],
        });
        assert_eq!(api.post("/api/v1/users", &newcomer).0, 403);
        assert_eq!(api.delete(&user_path(&people[0])).0, 403);
        assert_eq!(rights_of(&app, person), before, "{}", person.username);
    }
    assert!(cases >= 20, "{cases}");
    assert_eq!(count(&mut app.conn(), ADMINISTRATORS), 2);
    assert_eq!(count(&mut app.conn(), "auth.users"), 8);
}

#[test]
fn a46_t_az_8_a_grant_that_would_open_nothing_or_is_none_is_refused() {
    let (app, people) = company();
    let root = app.api(&people[0]);
    for (person, permission) in [
        (&people[5], "can_manage_users"),
        (&people[5], "can_operate"),
        (&people[5], "can_run_payouts"),
        (&people[2], "can_see_company_money"),
        (&people[3], "can_see_analytics"),
        (&people[7], "can_see_all_tasks"),
        (&people[5], "can_fly"),
        (&people[5], "CAN_SEE_ANALYTICS"),
    ] {
        let before = rights_of(&app, person);
        let (status, answer) =
            root.patch(&user_path(person), &json!({ "permissions": [permission] }));
        assert_eq!(status, 422, "{} {permission}: {answer}", person.username);
        assert_eq!(rights_of(&app, person), before);
    }
}

#[test]
fn a46_t_az_8_a_script_gives_nobody_anything_whoever_made_it() {
    let (app, people) = company();
    let mut browser = app.log_in(&people[0]);
    let all = [
        "profile",
        "tasks_read",
        "tasks_write",
        "shuffle",
        "account",
        "company_money",
        "payouts",
        "analytics",
    ];
    let page = super::access::make(&mut browser, "/profile/tokens", &all, "30");
    let script = Api::with_token(app.base(), &super::access::shown_token(&page));
    assert_eq!(script.get("/api/v1/me").0, 200);
    for body in [
        json!({ "roles": ["administrator"] }),
        json!({ "permissions": ["can_see_analytics"] }),
    ] {
        assert_eq!(script.patch(&user_path(&people[5]), &body).0, 403);
        assert_eq!(script.patch(&user_path(&people[0]), &body).0, 403);
    }
    assert_eq!(script.get("/api/v1/users").0, 403);
    assert_eq!(script.delete(&user_path(&people[1])).0, 403);
    for scope in ["users", "manage_users", "operate", "*", "administrator"] {
        let page = super::access::make(&mut browser, "/profile/tokens", &[scope], "30");
        assert_eq!(page.status, 422, "{scope}");
    }
}

#[test]
fn a46_t_az_8_whoever_gives_up_the_role_is_out_at_once_and_cannot_take_it_back() {
    let (app, people) = company();
    let (root, mut browser) = (app.api(&people[0]), app.log_in(&people[0]));
    let change = json!({ "roles": ["developer"] });
    assert_eq!(root.patch(&user_path(&people[0]), &change).0, 200);
    assert_eq!(
        root.get("/api/v1/users").0,
        401,
        "the token ended with the right"
    );
    assert_eq!(browser.get("/admin/users").status, 303);
    let again = app.api(&people[0]);
    let back = json!({ "roles": ["administrator"] });
    assert_eq!(again.patch(&user_path(&people[0]), &back).0, 403);
    assert_eq!(again.get("/api/v1/users").0, 403);
    assert_eq!(count(&mut app.conn(), ADMINISTRATORS), 1);
    let audited = format!(
        "platform.audit_log where action = 'auth.user_updated' and actor_id = '{0}' and subject_id = '{0}'",
        people[0].id
    );
    assert_eq!(
        count(&mut app.conn(), &audited),
        1,
        "and who did it to whom is kept"
    );
}

#[test]
fn a46_t_az_8_the_last_administrator_stays_by_every_door() {
    let (app, people) = company();
    assert_eq!(app.api(&people[0]).delete(&user_path(&people[1])).0, 204);
    let last = &people[0];
    let (api, mut browser) = (app.api(last), app.log_in(last));
    let page = format!("/admin/users/{}", last.id);
    let fields = [
        ("email", "root@uberpopug.example"),
        ("name", "Root"),
        ("surname", "Popug"),
        ("roles", "manager"),
    ];
    assert_eq!(api.delete(&user_path(last)).0, 409);
    for roles in [
        json!(["developer"]),
        json!(["manager", "boss"]),
        json!(["internalservice"]),
    ] {
        assert_eq!(
            api.patch(&user_path(last), &json!({ "roles": roles })).0,
            409
        );
    }
    assert_eq!(api.patch(&user_path(last), &json!({ "roles": [] })).0, 422);
    assert_eq!(browser.post(&page, &fields).status, 409);
    assert_eq!(
        browser.post(&format!("{page}/deactivation"), &[]).status,
        409
    );
    assert_eq!(
        browser.get("/admin/users").status,
        200,
        "nothing of it happened"
    );
    assert_eq!(rights_of(&app, last), "administrator ");
}

#[test]
fn a46_t_az_8_four_who_take_the_role_from_one_another_at_once_leave_one() {
    let app = TestApp::start();
    for round in 0..5 {
        let names: Vec<String> = (0..4).map(|number| format!("r{round}n{number}")).collect();
        let list: Vec<(&str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), &["administrator"][..]))
            .collect();
        let people = app.register_all(&list);
        let apis: Vec<Api> = people.iter().map(|person| app.api(person)).collect();
        let together = Barrier::new(apis.len());
        thread::scope(|scope| {
            for (place, api) in apis.iter().enumerate() {
                let victim = &people[(place + 1) % people.len()];
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    let status = match place % 2 {
                        0 => api.delete(&user_path(victim)).0,
                        _ => {
                            api.patch(&user_path(victim), &json!({ "roles": ["boss"] }))
                                .0
                        }
                    };
                    assert!(
                        matches!(status, 200 | 204 | 401 | 403 | 409 | 503),
                        "{status}"
                    );
                });
            }
        });
        let left = count(&mut app.conn(), ADMINISTRATORS);
        assert!(left >= 1, "round {round}: nobody is left");
        let gone = "update auth.users set deactivated_at = now() where deactivated_at is null";
        diesel::connection::SimpleConnection::batch_execute(&mut app.conn(), gone).unwrap();
    }
}

/// Somebody without any right who asks for one by a body that nobody reads.
#[test]
fn a45_t_az_8_a_registration_gives_no_rights_beyond_its_roles() {
    let (app, people) = company();
    let root = app.api(&people[0]);
    for (field, value) in [
        ("permissions", json!(["can_operate"])),
        ("role", json!("administrator")),
        ("is_admin", json!(true)),
        ("active", json!(true)),
        ("session_version", json!(7)),
    ] {
        let mut newcomer: Value = json!({
            "username": "puppet", "email": "puppet@uberpopug.example", "name": "Puppet", "surname": "Popug",
            "password": "seeds under the old roof", "roles": ["other"],
        });
        newcomer[field] = value;
        assert_eq!(root.post("/api/v1/users", &newcomer).0, 422, "{field}");
    }
    assert_eq!(
        count(&mut app.conn(), "auth.users where username = 'puppet'"),
        0
    );
}
