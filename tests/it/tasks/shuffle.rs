//! The shuffle.

use ates::platform::ids::{TaskId, UserId};
use ates::tasks::draw;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::json;
use uuid::Uuid;

use super::{bring_in, create, rows};
use crate::running::pace::was_in_time;
use crate::support::database::number;
use crate::support::stopwatch::Stopwatch;
use crate::support::{TestApp, wait_until};

#[test]
fn t10_only_managers_and_administrators_shuffle() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("boss", &["boss"]),
        ("anna", &["accountant"]),
        ("other", &["other"]),
        ("lev", &["manager"]),
        ("admin", &["administrator"]),
    ]);
    create(&app.api(&people[0]), "Feed the macaw");
    app.drain();
    for person in &people {
        let may = ["lev", "admin"].contains(&person.username.as_str());
        let mut browser = app.log_in(person);
        let (api, read, sent) = if may {
            (202, 200, 303)
        } else {
            (403, 403, 403)
        };
        assert_eq!(
            app.api(person).post("/api/v1/tasks/reassign", &json!({})).0,
            api,
            "{}",
            person.username
        );
        assert_eq!(browser.get("/shuffles").status, read, "{}", person.username);
        assert_eq!(
            browser.get("/shuffles/new").status,
            read,
            "{}",
            person.username
        );
        assert_eq!(
            browser.post("/shuffles", &[]).status,
            sent,
            "{}",
            person.username
        );
        assert_eq!(
            browser.get("/tasks/all").has("#shuffle"),
            may,
            "{}",
            person.username
        );
    }
    app.settle_idle();
    assert_eq!(rows(&app, "tasks.shuffles"), 4);
    assert_eq!(
        rows(
            &app,
            "report_v1.audit where action = 'tasks.shuffle_requested'"
        ),
        4
    );
}

#[test]
fn t11_a_shuffle_takes_all_open_tasks_and_leaves_the_done_ones() {
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_CHUNK", 7));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[2], 100);
    for person in &people[..2] {
        let api = app.api(person);
        let (_, mine) = api.get("/api/v1/tasks/mine?limit=100");
        for task in mine["items"].as_array().unwrap().iter().take(25) {
            let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
            assert_eq!(api.post(&path, &json!({})).0, 200);
        }
    }
    let lev = app.api(&people[2]);
    let (status, run) = lev.post("/api/v1/tasks/reassign", &json!({}));
    assert_eq!((status, run["total"].as_i64()), (202, Some(50)), "{run}");
    app.settle_idle();
    let (_, run) = lev.get(&format!(
        "/api/v1/tasks/reassign/{}",
        run["uid"].as_str().unwrap()
    ));
    assert_eq!(
        (run["status"].as_str(), run["done"].as_i64()),
        (Some("done"), Some(50)),
        "{run}"
    );
    assert_eq!(
        rows(&app, "report_v1.assignments where run_id is not null"),
        50
    );
    assert_eq!(
        rows(
            &app,
            "report_v1.assignments a join report_v1.tasks t using (task_id) where t.status = 'done' and a.run_id is not null"
        ),
        0
    );
    let items = number(
        &mut app.conn(),
        "select sum(jsonb_array_length(data->'assignments'))::bigint as n from report_v1.events where type = 'tasks.reassigned'",
    );
    assert_eq!(items, 50);
    assert_eq!(
        rows(&app, "report_v1.events where type = 'tasks.reassigned'"),
        8,
        "50 tasks in chunks of 7"
    );
    let twice = "(select data->>'run', item->>'task' from report_v1.events, jsonb_array_elements(data->'assignments') item
        where type = 'tasks.reassigned' group by 1, 2 having count(*) > 1) doubled";
    assert_eq!(rows(&app, twice), 0);
}

#[test]
fn t12_every_press_is_a_run_of_its_own_and_charges_every_draw() {
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_CHUNK", 5));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[2], 12);
    let lev = app.api(&people[2]);
    for _ in 0..20 {
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    }
    app.settle_idle();
    assert_eq!(
        rows(&app, "tasks.shuffles where state = 'done' and done = 12"),
        20
    );
    let uneven = "(select task_id, run_id from report_v1.assignments where run_id is not null
        group by 1, 2 having count(*) <> 1) uneven";
    assert_eq!(rows(&app, uneven), 0, "one assignment a task and run");
    assert_eq!(rows(&app, "report_v1.assignments"), 12 + 20 * 12);
    assert_eq!(
        rows(&app, "report_v1.transfers where kind = 'assignment_fee'"),
        12 + 20 * 12
    );
}

