//! Completing a task, and its journal.

use serde_json::json;

use super::{assignee_of, bring_in, create, holder_and_other, rows, status_of};
use crate::support::TestApp;

#[test]
fn t19_only_the_assignee_completes() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
        ("admin", &["administrator"]),
    ]);
    let task = create(&app.api(&people[2]), "Feed the macaw");
    app.drain();
    let path = format!("/api/v1/tasks/{task}/complete");
    let (holder, other) = holder_and_other(&app, &task, &people[..2]);
    for (person, expected) in [(&people[3], 403), (&people[2], 403), (other, 404)] {
        assert_eq!(
            app.api(person).post(&path, &json!({})).0,
            expected,
            "{}",
            person.username
        );
    }
    assert_eq!(status_of(&app, &task), "open");
    let (status, done) = app.api(holder).post(&path, &json!({}));
    assert_eq!(
        (status, done["status"].as_str()),
        (200, Some("done")),
        "{done}"
    );
    assert_eq!(done["completed_at"], "2026-03-02T09:00:00Z");
    app.drain();
    let credited = format!(
        "report_v1.transfers r join report_v1.tasks t on t.task_id = r.task_id
         where r.kind = 'completion_reward' and r.employee_id = '{}' and r.amount_minor = t.reward_minor",
        holder.id
    );
    assert_eq!(rows(&app, &credited), 1);
}

#[test]
fn t20_a_second_completion_does_nothing() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"])]);
    bring_in(&app, &people[0], 1);
    let mut browser = app.log_in(&people[0]);
    let page = browser.get("/tasks");
    assert_eq!(page.all("#open-count"), ["1 open"]);
    let action = page.attribute("#mine form", "action").unwrap();
    let key = page.attribute("#mine input[name=key]", "value").unwrap();
    let first = browser.submit(&action, &[("key", &key)]);
    assert!(
        first.all(".flash")[0].contains("You earned +$"),
        "{:?}",
        first.all(".flash")
    );
    assert_eq!(first.all("#done-today .chip"), ["done"]);
    assert!(first.has(".empty"), "the empty list can be read");
    let again = browser.post(&action, &[("key", &key)]);
    assert_eq!(
        (again.status, again.location.as_deref()),
        (303, Some("/tasks")),
        "the same click twice"
    );
    let other_tab = browser.post(&action, &[]);
    assert_eq!(other_tab.status, 409);
    assert!(
        other_tab.all(".flash.bad")[0].contains("done already"),
        "{}",
        other_tab.text()
    );
    app.drain();
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'completion_reward'"),
        1
    );
    assert_eq!(
        rows(&app, "report_v1.events where type = 'task.completed'"),
        1
    );
}

#[test]
fn t21_who_lost_a_task_to_a_reassign_is_told_so() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    let task = create(&app.api(&people[2]), "Feed the macaw");
    app.drain();
    let first = assignee_of(&app, &task);
    let lev = app.api(&people[2]);
    for _ in 0..200 {
        if assignee_of(&app, &task) != first {
            break;
        }
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
        app.settle_idle();
    }
    let former = people.iter().find(|person| person.id == first).unwrap();
    let (status, problem) = app
        .api(former)
        .post(&format!("/api/v1/tasks/{task}/complete"), &json!({}));
    assert_eq!(status, 403, "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("did not make it before the reassign — sorry"),
        "{problem}"
    );
    let page = app
        .log_in(former)
        .speaking("ru")
        .post(&format!("/tasks/{task}/completion"), &[]);
    assert_eq!(page.status, 403);
    assert!(
        page.all(".flash.bad")[0].contains("Не успели до перемешивания — извините"),
        "{}",
        page.text()
    );
    app.drain();
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'completion_reward'"),
        0
    );
    let fees =
        format!("report_v1.transfers where kind = 'assignment_fee' and employee_id = '{first}'");
    let assignments = format!("report_v1.assignments where assignee_id = '{first}'");
    assert_eq!(
        rows(&app, &fees),
        rows(&app, &assignments),
        "no fee is given back"
    );
}

#[test]
fn t26_the_journal_tells_all_in_order() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    let lev = app.api(&people[1]);
    let task = create(&lev, "Feed the macaw");
    app.drain();
    assert_eq!(
        lev.patch(
            &format!("/api/v1/tasks/{task}"),
            &json!({ "title": "Feed the ara" })
        )
        .0,
        200
    );
    assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    app.settle_idle();
    let kesha = app.api(&people[0]);
    assert_eq!(
        kesha
            .post(&format!("/api/v1/tasks/{task}/complete"), &json!({}))
            .0,
        200
    );

    let (status, journal) = kesha.get(&format!("/api/v1/tasks/{task}/journal"));
    assert_eq!(status, 200, "{journal}");
    let told: Vec<String> = journal["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let name = |key: &str| entry[key]["name"].as_str().unwrap_or("-").to_owned();
            format!(
                "{} by {}: {} to {}",
                entry["kind"].as_str().unwrap(),
                name("actor"),
                name("from"),
                name("to")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "create by Lev Popug: - to -",
            "assign by Lev Popug: - to Kesha Popug",
            "other by -: - to -",
            "other by Lev Popug: - to -",
            "assign by Lev Popug: Kesha Popug to Kesha Popug",
            "complete by Kesha Popug: - to -",
        ]
    );
    let page = app.log_in(&people[1]).get(&format!("/tasks/{task}"));
    let lines = page.all("#journal li");
    assert_eq!(lines.len(), 6);
    assert!(lines[2].contains("Priced and saved"), "{lines:?}");
    assert!(
        lines[3].contains("Lev Popug changed the title"),
        "{lines:?}"
    );
    assert!(
        lines[4].contains("Shuffle 1 by Lev Popug: from Kesha Popug to Kesha Popug"),
        "{lines:?}"
    );
    assert!(page.has("#journal a[href^='/shuffles/']"));
}

#[test]
fn m08_a_task_is_shown_to_its_assignee_its_author_and_who_sees_all() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("anna", &["accountant"]),
        ("lev", &["manager"]),
        ("admin", &["administrator"]),
    ]);
    let task = create(&app.api(&people[3]), "Feed the macaw");
    let holder = assignee_of(&app, &task);
    for person in &people {
        let may = person.id == holder || ["lev", "admin"].contains(&person.username.as_str());
        let expected = if may { 200 } else { 404 };
        let api = app.api(person);
        for path in [
            format!("/api/v1/tasks/{task}"),
            format!("/api/v1/tasks/{task}/journal"),
        ] {
            assert_eq!(api.get(&path).0, expected, "{} at {path}", person.username);
        }
        let page = app.log_in(person).get(&format!("/tasks/{task}"));
        assert_eq!(page.status, expected, "{}", person.username);
    }
    let nowhere = "0190163d-8694-739b-aea5-966c26f8ad91";
    let (api, mut browser) = (app.api(&people[4]), app.log_in(&people[4]));
    for unknown in [nowhere, "42"] {
        assert_eq!(api.get(&format!("/api/v1/tasks/{unknown}")).0, 404);
        assert_eq!(browser.get(&format!("/tasks/{unknown}")).status, 404);
    }
}
