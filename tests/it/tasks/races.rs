//! Many at the same moment.

use std::sync::Barrier;

use serde_json::json;

use super::{bring_in, create, rows};
use crate::support::TestApp;
use crate::support::client::Api;

#[test]
fn t20_64_clients_complete_one_task_once() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"])]);
    let kesha = app.api(&people[0]);
    let task = create(&kesha, "Feed the macaw");
    app.drain();
    let (path, start) = (format!("/api/v1/tasks/{task}/complete"), Barrier::new(64));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    kesha.post(&path, &json!({})).0
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    let with = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((with(200), with(409)), (1, 63), "{statuses:?}");
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
fn m01_30_parallel_creates_are_30_tasks_each_priced_and_charged_once() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("roma", &["developer"])]);
    let (kesha, start) = (app.api(&people[0]), Barrier::new(30));
    std::thread::scope(|scope| {
        for n in 0..30 {
            let (kesha, start) = (&kesha, &start);
            scope.spawn(move || {
                start.wait();
                create(kesha, &format!("Feed bird {n}"));
            });
        }
    });
    app.drain();
    assert_eq!(
        rows(
            &app,
            "report_v1.tasks where status = 'open' and fee_minor is not null"
        ),
        30
    );
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        30
    );
    assert_eq!(
        rows(
            &app,
            "(select distinct task_id from report_v1.transfers) charged"
        ),
        30
    );
    assert_eq!(
        rows(&app, "(select distinct number from tasks.tasks) numbers"),
        30
    );
}

/// The open tasks of somebody, all pages.
fn all_of(api: &Api) -> Vec<String> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = api.get(&format!("/api/v1/tasks/mine?status=open&limit=100{cursor}"));
        let items = page["items"].as_array().unwrap();
        tasks.extend(
            items
                .iter()
                .map(|task| task["uid"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return tasks,
        }
    }
}

#[test]
fn t22_a_task_is_either_done_or_reassigned() {
    const TASKS: i64 = 1_000;
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_CHUNK", 20));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("vera", &["developer"]),
        ("zoya", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[4], 1_000);
    let (lev, start) = (app.api(&people[4]), Barrier::new(5));
    let done: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = people[..4]
            .iter()
            .map(|person| {
                let (api, start) = (app.api(person), &start);
                scope.spawn(move || {
                    let mine = all_of(&api);
                    start.wait();
                    let complete = |task: &&String| match api
                        .post(&format!("/api/v1/tasks/{task}/complete"), &json!({}))
                    {
                        (200, _) => true,
                        (403, problem) => {
                            assert!(
                                problem["detail"].as_str().unwrap().contains("reassign"),
                                "{problem}"
                            );
                            false
                        }
                        // It went away and came back between two looks: it is asked to look again.
                        (409, problem)
                            if problem["detail"]
                                .as_str()
                                .unwrap()
                                .contains("this very moment") =>
                        {
                            false
                        }
                        other => panic!("{other:?}"),
                    };
                    mine.iter().filter(complete).count()
                })
            })
            .collect();
        start.wait();
        for _ in 0..5 {
            assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
        }
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    app.settle_idle();
    println!("{done} of {TASKS} were completed before a reassign");
    assert!(done > 0, "somebody was quick enough");
    assert_eq!(
        rows(&app, "report_v1.tasks where status = 'done'"),
        done as i64
    );
    assert_eq!(
        rows(&app, "report_v1.tasks where status = 'open'"),
        TASKS - done as i64
    );
    let after_done =
        "tasks.journal a join tasks.journal c on c.task_id = a.task_id and c.kind = 'complete'
        where a.kind = 'assign' and a.id > c.id";
    assert_eq!(rows(&app, after_done), 0, "no assignment after done");
    let by_another = "report_v1.tasks t join report_v1.assignments a on a.task_id = t.task_id
        where t.status = 'done' and a.assignment_seq = (select max(b.assignment_seq) from report_v1.assignments b
          where b.task_id = t.task_id) and a.assignee_id <> t.completed_by";
    assert_eq!(rows(&app, by_another), 0, "done by who had it last");
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'completion_reward'"),
        done as i64
    );
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        rows(&app, "report_v1.assignments")
    );
}

#[test]
fn a20_nobody_is_drawn_who_leaves_at_this_moment() {
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_CHUNK", 3));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("admin", &["administrator"]),
    ]);
    bring_in(&app, &people[2], 30);
    let (roma, admin, start) = (app.api(&people[1]), app.api(&people[2]), Barrier::new(3));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            for n in 0..40 {
                create(&roma, &format!("Feed bird {n}"));
            }
        });
        scope.spawn(|| {
            start.wait();
            for _ in 0..5 {
                assert_eq!(admin.post("/api/v1/tasks/reassign", &json!({})).0, 202);
            }
        });
        start.wait();
        let path = format!("/api/v1/users/{}", people[0].id);
        assert_eq!(admin.delete(&path).0 / 100, 2);
    });
    app.settle_idle();
    let his = format!("tasks.tasks where assignee_id = '{}'", people[0].id);
    assert_eq!(rows(&app, &his), 0);
    assert_eq!(rows(&app, "report_v1.tasks where status = 'open'"), 70);
    let fees = "report_v1.transfers where kind = 'assignment_fee'";
    assert_eq!(rows(&app, fees), rows(&app, "report_v1.assignments"));
}
