//! The reports of D16, against what was done.

use serde_json::json;

use crate::support::database::{number, text};
use crate::support::{Page, Person, TestApp};

fn cells(page: &Page, table: &str, column: usize) -> Vec<String> {
    page.all(&format!("#{table} tbody tr > :nth-child({column})"))
}

/// Fees of 10 and rewards of 30. Kesha creates twelve tasks, Lev two; everybody completes at once what came to them, and Lev shuffles.
fn company() -> (TestApp, Vec<Person>) {
    let app = TestApp::with(|settings| {
        settings
            .set("ATES_FEE_MIN", 10)
            .set("ATES_FEE_MAX", 10)
            .set("ATES_REWARD_MIN", 30)
            .set("ATES_REWARD_MAX", 30)
    });
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("gosha", &["developer"]),
        ("lev", &["manager"]),
        ("root", &["administrator"]),
    ]);
    let create = |who: &Person, count: usize| {
        let api = app.api(who);
        for n in 0..count {
            let (status, _) = api.post("/api/v1/tasks", &json!({ "title": format!("Task {n}") }));
            assert_eq!(status, 201);
        }
        app.drain();
    };
    create(&people[0], 12);
    app.clock().advance(chrono::Duration::seconds(90));
    for who in &people[..2] {
        let api = app.api(who);
        let (_, mine) = api.get("/api/v1/tasks/mine?status=open&limit=100");
        for task in mine["items"].as_array().unwrap() {
            let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
            assert_eq!(api.post(&path, &json!({})).0, 200);
        }
    }
    create(&people[2], 2);
    for _ in 0..3 {
        assert_eq!(
            app.api(&people[2])
                .post("/api/v1/tasks/reassign", &json!({}))
                .0,
            202
        );
    }
    app.settle_idle();
    (app, people)
}

#[test]
fn d16_the_report_by_creator_tells_who_made_whom_how_rich() {
    let (app, people) = company();
    let page = app.log_in(&people[3]).get("/admin/abuse");
    assert_eq!(page.status, 200);
    assert_eq!(cells(&page, "creators", 1), ["Kesha Popug", "Lev Popug"]);
    assert_eq!(cells(&page, "creators", 2), ["12", "2"]);
    assert_eq!(cells(&page, "creators", 3), ["12", "0"]);
    let own = number(
        &mut app.conn(),
        &format!(
            "select count(*) as n from tasks.tasks where created_by = '{0}' and completed_by = '{0}'",
            people[0].id
        ),
    );
    assert_eq!(
        cells(&page, "creators", 4),
        [own.to_string(), "0".to_owned()]
    );
    assert_eq!(
        cells(&page, "creators", 5),
        ["90 s", "—"],
        "the soonest completion"
    );
    assert_eq!(cells(&page, "creators", 6), ["$360.00", "$0.00"], "rewards");
    // Two tasks, one first assignment and three shuffles each.
    assert_eq!(cells(&page, "creators", 7), ["$120.00", "$80.00"], "fees");
    assert_eq!(cells(&page, "creators", 8), ["+$240.00", "−$80.00"]);
    let completed: i64 = cells(&page, "pairs", 4)
        .iter()
        .map(|cell| cell.parse::<i64>().unwrap())
        .sum();
    assert_eq!(completed, 12);
    let file = app.log_in(&people[3]).get("/admin/abuse/creators.csv");
    assert_eq!(file.html.lines().count(), 3, "{}", file.html);
    assert!(file.html.contains("12,12,"), "{}", file.html);
    let by_age = app.log_in(&people[3]).get("/admin/abuse?creators=age");
    assert_eq!(cells(&by_age, "creators", 1)[0], "Kesha Popug");
    let before = app
        .log_in(&people[3])
        .get("/admin/abuse?from=2026-02-01&to=2026-03-01");
    assert!(!before.has("#creators"), "an earlier period has nothing");
}

