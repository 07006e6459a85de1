//! Users: registered, changed and deactivated by administrators, of whom one always remains.

use std::thread;

use ates::platform::ids::fresh_key;
use serde_json::{Value, json};

use super::{ask_token, send_form, user_path};
use crate::support::database::{count, text};
use crate::support::{PASSWORD, TestApp};

fn newcomer(username: &str, roles: &[&str]) -> Value {
    json!({
        "username": username, "email": format!("{username}@uberpopug.example"), "name": "Гоша", "surname": "Какаду",
        "password": "seeds under the old roof", "roles": roles,
    })
}

#[test]
fn a04_an_administrator_registers_a_user_with_a_role() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    let (status, user) = api.post(
        "/api/v1/users",
        &newcomer("Gosha", &["accountant", "manager"]),
    );
    assert_eq!(status, 201, "{user}");
    assert_eq!(user["username"], "gosha");
    assert_eq!(user["roles"], json!(["accountant", "manager"]));
    assert!(user.get("password").is_none());
    let (_, list) = api.get("/api/v1/users");
    let listed = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["uid"] == user["uid"]);
    assert_eq!(listed.unwrap()["roles"], json!(["accountant", "manager"]));
    assert_eq!(ask_token(&app, "gosha", "seeds under the old roof").0, 200);
    let mut page = app.log_in(&root);
    assert!(
        page.get("/admin/users?q=%D0%9A%D0%B0%D0%BA%D0%B0%D0%B4%D1%83")
            .text()
            .contains("Гоша Какаду")
    );
    let uid = user["uid"].as_str().unwrap();
    let told = format!("report_v1.events where type = 'account.created' and subject = '{uid}'");
    let audited = format!(
        "platform.audit_log where action = 'auth.user_registered' and subject_id = '{uid}' and actor_id = '{}'",
        root.id
    );
    for rows in [told, audited] {
        assert_eq!(count(&mut app.conn(), &rows), 1, "{rows}");
    }
}

#[test]
fn a04_a_developer_registers_nobody() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("chief", &["manager"])]);
    for person in &people {
        let (status, _) = app
            .api(person)
            .post("/api/v1/users", &newcomer("gosha", &["developer"]));
        assert_eq!(status, 403);
    }
    assert_eq!(count(&mut app.conn(), "auth.users"), 2);
}

#[test]
fn a04_a_second_name_or_address_of_the_same_letters_is_a_conflict() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let api = app.api(&people[0]);
    let (status, problem) = api.post("/api/v1/users", &newcomer("KESHA", &["developer"]));
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("field-username-taken"))
    );
    let mut second = newcomer("gosha", &["developer"]);
    second["email"] = json!("Kesha@UberPopug.example");
    let (status, problem) = api.post("/api/v1/users", &second);
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("field-email-taken"))
    );
    let change = json!({ "email": "KESHA@uberpopug.example" });
    assert_eq!(api.patch(&user_path(&people[0]), &change).0, 409);
    let key = fresh_key().to_string();
    let page = app.log_in(&people[0]).post(
        "/admin/users",
        &[
            ("key", &key),
            ("username", "kesha"),
            ("email", "gosha@uberpopug.example"),
            ("name", "Гоша"),
            ("surname", "Какаду"),
            ("password", "seeds under the old roof"),
            ("roles", "boss"),
        ],
    );
    assert_eq!(page.status, 409);
    assert!(
        page.text()
            .contains("Somebody has this log-in name already")
    );
    assert_eq!(
        page.attribute("#name", "value").as_deref(),
        Some("Гоша"),
        "values are kept"
    );
    assert!(page.has("[name=roles][value=boss][checked]"));
    assert!(
        !page.html.contains("seeds under"),
        "the password is dropped"
    );
    assert_eq!(count(&mut app.conn(), "auth.users"), 2);
}