/// A run that cannot go on, since somebody holds its tasks, holds up no press.
#[test]
fn t12_no_press_waits_for_a_run() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[2], 12);
    let mut holder = app.conn();
    holder
        .batch_execute("begin; select from tasks.tasks for update")
        .unwrap();
    let lev = app.api(&people[2]);
    for _ in 0..3 {
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    }
    assert_eq!(rows(&app, "tasks.shuffles where done = 0"), 3);
    holder.batch_execute("rollback").unwrap();
    app.settle_idle();
    assert_eq!(
        rows(&app, "tasks.shuffles where state = 'done' and done = 12"),
        3
    );
}

#[test]
fn t12_20_presses_in_5_seconds_each_answer_at_once_and_all_runs_end() {
    const TASKS: i64 = 300;
    let app = TestApp::with(|settings| settings.set("ATES_SHUFFLE_CHUNK", 100));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("vera", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[3], 300);
    let lev = app.api(&people[3]);
    let start = Stopwatch::start();
    let mut numbers = Vec::new();
    let mut longest = 0;
    for _ in 0..20 {
        let press = Stopwatch::start();
        let (status, run) = lev.post("/api/v1/tasks/reassign", &json!({}));
        assert_eq!(status, 202, "{run}");
        longest = longest.max(press.elapsed().as_secs());
        numbers.push(run["number"].as_i64().unwrap());
    }
    let all = start.elapsed().as_secs();
    let figures = format!("one took {longest} s, all {all} s");
    was_in_time("20 presses in 5 s", longest < 2 && all < 5, &figures);
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    app.settle_idle();
    assert_eq!(
        rows(&app, "tasks.shuffles where state = 'done' and done = 300"),
        20
    );
    let uneven = "(select task_id from report_v1.assignments where run_id is not null
        group by task_id having count(*) <> 20 or count(distinct run_id) <> 20) uneven";
    assert_eq!(rows(&app, uneven), 0, "one assignment a task and run");
    assert_eq!(rows(&app, "report_v1.assignments"), TASKS * 21);
    let unbooked = "(select a.task_id, a.assignment_seq, a.assignee_id, -t.fee_minor from report_v1.assignments a
          join report_v1.tasks t using (task_id)
        except select task_id, assignment_seq, employee_id, amount_minor from report_v1.transfers
          where kind = 'assignment_fee') unbooked";
    assert_eq!(rows(&app, unbooked), 0, "money equals the journal");
    assert_eq!(rows(&app, "report_v1.transfers"), TASKS * 21);
}

#[test]
fn t15_t16_e14_ten_thousand_tasks_are_several_events_and_each_has_its_row_in_journal_and_ledger() {
    let app = TestApp::start();
    let mut people: Vec<(String, &[&str])> = (0..40)
        .map(|n| (format!("popug{n}"), &["developer"] as &[&str]))
        .collect();
    people.push(("lev".to_owned(), &["manager"]));
    let people: Vec<(&str, &[&str])> = people
        .iter()
        .map(|(name, roles)| (name.as_str(), *roles))
        .collect();
    let people = app.register_all(&people);
    bring_in(&app, &people[40], 10_000);
    let lev = app.api(&people[40]);
    let (_, run) = lev.post("/api/v1/tasks/reassign", &json!({}));
    app.settle_idle();
    let run = run["uid"].as_str().unwrap();
    let batches = format!("report_v1.events where type = 'tasks.reassigned' and subject = '{run}'");
    assert!(rows(&app, &batches) >= 20);
    assert_eq!(
        rows(
            &app,
            &format!("{batches} and jsonb_array_length(data->'assignments') > 500")
        ),
        0,
        "an event has 500 tasks at most"
    );
    let told = format!(
        "(select (item->>'task')::uuid as task_id from report_v1.events, jsonb_array_elements(data->'assignments') item
          where type = 'tasks.reassigned' and subject = '{run}') told"
    );
    assert_eq!(rows(&app, &told), 10_000);
    assert_eq!(
        rows(&app, &format!("(select distinct task_id from {told}) t")),
        10_000
    );
    assert_eq!(
        rows(
            &app,
            &format!("report_v1.assignments where run_id = '{run}'")
        ),
        10_000
    );
    assert_eq!(
        rows(
            &app,
            &format!(
                "report_v1.transfers t join report_v1.assignments a using (task_id, assignment_seq)
                 where t.kind = 'assignment_fee' and a.run_id = '{run}' and a.assignee_id = t.employee_id"
            )
        ),
        10_000
    );
}

