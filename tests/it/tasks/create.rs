//! Creating a task, and changing its words.

use ates::bus;
use ates::platform::db::Origin;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{assignee_of, bring_in, create, rows, status_of};
use crate::support::TestApp;
use crate::support::client::Browser;
use crate::support::database::count;

#[test]
fn t03_every_role_but_the_service_creates_a_task() {
    let app = TestApp::start();
    let roles = [
        "administrator",
        "manager",
        "developer",
        "boss",
        "accountant",
        "other",
    ];
    let people: Vec<(&str, &[&str])> = roles
        .iter()
        .map(|role| (*role, std::slice::from_ref(role)))
        .collect();
    for person in app.register_all(&people) {
        let (status, task) = app
            .api(&person)
            .post("/api/v1/tasks", &json!({ "title": "Feed the macaw" }));
        assert_eq!(status, 201, "{}: {task}", person.username);
        assert_eq!(task["created_by"], person.id.to_string());
        assert_eq!(task["status"], "saving");
    }
    let service = app.register("payday", &["internalservice"]);
    let (status, _) = app
        .api(&service)
        .post("/api/v1/tasks", &json!({ "title": "Feed the macaw" }));
    assert_eq!(status, 403);
    app.drain();
    assert_eq!(rows(&app, "report_v1.tasks where status = 'open'"), 6);
}

#[test]
fn t05_a_jira_id_in_the_title_is_an_error_at_the_title_and_fine_in_its_own_field() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let page = browser.post(
        "/tasks",
        &[("title", "[UBERPOP-42] Поменять оттенок"), ("jira_id", "")],
    );
    assert_eq!(page.status, 422);
    assert_eq!(page.all("#title-about .error").len(), 1, "{}", page.html);
    assert_eq!(
        page.attribute("#title", "value").as_deref(),
        Some("[UBERPOP-42] Поменять оттенок"),
        "what was typed is kept"
    );
    assert_eq!(rows(&app, "tasks.tasks"), 0);

    let page = browser.submit(
        "/tasks",
        &[("title", "Поменять оттенок"), ("jira_id", "UBERPOP-42")],
    );
    assert_eq!(page.status, 200);
    assert!(
        page.all("h1")[0].starts_with("[UBERPOP-42] Поменять оттенок"),
        "{:?}",
        page.all("h1")
    );
    assert!(
        page.all(".flash")[0].contains("Kesha Popug"),
        "the page says who got it"
    );
}

#[test]
fn t04_a_description_of_ten_thousand_letters_of_any_alphabet_is_kept_and_one_more_is_named() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let send = |browser: &mut Browser, letters: usize| {
        let description = "Ж".repeat(letters);
        let fields = [("title", "Накормить ару"), ("description", &description)];
        browser.submit("/tasks", &fields)
    };
    let page = send(&mut browser, 10_000);
    assert_eq!(page.status, 200);
    assert_eq!(
        count(
            &mut app.conn(),
            "tasks.tasks where char_length(description) = 10000"
        ),
        1
    );
    let page = send(&mut browser, 10_001);
    assert_eq!(page.status, 422);
    assert_eq!(page.all("#description-about .error").len(), 1);
    assert_eq!(rows(&app, "tasks.tasks"), 1);
}

#[test]
fn a54_letters_are_composed_before_they_are_stored_and_looked_for() {
    let app = TestApp::start();
    let lev = app.register("lev", &["manager"]);
    app.register("kesha", &["developer"]);
    let id = create(
        &app.api(&lev),
        "Купить и\u{306}од для Зои Соловье\u{308}вои\u{306}",
    );
    let title =
        format!("tasks.tasks where id = '{id}' and title = 'Купить йод для Зои Соловьёвой'");
    assert_eq!(rows(&app, &title), 1);
    for query in [
        "q=%D1%91%D0%B2%D0%BE%D0%B9",
        "q=%D0%B5%CC%88%D0%B2%D0%BE%D0%B8%CC%86",
    ] {
        let page = app.log_in(&lev).get(&format!("/tasks/all?{query}"));
        assert_eq!(page.all("#all tbody th a").len(), 1, "{query}");
    }
}

