//! The search page: by number, key, words and name, as far as one may know.

use serde_json::json;

use crate::support::database::number;
use crate::support::{Person, TestApp};

/// A company with a task that is somebody's, and one that is Anna's.
struct Company {
    app: TestApp,
    lev: Person,
    root: Person,
    owner: Person,
    other: Person,
    /// The id of the task and its number.
    task: (String, i64),
}

fn company() -> Company {
    let app = TestApp::start();
    let mut people = app.register_all(&[
        ("lev", &["manager"]),
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
    ]);
    let (status, task) = app.api(&people[0]).post(
        "/api/v1/tasks",
        &json!({ "title": "Teach 100% of parrots", "jira_id": "UBERPOP-42", "description": "With patience" }),
    );
    assert_eq!(status, 201, "{task}");
    app.drain();
    let other = app.register("anna", &["developer"]);
    app.drain();
    let id = task["uid"].as_str().unwrap().to_owned();
    let query = format!("select number as n from tasks.tasks where id = '{id}'");
    let number = number(&mut app.conn(), &query);
    let owner = people.remove(2);
    let root = people.remove(1);
    let lev = people.remove(0);
    Company {
        app,
        lev,
        root,
        owner,
        other,
        task: (id, number),
    }
}

#[test]
fn a_task_is_found_by_number_key_id_and_words() {
    let company = company();
    let mut browser = company.app.log_in(&company.lev);
    let (id, number) = &company.task;
    for words in [
        number.to_string(),
        format!("T-{number}"),
        "uberpop-42".to_owned(),
        "PATIENCE".to_owned(),
        "100%25".to_owned(),
        id.clone(),
    ] {
        let page = browser.get(&format!("/search?q={words}"));
        assert_eq!(page.status, 200);
        assert_eq!(
            page.attribute("#tasks tbody th a", "href"),
            Some(format!("/tasks/{id}")),
            "{words}"
        );
        assert!(page.has("#tasks .person img.parrot"));
    }
    for words in ["1%25parrots", "UBERPOP-4_", &"x".repeat(3_000)] {
        let page = browser.get(&format!("/search?q={words}"));
        assert_eq!(page.status, 200, "{words}");
        assert!(!page.has("#tasks"), "{words}");
    }
    assert!(browser.get("/search?q=zzz").has(".empty"));
    let tips = browser.get("/search");
    assert!(tips.has("#tips") && !tips.has(".empty"));
}

#[test]
fn a27_nobody_finds_what_they_could_not_open() {
    let company = company();
    let (app, (id, number)) = (&company.app, &company.task);
    let words = format!("T-{number}");
    let finds = |person: &Person, words: &str| {
        app.log_in(person)
            .get(&format!("/search?q={words}"))
            .has(&format!("#tasks a[href='/tasks/{id}']"))
    };
    for words in [words.as_str(), "patience", "UBERPOP-42", id] {
        assert!(finds(&company.owner, words), "who has it: {words}");
        assert!(finds(&company.lev, words), "a manager: {words}");
        assert!(!finds(&company.other, words), "somebody else: {words}");
    }
    let rows = app
        .log_in(&company.other)
        .get("/search/palette?q=patience")
        .html;
    assert!(!rows.contains(id.as_str()), "{rows}");
}

#[test]
fn people_are_found_by_those_who_may_see_them() {
    let company = company();
    let app = &company.app;
    let page = app.log_in(&company.root).get("/search?q=anna");
    let href = format!("/admin/users/{}", company.other.id);
    assert_eq!(page.attribute("#people ~ ul a", "href"), Some(href));
    let page = app.log_in(&company.lev).get("/search?q=anna");
    let href = format!("/tasks/all?assignee={}", company.other.id);
    assert_eq!(page.attribute("#people ~ ul a", "href"), Some(href));
    assert!(page.has("#people ~ ul img.parrot"));
    let page = app.log_in(&company.owner).get("/search?q=anna");
    assert!(!page.has("#people"), "{}", page.text());
}

#[test]
fn the_search_stands_on_every_page_and_where_nothing_is() {
    let company = company();
    let mut browser = company.app.log_in(&company.owner);
    for path in ["/tasks", "/account", "/profile", "/help"] {
        let page = browser.get(path);
        assert!(
            page.has("header form[action='/search'] input[name=q]"),
            "{path}"
        );
    }
    let page = browser.get("/nowhere");
    assert_eq!(page.status, 404);
    assert!(page.has("main form[action='/search'] input[name=q]"));
}