#[test]
fn a12_every_role_can_be_given_and_an_eighth_is_refused() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    for role in ates::auth::Role::ALL {
        let (status, user) = api.post(
            "/api/v1/users",
            &newcomer(&format!("a.{}", &role.as_str()[..4]), &[role.as_str()]),
        );
        assert_eq!(
            (status, &user["role"]),
            (201, &json!(role.as_str())),
            "{user}"
        );
    }
    for roles in [&["cat"][..], &[], &["developer", "Boss"]] {
        let (status, problem) = api.post("/api/v1/users", &newcomer("gosha", roles));
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("roles")),
            "{roles:?}"
        );
    }
    let key = fresh_key().to_string();
    let fields = [
        ("key", key.as_str()),
        ("username", "gosha"),
        ("email", "gosha@uberpopug.example"),
        ("name", "Gosha"),
        ("surname", "Bird"),
        ("password", "seeds under the old roof"),
        ("roles", "cat"),
    ];
    let page = app.log_in(&root).post("/admin/users", &fields);
    assert_eq!(
        (page.status, page.text().contains("There is no such role")),
        (422, true)
    );
}

#[test]
fn a45_a_field_that_nobody_may_set_is_refused() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let api = app.api(&people[0]);
    for field in [
        "permissions",
        "active",
        "uid",
        "password_hash",
        "session_version",
    ] {
        let mut body = newcomer("gosha", &["developer"]);
        body[field] = json!("1");
        let (status, problem) = api.post("/api/v1/users", &body);
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field)),
            "{problem}"
        );
        let change = Value::Object([(field.to_owned(), json!("1"))].into_iter().collect());
        assert_eq!(api.patch(&user_path(&people[1]), &change).0, 422, "{field}");
    }
}

#[test]
fn a20_a_deactivated_popug_keeps_the_ledger() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
    ]);
    let (root, kesha) = (app.api(&people[0]), &people[1]);
    for n in 1..=12 {
        let task = json!({ "title": format!("Feed bird {n}") });
        assert_eq!(root.post("/api/v1/tasks", &task).0, 201);
    }
    app.drain();
    let ledger = format!(
        "select count(*) || ' ' || coalesce(sum(amount_minor), 0) as t from report_v1.transfers where employee_id = '{}'",
        kesha.id
    );
    let before = text(&mut app.conn(), &ledger);
    assert!(!before.starts_with("0 "), "twelve draws of two people");
    let (mut browser, api) = (app.log_in(kesha), app.api(kesha));
    assert_eq!(root.delete(&user_path(kesha)).0, 204);
    app.drain();
    assert_eq!(text(&mut app.conn(), &ledger), before);
    let open = format!(
        "tasks.tasks where assignee_id = '{}' and status <> 'done'",
        kesha.id
    );
    assert_eq!(count(&mut app.conn(), &open), 0);
    assert_eq!(
        browser.get("/tasks").location.as_deref(),
        Some("/login?next=%2Ftasks")
    );
    assert_eq!(api.get("/api/v1/me").0, 401);
    assert_eq!(ask_token(&app, "kesha", PASSWORD).0, 401);
    assert_eq!(send_form(&app, "roma", PASSWORD).status, 303);
    let (_, gone) = root.get(&user_path(kesha));
    assert_eq!(
        (&gone["active"], &gone["username"]),
        (&json!(false), &json!("kesha"))
    );
    assert_eq!(root.delete(&user_path(kesha)).0, 409);
    assert_eq!(
        root.patch(&user_path(kesha), &json!({ "name": "Ghost" })).0,
        409
    );
    let told = format!(
        "report_v1.events where type = 'account.deleted' and subject = '{}'",
        kesha.id
    );
    assert_eq!(count(&mut app.conn(), &told), 1);
}

#[test]
fn a18_a_life_is_three_events_with_growing_versions() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let api = app.api(&root);
    let (_, user) = api.post("/api/v1/users", &newcomer("gosha", &["developer"]));
    let path = format!("/api/v1/users/{}", user["uid"].as_str().unwrap());
    assert_eq!(api.patch(&path, &json!({ "roles": ["boss"] })).0, 200);
    assert_eq!(api.delete(&path).0, 204);
    let story = format!(
        "select string_agg(type || ' ' || (data ->> 'version'), ', ' order by seq) as t from report_v1.events where subject = '{}'",
        user["uid"].as_str().unwrap()
    );
    assert_eq!(
        text(&mut app.conn(), &story),
        "account.created 1, account.updated 2, account.deleted 3"
    );
}

