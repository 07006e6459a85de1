//! What happens to tasks when people come, change and go.

use ates::bus;
use ates::platform::db::Origin;
use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{assignee_of, bring_in, create, rows};
use crate::support::TestApp;

#[test]
fn a20_the_open_tasks_of_a_deactivated_popug_go_to_others_charged() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("vera", &["boss"]),
        ("admin", &["administrator"]),
    ]);
    bring_in(&app, &people[3], 30);
    let kesha = &people[0];
    let api = app.api(kesha);
    let (_, mine) = api.get("/api/v1/tasks/mine?limit=100");
    let task = mine["items"][0]["uid"].as_str().unwrap();
    assert_eq!(
        api.post(&format!("/api/v1/tasks/{task}/complete"), &json!({}))
            .0,
        200
    );
    app.drain();
    let his = |status: &str| {
        rows(
            &app,
            &format!(
                "tasks.tasks where assignee_id = '{}' and status = '{status}'",
                kesha.id
            ),
        )
    };
    let (open, ledger) = (
        his("open"),
        format!("report_v1.transfers where employee_id = '{}'", kesha.id),
    );
    let booked = rows(&app, &ledger);
    assert!(open > 0);

    assert_eq!(
        app.api(&people[3])
            .delete(&format!("/api/v1/users/{}", kesha.id))
            .0
            / 100,
        2
    );
    app.drain();
    assert_eq!(
        (his("open"), his("done")),
        (0, 1),
        "open ones go, done ones stay"
    );
    let redrawn = format!(
        "report_v1.events where type = 'task.assigned' and data->>'reason' = 'unavailable' and data->>'from' = '{}'",
        kesha.id
    );
    assert_eq!(rows(&app, &redrawn), open);
    assert_eq!(
        rows(&app, &ledger),
        booked,
        "the ledger is kept, and grows no more"
    );
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        30 + open,
        "charged like any other"
    );
    create(&app.api(&people[1]), "Feed the macaw");
    app.drain();
    assert_eq!(his("open"), 0);
    let system = "tasks.journal where kind = 'assign' and actor_id is null";
    assert_eq!(rows(&app, system), open, "nobody pressed anything");
}

#[test]
fn d15_who_becomes_a_manager_gives_his_open_tasks_away() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("admin", &["administrator"]),
    ]);
    bring_in(&app, &people[2], 20);
    let admin = app.api(&people[2]);
    let promote = |roles: &[&str]| {
        let (status, answer) = admin.patch(
            &format!("/api/v1/users/{}", people[0].id),
            &json!({ "roles": roles }),
        );
        assert_eq!(status, 200, "{answer}");
        app.drain();
    };
    promote(&["developer", "manager"]);
    let his = format!("tasks.tasks where assignee_id = '{}'", people[0].id);
    assert_eq!(rows(&app, &his), 0);
    assert_eq!(
        rows(
            &app,
            &format!("tasks.tasks where assignee_id = '{}'", people[1].id)
        ),
        20
    );
    promote(&["developer"]);
    assert_eq!(rows(&app, &his), 0, "coming back takes nothing from others");
    bring_in(&app, &people[2], 20);
    assert!(rows(&app, &his) > 0, "but he takes part in the draw again");
}

#[test]
fn d15_a_task_that_is_saved_after_its_assignee_left_goes_to_another() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("admin", &["administrator"])]);
    bus::pause(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        "a test",
        Origin::system(),
    )
    .unwrap();
    let task = create(&app.api(&people[1]), "Feed the macaw");
    assert_eq!(assignee_of(&app, &task), people[0].id);
    let roma = app.register("roma", &["developer"]);
    assert_eq!(
        app.api(&people[1])
            .delete(&format!("/api/v1/users/{}", people[0].id))
            .0
            / 100,
        2
    );
    app.drain();
    assert_eq!(
        assignee_of(&app, &task),
        people[0].id,
        "a saving task has nothing to charge yet"
    );
    bus::resume(
        app.db(),
        "accounting.ledger",
        &bus::Holder::Deploy,
        Origin::system(),
    )
    .unwrap();
    app.drain();
    assert_eq!(assignee_of(&app, &task), roma.id);
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        2
    );
}

#[test]
fn t08_tasks_that_nobody_could_take_go_to_the_next_who_comes() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("admin", &["administrator"])]);
    bring_in(&app, &people[0], 5);
    assert_eq!(
        app.api(&people[1])
            .delete(&format!("/api/v1/users/{}", people[0].id))
            .0
            / 100,
        2
    );
    app.drain();
    let his = format!("tasks.tasks where assignee_id = '{}'", people[0].id);
    assert_eq!(rows(&app, &his), 5);
    let (status, _) = app
        .api(&people[1])
        .post("/api/v1/tasks/reassign", &json!({}));
    assert_eq!(status, 202);
    app.settle_idle();
    assert_eq!(
        rows(&app, &his),
        5,
        "a shuffle among nobody ends without doing anything"
    );
    assert_eq!(
        rows(&app, "tasks.shuffles where state = 'done' and done = 0"),
        1
    );
    let roma = app.register("roma", &["developer"]);
    app.drain();
    assert_eq!(
        rows(
            &app,
            &format!("tasks.tasks where assignee_id = '{}'", roma.id)
        ),
        5
    );
}

#[test]
fn hearing_everything_once_more_changes_nothing() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("admin", &["administrator"]),
    ]);
    bring_in(&app, &people[2], 10);
    assert_eq!(
        app.api(&people[2])
            .delete(&format!("/api/v1/users/{}", people[0].id))
            .0
            / 100,
        2
    );
    app.drain();
    let journal = rows(&app, "tasks.journal");
    app.conn()
        .batch_execute("update bus.subscribers set position = 0 where name like 'tasks.%'")
        .unwrap();
    app.drain();
    assert_eq!(rows(&app, "tasks.journal"), journal);
    assert_eq!(rows(&app, "tasks.employees where assignable"), 1);
}