#[test]
fn t05_the_api_names_every_wrong_field() {
    let app = TestApp::start();
    let kesha = app.api(&app.register("kesha", &["developer"]));
    let wrong =
        json!({ "title": "a ] b", "jira_id": "uberpop", "description": "x".repeat(10_001) });
    let (status, problem) = kesha.post("/api/v1/tasks", &wrong);
    assert_eq!(status, 422);
    let mut fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["description", "jira_id", "title"]);
    for unknown in [
        json!({ "title": "x", "assignee": "me" }),
        json!({ "title": "x", "fee_minor": 1 }),
    ] {
        assert_eq!(kesha.post("/api/v1/tasks", &unknown).0, 422, "{unknown}");
    }
    assert_eq!(rows(&app, "tasks.tasks"), 0);
}

#[test]
fn t06_a_task_always_has_an_assignee() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("roma", &["boss"])]);
    bring_in(&app, &people[0], 1_000);
    assert_eq!(
        rows(
            &app,
            "tasks.tasks t join tasks.employees e on e.id = t.assignee_id and e.assignable"
        ),
        1_000
    );
    for broken in [
        "update tasks.tasks set assignee_id = null where number = 1",
        "update tasks.tasks set assignee_id = gen_random_uuid() where number = 1",
    ] {
        assert!(app.conn().batch_execute(broken).is_err(), "{broken}");
    }
}

#[test]
fn t07_managers_and_administrators_never_get_a_task() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager", "developer"]),
        ("admin", &["administrator"]),
        ("payday", &["internalservice"]),
    ]);
    bring_in(&app, &people[3], 60);
    let lev = app.api(&people[2]);
    for _ in 0..3 {
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    }
    app.settle_idle();
    assert_eq!(rows(&app, "report_v1.assignments"), 240);
    let to_developers = format!(
        "report_v1.assignments where assignee_id in ('{}', '{}')",
        people[0].id, people[1].id
    );
    assert_eq!(rows(&app, &to_developers), 240);
}

#[test]
fn t08_without_anybody_eligible_nothing_happens_at_all() {
    let app = TestApp::start();
    let people = app.register_all(&[("lev", &["manager"]), ("admin", &["administrator"])]);
    let (status, problem) = app
        .api(&people[0])
        .post("/api/v1/tasks", &json!({ "title": "Feed the macaw" }));
    assert_eq!(status, 409, "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains("nobody"),
        "{problem}"
    );
    let page = app
        .log_in(&people[1])
        .post("/tasks", &[("title", "Feed the macaw")]);
    assert_eq!(page.status, 409);
    assert!(
        page.has(".flash.bad") && page.has("form#task"),
        "the form is still there"
    );
    app.drain();
    assert_eq!(rows(&app, "tasks.tasks"), 0);
    assert_eq!(rows(&app, "report_v1.events where topic = 'task'"), 0);
    assert_eq!(rows(&app, "report_v1.transfers"), 0);
}

#[test]
fn t24_a_task_is_saving_until_it_is_priced() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bus::pause(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        "a test",
        Origin::system(),
    )
    .unwrap();
    let kesha = app.api(&people[0]);
    let task = create(&kesha, "Feed the macaw");
    app.drain();

    let mut browser = app.log_in(&people[0]).speaking("ru");
    let page = browser.get(&format!("/tasks/{task}"));
    assert_eq!(page.all("#status"), ["Сохраняем"]);
    assert!(
        page.has("#task[data-again]") && page.html.contains("http-equiv=\"refresh\""),
        "it resolves by itself, with scripts and without"
    );
    assert_eq!(browser.get("/tasks").all("#mine .chip"), ["Сохраняем"]);
    let (status, problem) = kesha.post(&format!("/api/v1/tasks/{task}/complete"), &json!({}));
    assert_eq!(status, 409, "{problem}");
    assert_eq!(
        app.api(&people[1])
            .post("/api/v1/tasks/reassign", &json!({}))
            .0,
        202
    );
    app.settle_idle();
    assert_eq!(
        rows(&app, "report_v1.assignments"),
        1,
        "a saving task is not shuffled"
    );

    bus::resume(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        Origin::system(),
    )
    .unwrap();
    app.drain();
    assert_eq!(status_of(&app, &task), "open");
    let (_, body) = kesha.get(&format!("/api/v1/tasks/{task}"));
    assert!(
        (1_000..=2_000).contains(&body["fee_minor"].as_i64().unwrap()),
        "{body}"
    );
    assert!(
        (2_000..=4_000).contains(&body["reward_minor"].as_i64().unwrap()),
        "{body}"
    );
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        1
    );
    let page = browser.get(&format!("/tasks/{task}"));
    assert!(!page.has("[data-again]") && !page.html.contains("http-equiv=\"refresh\""));
}