#[test]
fn a26_a_role_is_changed_on_the_users_page_and_the_audit_names_who() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let mut browser = app.log_in(&people[0]);
    let path = format!("/admin/users/{}", people[1].id);
    let page = browser.get(&path);
    assert!(page.has("[name=roles][value=developer][checked]"));
    let fields = [
        ("email", "kesha@uberpopug.example"),
        ("name", "Kesha"),
        ("surname", "Popug"),
        ("roles", "manager"),
        ("roles", "accountant"),
    ];
    let page = browser.submit(&path, &fields);
    assert!(page.text().contains("Saved"), "{}", page.text());
    assert!(
        page.has("[name=roles][value=manager][checked]")
            && page.has("[name=roles][value=accountant][checked]")
    );
    let audited = format!(
        "select detail::text as t from platform.audit_log where action = 'auth.user_updated' and actor_id = '{}' and subject_id = '{}'",
        people[0].id, people[1].id
    );
    let detail: Value = serde_json::from_str(&text(&mut app.conn(), &audited)).unwrap();
    assert_eq!(detail["before"]["roles"], json!(["developer"]));
    assert_eq!(detail["after"]["roles"], json!(["manager", "accountant"]));
}

#[test]
fn a13_the_roles_page_describes_every_role_in_both_languages() {
    let app = TestApp::start();
    let root = app.register("root", &["administrator"]);
    let english = app.log_in(&root).get("/admin/roles").text();
    assert!(
        english.contains("Sees all tasks and shuffles them"),
        "{english}"
    );
    assert!(english.contains("can_reassign_tasks"));
    app.clock().advance(chrono::Duration::seconds(1));
    let russian = app.log_in(&root).speaking("ru").get("/admin/roles").text();
    assert!(
        russian.contains("Видит все задачи и перемешивает их"),
        "{russian}"
    );
}

#[test]
fn a46_the_last_administrator_stays() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("second", &["administrator"])]);
    let api = app.api(&people[0]);
    assert_eq!(api.delete(&user_path(&people[1])).0, 204);
    let (status, problem) = api.delete(&user_path(&people[0]));
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("error-last-administrator"))
    );
    let (status, _) = api.patch(&user_path(&people[0]), &json!({ "roles": ["manager"] }));
    assert_eq!(status, 409);
    assert_eq!(api.get("/api/v1/users").0, 200, "nothing of it happened");
}

#[test]
fn con8_two_administrators_who_take_the_role_from_each_other_leave_one() {
    let app = TestApp::start();
    for round in 0..10 {
        let names = [format!("one{round}"), format!("two{round}")];
        let pair = app.register_all(&[
            (names[0].as_str(), &["administrator"]),
            (names[1].as_str(), &["administrator"]),
        ]);
        let apis = [app.api(&pair[0]), app.api(&pair[1])];
        let statuses: Vec<u16> = thread::scope(|scope| {
            let acts = [(&apis[0], &pair[1]), (&apis[1], &pair[0])].map(|(api, other)| {
                scope.spawn(move || {
                    if round % 2 == 0 {
                        api.delete(&user_path(other)).0
                    } else {
                        api.patch(&user_path(other), &json!({ "roles": ["developer"] }))
                            .0
                    }
                })
            });
            acts.into_iter().map(|act| act.join().unwrap()).collect()
        });
        assert!(
            statuses
                .iter()
                .all(|status| [200, 204, 401, 403, 409].contains(status)),
            "{statuses:?}"
        );
        let left = "auth.users u join auth.user_roles r on r.user_id = u.id and r.role = 'administrator' where u.deactivated_at is null";
        assert_eq!(count(&mut app.conn(), left), 1, "{statuses:?}");
        let gone = "update auth.users set deactivated_at = now() where deactivated_at is null";
        diesel::connection::SimpleConnection::batch_execute(&mut app.conn(), gone).unwrap();
    }
}

#[test]
fn a55_the_search_takes_its_words_literally() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha_1", &["developer"]),
        ("keshax1", &["boss"]),
    ]);
    let mut browser = app.log_in(&people[0]);
    let mut found = |query: &str| {
        browser
            .get(&format!("/admin/users?{query}"))
            .all("tbody tr")
            .len()
    };
    assert_eq!(found("q=kesha"), 2);
    assert_eq!(found("q=kesha_1"), 1);
    assert_eq!(found("q=%25"), 0);
    assert_eq!(found("role=boss"), 1);
    assert_eq!(found("q=KESHA&role=developer"), 1);
}