#[test]
fn t12_the_queue_is_bounded() {
    let app = TestApp::with(|settings| settings.workers(false).set("ATES_SHUFFLE_QUEUE", 3));
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    let lev = app.api(&people[1]);
    let mut browser = app.log_in(&people[1]);
    for _ in 0..3 {
        assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    }
    assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 429);
    let page = browser.post("/shuffles", &[]);
    assert_eq!(
        (page.status, page.headers.contains_key("retry-after")),
        (429, true)
    );
    assert!(
        page.text()
            .contains("Too many shuffles wait already. Try again when some are done."),
        "{}",
        page.text()
    );
    app.settle_idle();
    assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    app.settle_idle();
}

#[test]
fn t09_the_draw_of_a_run_can_be_recomputed_from_its_seed() {
    #[derive(QueryableByName)]
    struct Drawn {
        #[diesel(sql_type = SqlUuid)]
        task_id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        assignee_id: Uuid,
        #[diesel(sql_type = Binary)]
        seed: Vec<u8>,
    }
    let app = TestApp::start();
    let names: Vec<String> = (0..10).map(|n| format!("popug{n}")).collect();
    let mut people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    people.push(("lev", &["manager"]));
    let people = app.register_all(&people);
    bring_in(&app, &people[10], 100);
    assert_eq!(
        app.api(&people[10])
            .post("/api/v1/tasks/reassign", &json!({}))
            .0,
        202
    );
    app.settle_idle();
    let drawn: Vec<Drawn> = sql_query(
        "select j.task_id, j.assignee_id, s.seed from tasks.journal j join tasks.shuffles s on s.id = j.run_id",
    )
    .load(&mut app.conn())
    .unwrap();
    let mut candidates: Vec<UserId> = people[..10]
        .iter()
        .map(|person| UserId(person.id))
        .collect();
    candidates.sort();
    assert_eq!(drawn.len(), 100);
    for row in &drawn {
        let seed = row.seed.as_slice().try_into().unwrap();
        assert_eq!(
            draw(&seed, TaskId(row.task_id), &candidates),
            Some(UserId(row.assignee_id))
        );
    }
    let most = number(
        &mut app.conn(),
        "select max(n) as n from (select count(*) as n from report_v1.assignments where run_id is not null group by assignee_id) x",
    );
    assert!(most < 100, "one press never puts all on one");
}

#[test]
fn the_confirmation_tells_the_consequence_and_the_progress_page_the_end() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[2], 21);
    let mut browser = app.log_in(&people[2]);
    assert_eq!(
        browser.get("/tasks/all").all("#shuffle"),
        ["Shuffle 21 open tasks"]
    );
    let page = browser.get("/shuffles/new");
    assert_eq!(
        page.all("#consequence"),
        [
            "21 open tasks go to somebody by chance, among 2 employees: everyone but managers and administrators."
        ]
    );
    assert!(
        page.text()
            .contains("In all $210.00 to $420.00 will be charged.")
    );
    assert!(page.text().contains("cannot be undone"));
    let key = page.attribute("#press input[name=key]", "value").unwrap();
    let first = browser.post("/shuffles", &[("key", &key)]);
    let second = browser.post("/shuffles", &[("key", &key)]);
    assert_eq!(
        (first.status, &first.location),
        (303, &second.location),
        "a double click is one press"
    );
    let path = first.location.unwrap();
    wait_until("the page shows the end", || {
        browser.get(&path).all("#state") == ["finished 21 of 21 tasks"]
    });
    let page = browser.get(&path);
    assert!(!page.html.contains("http-equiv=\"refresh\"") && !page.has("script[src$='live.js']"));
    assert_eq!(browser.get("/shuffles").all("#shuffles tbody tr").len(), 1);
    app.drain();
}