#[test]
fn d16_a_pair_that_chance_hardly_explains_is_marked() {
    let app = TestApp::start();
    let names: Vec<String> = (0..12).map(|n| format!("popug{n}")).collect();
    let mut people: Vec<(&str, &[&str])> = names
        .iter()
        .map(|name| (name.as_str(), &["developer"] as &[&str]))
        .collect();
    people.push(("root", &["administrator"]));
    let people = app.register_all(&people);
    let author = app.api(&people[0]);
    // Whoever does not get a task of the author's leaves it open; one friend completes all of theirs.
    for n in 0..150 {
        assert_eq!(
            author
                .post("/api/v1/tasks", &json!({ "title": format!("Task {n}") }))
                .0,
            201
        );
    }
    app.drain();
    let friend = app.api(&people[1]);
    let (_, mine) = friend.get("/api/v1/tasks/mine?status=open&limit=100");
    let mine = mine["items"].as_array().unwrap();
    assert!(
        mine.len() >= 5,
        "the draw gave the friend only {}",
        mine.len()
    );
    for task in mine {
        let path = format!("/api/v1/tasks/{}/complete", task["uid"].as_str().unwrap());
        assert_eq!(friend.post(&path, &json!({})).0, 200);
    }
    app.drain();
    let page = app.log_in(&people[12]).get("/admin/abuse");
    assert_eq!(cells(&page, "pairs", 1), ["Popug0 Popug"]);
    assert_eq!(cells(&page, "pairs", 2), ["Popug1 Popug"]);
    assert_eq!(cells(&page, "pairs", 5), ["100 %"]);
    assert!(
        page.has("#pairs tbody .chip.wait"),
        "the deviation is marked"
    );
}

#[test]
fn d16_the_report_by_presser_tells_whom_the_presses_cost_what() {
    let (app, people) = company();
    let mut root = app.log_in(&people[3]);
    let page = root.get("/admin/abuse");
    assert_eq!(cells(&page, "pressers", 1), ["Lev Popug"]);
    assert_eq!(cells(&page, "pressers", 2), ["3"]);
    assert_eq!(
        cells(&page, "pressers", 3),
        ["6"],
        "two open tasks, three times"
    );
    assert_eq!(cells(&page, "pressers", 5), ["$60.00"]);
    let sum = |column| -> i64 {
        cells(&page, "effects", column)
            .iter()
            .map(|cell| cell.parse::<i64>().unwrap())
            .sum()
    };
    let moved = number(
        &mut app.conn(),
        "select count(*) as n from tasks.journal where run_id is not null and from_id <> assignee_id",
    );
    assert_eq!(
        (sum(3), sum(4)),
        (moved, moved),
        "what came to one went from another"
    );
    let fees: Vec<String> = cells(&page, "effects", 5);
    let charged = text(
        &mut app.conn(),
        "select string_agg('$' || sum || '.00', ',' order by sum desc) as t from (
           select -sum(t.amount_minor)::bigint / 100 as sum from report_v1.transfers t
             join report_v1.assignments a using (task_id, assignment_seq)
           where a.run_id is not null and t.kind = 'assignment_fee' group by t.employee_id) s",
    );
    // Whoever only lost tasks is in the list too.
    let paid: Vec<&str> = fees
        .iter()
        .map(String::as_str)
        .filter(|fee| *fee != "$0.00")
        .collect();
    assert_eq!(paid.join(","), charged);
    for (file, lines) in [("pressers", 2), ("effects", 1 + fees.len()), ("pairs", 3)] {
        let csv = root.get(&format!("/admin/abuse/{file}.csv"));
        assert_eq!(csv.status, 200);
        assert!(
            csv.html.lines().count() <= lines && csv.html.lines().count() >= 2,
            "{}",
            csv.html
        );
    }
    assert_eq!(app.log_in(&people[2]).get("/admin/abuse").status, 403);
}

#[test]
fn d16_a_press_counts_on_its_date_though_its_run_works_on_the_next() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("lev", &["manager"]),
        ("root", &["administrator"]),
    ]);
    let lev = app.api(&people[1]);
    let (status, _) = lev.post("/api/v1/tasks", &json!({ "title": "Watch the clock" }));
    assert_eq!(status, 201);
    app.drain();
    let pressed = || {
        let page = app
            .log_in(&people[2])
            .get("/admin/abuse?from=2026-03-02&to=2026-03-02");
        (cells(&page, "pressers", 2), cells(&page, "pressers", 3))
    };
    app.at("2026-03-02T20:59:59Z");
    let lev = app.api(&people[1]);
    assert_eq!(lev.post("/api/v1/tasks/reassign", &json!({})).0, 202);
    assert_eq!(pressed(), (vec!["1".into()], vec!["0".into()]));
    app.at("2026-03-02T21:00:30Z");
    app.settle_idle();
    assert_eq!(pressed(), (vec!["1".into()], vec!["1".into()]));
}
