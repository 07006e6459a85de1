//! While pages are read on a standby: everybody sees what they have changed, no change is decided by the copy, and nobody keeps a right
//! because the copy is old (T29, N09, A30, D10).

use std::time::Duration;

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::pair::Pair;
use crate::support::client::{Browser, Page};
use crate::support::database::{TestDatabase, count};
use crate::support::stopwatch::Stopwatch;
use crate::support::{TestApp, wait_until};

fn names(page: &Page, title: &str) -> bool {
    assert_eq!(page.status, 200, "{}", page.text());
    page.text().contains(title)
}

#[test]
fn a30_t29_n09_d10_who_changes_something_sees_it_at_once_and_the_copy_decides_nothing() {
    let pair = Pair::start();
    let begin = |read_for: &str| {
        TestApp::with(|settings| {
            settings
                .on(TestDatabase::at(&pair.both))
                .set("ATES_DATABASE_READ_URL", &pair.for_reading)
                .set("ATES_DATABASE_READ_FOR", read_for)
                .set("ATES_READ_OWN_WRITES_SECONDS", 8)
        })
    };
    let app = begin("all");
    let people = app.register_all(&[
        ("boss", &["manager"]),
        ("kesha", &["developer"]),
        ("root", &["administrator"]),
    ]);
    let (kesha, root) = (app.api(&people[1]), app.api(&people[2]));
    let mut boss = app.log_in(&people[0]);
    let mut other = app.log_in(&people[2]);
    wait_until("the standby has everything", || {
        other.get("/tasks/all").status == 200
    });

    // The roles of the dashboards can write nothing there.
    for (role, table) in [
        ("ates_tasks", "tasks.tasks"),
        ("ates_analytics", "analytics.tasks"),
        ("ates_accounting", "accounting.balances"),
    ] {
        let tried = pair.connect("two").batch_execute(&format!(
            "begin; set local role {role}; delete from {table}; commit"
        ));
        let said = tried.unwrap_err().to_string();
        assert!(said.contains("read-only transaction"), "{role}: {said}");
    }

    let second = begin("analytics");
    let watch = TestApp::with(|settings| settings.only_shows(&pair.of("two")));
    assert_eq!(boss.clone().at(watch.base()).get("/tasks").status, 200);
    pair.run("pause");
    let paused = Stopwatch::start();
    let title = "Sort the seeds by colour";
    let made = boss.submit("/tasks", &[("title", title), ("description", "")]);
    assert!(
        names(&made, title),
        "the page that the form leads to has it: {}",
        made.text()
    );
    assert!(
        names(&boss.get("/tasks/all"), title),
        "their own change is there"
    );
    assert!(
        !names(&other.get("/tasks/all"), title),
        "the control: others read the copy, which has not got there"
    );
    let mut elsewhere = boss.clone().at(second.base());
    assert!(
        names(&elsewhere.get("/tasks/all"), title),
        "with the setting for analytics alone, tasks are read on the primary"
    );
    // Another process that did not see the change knows of it by the browser.
    let third = begin("all");
    assert!(names(
        &boss.clone().at(third.base()).get("/tasks/all"),
        title
    ));
    let mut forgetful = boss.clone().at(third.base());
    forgetful.set_cookie("ates_seen", "0/0");
    assert!(
        !names(&forgetful.get("/tasks/all"), title),
        "and only by that"
    );
    // A program's own changes too; and what it does next is decided by the primary.
    let (status, task) = kesha.post("/api/v1/tasks", &json!({ "title": "Ring the bell" }));
    assert_eq!(status, 201);
    let uid = task["uid"].as_str().unwrap().to_owned();
    assert_eq!(kesha.get(&format!("/api/v1/tasks/{uid}")).0, 200);
    assert_eq!(
        root.get(&format!("/api/v1/tasks/{uid}")).0,
        404,
        "the copy has not got there"
    );
    assert_eq!(
        root.patch(
            &format!("/api/v1/tasks/{uid}"),
            &json!({ "title": "Ring both bells" })
        )
        .0,
        200
    );

    // The time is over: the copy is read again, as old as it is.
    wait_until("the copy is read again", || {
        !names(&boss.get("/tasks/all"), title)
    });
    println!("after {:?}", paused.elapsed());

    // Who is deactivated on the primary is out wherever they ask, within five seconds.
    let mut gone = boss.clone().at(watch.base());
    let ended = Stopwatch::start();
    assert_eq!(
        root.delete(&format!("/api/v1/users/{}", people[0].id)).0,
        204
    );
    assert_eq!(
        boss.get("/tasks").status,
        303,
        "who may do what is asked of the primary"
    );
    wait_until("the process that shows an old copy lets nobody in", || {
        gone.get("/tasks").status != 200
    });
    assert!(
        ended.elapsed() < Duration::from_secs(8),
        "{:?}",
        ended.elapsed()
    );
    let refused = gone.get("/tasks");
    assert_eq!(refused.status, 503);
    assert!(
        refused.text().contains("too far behind"),
        "{}",
        refused.text()
    );

    pair.run("resume");
    wait_until("the copy has caught up", || {
        names(&other.get("/tasks/all"), "Ring both bells")
    });
    wait_until("the old copy is new", || gone.get("/tasks").status == 303);
    let mut root_there: Browser = other.clone().at(watch.base());
    assert_eq!(root_there.get("/tasks").status, 200);

    // The standby goes: the pages are read on the primary.
    pair.execute("one", "alter system reset synchronous_standby_names");
    pair.execute("one", "select pg_reload_conf()");
    pair.run("halt-standby");
    wait_until("pages are read on the primary", || {
        other.get("/tasks/all").status == 200
    });
    assert!(!other.get("/tasks/all").has("#read-only"));
    assert_eq!(
        kesha.post("/api/v1/tasks", &json!({ "title": "Alone" })).0,
        201
    );
    assert!(count(&mut pair.connect("one"), "tasks.tasks") >= 3);
}