#[test]
fn t24_the_database_keeps_the_order_of_the_statuses() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"])]);
    bring_in(&app, &people[0], 2);
    let kesha = app.api(&people[0]);
    let (_, mine) = kesha.get("/api/v1/tasks/mine");
    let task = mine["items"][0]["uid"].as_str().unwrap();
    assert_eq!(
        kesha
            .post(&format!("/api/v1/tasks/{task}/complete"), &json!({}))
            .0,
        200
    );
    for broken in [
        format!("update tasks.tasks set status = 'open', completed_at = null, completed_by = null where id = '{task}'"),
        format!("update tasks.tasks set title = 'other' where id = '{task}'"),
        "update tasks.tasks set fee_minor = 1 where status = 'open'".to_owned(),
        "update tasks.tasks set status = 'saving', fee_minor = null, reward_minor = null where status = 'open'".to_owned(),
        "update tasks.tasks set status = 'waiting' where status = 'open'".to_owned(),
        "delete from tasks.journal".to_owned(),
    ] {
        assert!(app.conn().batch_execute(&broken).is_err(), "{broken}");
    }
}

#[test]
fn t35_author_and_manager_change_the_words_and_nothing_else() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("anna", &["accountant"]),
        ("lev", &["manager"]),
    ]);
    let lev = app.api(&people[2]);
    let task = create(&lev, "Feed the macaw");
    app.drain();
    let (before, path) = (assignee_of(&app, &task), format!("/api/v1/tasks/{task}"));
    let (_, old) = lev.get(&path);

    let (status, new) = lev.patch(
        &path,
        &json!({ "title": "Feed the ara", "jira_id": "POP-7" }),
    );
    assert_eq!(status, 200, "{new}");
    assert_eq!(
        (new["title"].as_str(), new["jira_id"].as_str()),
        (Some("Feed the ara"), Some("POP-7"))
    );
    assert_eq!(
        (&new["fee_minor"], &new["reward_minor"]),
        (&old["fee_minor"], &old["reward_minor"])
    );
    assert_eq!(assignee_of(&app, &task), before);
    let (_, cleared) = lev.patch(&path, &json!({ "jira_id": null }));
    assert_eq!(
        (cleared["title"].as_str(), cleared["jira_id"].is_null()),
        (Some("Feed the ara"), true)
    );
    assert_eq!(lev.patch(&path, &json!({ "title": "[x]" })).0, 422);
    assert_eq!(
        lev.patch(&path, &json!({ "assignee": people[0].id })).0,
        422,
        "T14: nobody chooses an assignee"
    );
    let updates = format!(
        "report_v1.events where type = 'task.updated' and subject = '{task}' and data->>'title' = 'Feed the ara'"
    );
    assert_eq!(rows(&app, &updates), 2);

    let holder = people.iter().find(|person| person.id == before).unwrap();
    let stranger = people[..2]
        .iter()
        .find(|person| person.id != before)
        .unwrap();
    assert_eq!(
        app.api(holder).patch(&path, &json!({ "title": "x" })).0,
        403
    );
    assert_eq!(
        app.api(stranger).patch(&path, &json!({ "title": "x" })).0,
        404
    );
    assert_eq!(
        app.api(holder)
            .post(&format!("{path}/complete"), &json!({}))
            .0,
        200
    );
    assert_eq!(
        lev.patch(&path, &json!({ "title": "x" })).0,
        409,
        "done is not editable"
    );
}

#[test]
fn a_form_that_is_sent_twice_makes_one_task() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let mut browser = app.log_in(&kesha);
    let key = browser
        .get("/tasks/new")
        .attribute("form#task input[name=key]", "value")
        .unwrap();
    let form = [
        ("title", "Feed the macaw"),
        ("jira_id", ""),
        ("description", ""),
        ("key", key.as_str()),
    ];
    let first = browser.post("/tasks", &form);
    let second = browser.post("/tasks", &form);
    assert_eq!((first.status, &first.location), (303, &second.location));
    assert_eq!(rows(&app, "tasks.tasks"), 1);
}
