//! What stands in the navigation, by role.

use serde_json::json;

use crate::support::TestApp;
use crate::support::database::text;
use crate::tasks::bring_in;

#[test]
fn everybody_finds_the_places_of_their_work_and_no_others() {
    let app = TestApp::start();
    let expected: [(&str, &[&str]); 4] = [
        ("developer", &["/tasks", "/account"]),
        ("manager", &["/tasks/all", "/account", "/shuffles"]),
        (
            "accountant",
            &["/tasks", "/accounting", "/account", "/admin"],
        ),
        (
            "administrator",
            &[
                "/tasks/all",
                "/accounting",
                "/account",
                "/analytics",
                "/admin",
            ],
        ),
    ];
    for (role, places) in expected {
        let person = app.register(role, &[role]);
        let page = app.log_in(&person).visit("/");
        assert_eq!(page.attributes(".places a", "href"), places, "{role}");
    }
}

#[test]
fn who_may_only_shuffle_finds_the_shuffles_beside_their_tasks() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let (status, answer) = app.api(&people[1]).patch(
        &format!("/api/v1/users/{}", people[0].id),
        &json!({ "permissions": ["can_reassign_tasks"] }),
    );
    assert_eq!(status, 200, "{answer}");
    let page = app.log_in(&people[0]).get("/tasks");
    assert_eq!(
        page.attributes(".places a", "href"),
        ["/tasks", "/account", "/shuffles"]
    );
}

#[test]
fn the_page_of_a_task_is_in_the_place_that_its_reader_came_from() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 1);
    let task = text(&mut app.conn(), "select id::text as t from tasks.tasks");
    for (person, place) in [(&people[0], "/tasks"), (&people[1], "/tasks/all")] {
        for path in [format!("/tasks/{task}"), "/tasks/new".to_owned()] {
            let page = app.log_in(person).get(&path);
            let marked = page.attributes(".places a[aria-current=page]", "href");
            assert_eq!(marked, [place], "{path} of {}", person.username);
        }
    }
}
