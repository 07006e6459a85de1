//! What stands in the navigation, by role.

use serde_json::json;

use crate::support::TestApp;

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
