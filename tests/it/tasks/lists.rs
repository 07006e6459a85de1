//! Lists of tasks: mine, all, as a file.

use chrono::Duration;
use serde_json::{Value, json};

use super::{bring_in, create, rows};
use crate::support::TestApp;
use crate::support::database::number;

fn titles(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["title"].as_str().unwrap())
        .collect()
}

#[test]
fn t17_everybody_sees_their_own_open_tasks_newest_first() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    let kesha = app.api(&people[0]);
    let mut browser = app.log_in(&people[0]);
    assert!(browser.get("/tasks").has(".empty"), "an empty list says so");
    for title in ["first", "second", "third"] {
        create(&kesha, title);
        app.clock().advance(Duration::seconds(1));
    }
    app.drain();
    let roma = app.register("roma", &["developer"]);
    let (_, mine) = kesha.get("/api/v1/tasks/mine?status=open");
    assert_eq!(titles(&mine), ["third", "second", "first"]);
    let second = mine["items"][1]["uid"].as_str().unwrap();
    assert_eq!(
        kesha
            .post(&format!("/api/v1/tasks/{second}/complete"), &json!({}))
            .0,
        200
    );

    let (_, mine) = kesha.get("/api/v1/tasks/mine");
    assert_eq!(titles(&mine), ["third", "first"]);
    let (_, done) = kesha.get("/api/v1/tasks/mine?status=done");
    assert_eq!(titles(&done), ["second"]);
    let page = browser.get("/tasks");
    let shown: Vec<String> = page.all("#mine tbody th a");
    assert_eq!(shown, ["third", "first"]);
    assert_eq!(page.all("#done-today tbody th a"), ["second"]);
    assert_eq!(
        page.all("#mine .money.neg").len(),
        2,
        "the fee that was charged"
    );
    assert_eq!(
        page.all("#mine .money.pos").len(),
        2,
        "the reward that is promised"
    );

    let (_, nothing) = app.api(&roma).get("/api/v1/tasks/mine");
    assert!(titles(&nothing).is_empty());
    let page = app.log_in(&people[1]).get("/tasks");
    assert!(
        page.has("#no-tasks-for-you"),
        "a manager is told that he gets none"
    );
    assert!(!browser.get("/tasks").has("#no-tasks-for-you"));
}

#[test]
fn t17_the_list_is_read_piece_by_piece() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"])]);
    bring_in(&app, &people[0], 120);
    let kesha = app.api(&people[0]);
    let (mut seen, mut path) = (Vec::new(), "/api/v1/tasks/mine?limit=50".to_owned());
    loop {
        let (status, page) = kesha.get(&path);
        assert_eq!(status, 200, "{page}");
        seen.extend(titles(&page).into_iter().map(ToOwned::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/tasks/mine?limit=50&cursor={cursor}");
    }
    let expected: Vec<String> = (1..=120).rev().map(|n| format!("Feed bird {n}")).collect();
    assert_eq!(seen, expected);
    for wrong in [
        "limit=101",
        "limit=x",
        "cursor=!",
        "status=closed",
        "who=me",
    ] {
        assert_eq!(
            kesha.get(&format!("/api/v1/tasks/mine?{wrong}")).0,
            422,
            "{wrong}"
        );
    }
    let mut browser = app.log_in(&people[0]);
    let older = browser
        .get("/tasks")
        .attribute(".pager a[rel=next]", "href")
        .unwrap();
    let page = browser.get(&older);
    assert_eq!(page.all("#mine tbody th a")[0], "Feed bird 70");
}

#[test]
fn t18_all_tasks_are_for_those_who_may_see_them() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("lev", &["manager"]),
        ("anna", &["accountant"]),
    ]);
    let lev = app.api(&people[1]);
    create(&lev, "100% wool");
    create(&lev, "100 wool");
    let named = json!({ "title": "Change the hue", "jira_id": "UBERPOP-42" });
    assert_eq!(lev.post("/api/v1/tasks", &named).0, 201);
    app.drain();
    for person in [&people[0], &people[2]] {
        assert_eq!(app.api(person).get("/api/v1/tasks").0, 403);
        let mut browser = app.log_in(person);
        assert_eq!(browser.get("/tasks/all").status, 403);
        assert_eq!(browser.get("/tasks/all.csv").status, 403);
        assert!(!browser.get("/tasks").has("nav a[href='/tasks/all']"));
    }
    let found = |query: &str| {
        let (status, list) = lev.get(&format!("/api/v1/tasks?{query}"));
        assert_eq!(status, 200, "{list}");
        titles(&list).len()
    };
    assert_eq!(found(""), 3);
    assert_eq!(found("q=100%25"), 1, "a wildcard of the text is a letter");
    assert_eq!(found("q=uberpop-42"), 1);
    assert_eq!(found("q=T-1"), 1);
    assert_eq!(found("status=done"), 0);
    let expected = rows(
        &app,
        &format!("tasks.tasks where assignee_id = '{}'", people[0].id),
    );
    assert_eq!(
        found(&format!("assignee={}", people[0].id)) as i64,
        expected
    );

    let mut browser = app.log_in(&people[1]);
    let page = browser.get("/tasks/all?q=100%25");
    assert_eq!(page.all("#all tbody th a"), ["100% wool"]);
    assert!(
        page.has("#filters-on > a[href='/tasks/all']:not(.chip)"),
        "an active filter shows, and can be cleared"
    );
    let file = browser.get(&page.attribute("a[href^='/tasks/all.csv']", "href").unwrap());
    assert_eq!(
        file.html.lines().count(),
        2,
        "the file is exactly this list: {}",
        file.html
    );
}

/// All tasks get the price that their number says, and their day of creation: a new one each day.
fn price_by_number(app: &TestApp) {
    let mut conn = app.conn();
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        "set session_replication_role = replica;
         update tasks.tasks set reward_minor = 2000 + 100 * (number % 3), fee_minor = 1000 + 100 * number,
           created_at = timestamptz '2026-03-01 12:00+03' + number * interval '1 day';
         set session_replication_role = origin",
    )
    .unwrap();
}

fn numbers_of(page: &crate::support::Page, table: &str) -> Vec<i64> {
    page.all(&format!("{table} tbody th small"))
        .iter()
        .map(|text| text.trim_start_matches("T-").parse().unwrap())
        .collect()
}

#[test]
fn m_6_the_list_is_ordered_by_a_head_and_keeps_filter_and_order_from_piece_to_piece() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 60);
    app.drain();
    price_by_number(&app);
    let mut browser = app.log_in(&people[1]);
    let page = browser.get("/tasks/all");
    assert_eq!(
        page.attribute("#all th[aria-sort]", "aria-sort").unwrap(),
        "descending"
    );
    assert!(
        !page.has("#all th a[href*='reward']"),
        "no order by price without a filter"
    );
    assert_eq!(browser.get("/tasks/all?sort=-reward").status, 422);
    assert_eq!(browser.get("/tasks/all?sort=colour").status, 422);
    let oldest = browser.get(&page.attribute("#all th[aria-sort] a", "href").unwrap());
    assert_eq!(numbers_of(&oldest, "#all"), (1..=50).collect::<Vec<_>>());
    let rest = browser.get(&oldest.attribute(".pager [rel=next]", "href").unwrap());
    assert_eq!(numbers_of(&rest, "#all"), (51..=60).collect::<Vec<_>>());

    let open = browser.get("/tasks/all?status=open&per=25");
    let mut next = open.attribute("#all th a[href*='reward']", "href");
    let mut seen = Vec::new();
    while let Some(address) = next {
        let piece = browser.get(&address);
        seen.extend(numbers_of(&piece, "#all"));
        assert_eq!(
            piece
                .attribute("#status option[selected]", "value")
                .unwrap(),
            "open"
        );
        next = piece.attribute(".pager [rel=next]", "href");
    }
    let mut expected: Vec<i64> = (1..=60).collect();
    expected.sort_by_key(|number| (-(number % 3), -number));
    assert_eq!(
        seen, expected,
        "the dearest first, the newest of equals first, each once"
    );
    let file = browser.get("/tasks/all.csv?status=open&sort=-reward");
    let filed: Vec<i64> = file
        .html
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(filed, expected, "the file has the order of the list");
}

#[test]
fn m_6_a_filter_that_is_on_shows_and_is_taken_away_alone() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 30);
    app.drain();
    price_by_number(&app);
    let mut browser = app.log_in(&people[1]);
    let some = browser.get("/tasks/all?status=open&from=2026-03-05&to=2026-03-10&reward_from=22");
    assert_eq!(
        numbers_of(&some, "#all"),
        [8, 5],
        "of 4 to 9 those with a reward of 22"
    );
    assert_eq!(some.all("#filters-on .chip").len(), 3, "{}", some.text());
    let dates = some
        .attribute("#filters-on .chip:not([href*='from=2026'])", "href")
        .unwrap();
    assert_eq!(numbers_of(&browser.get(&dates), "#all").len(), 10);
    let none = browser.get("/tasks/all?q=no+such+task");
    assert!(
        none.has(".empty") && none.text().contains("Nothing matches"),
        "{}",
        none.text()
    );
    for (wrong, field) in [
        ("from=2026-02-30", "from"),
        ("from=2026-03-05&to=2026-03-01", "to"),
        ("reward_to=-3", "reward_to"),
        ("status=closed", "status"),
        ("assignee=me", "assignee"),
    ] {
        let page = browser.get(&format!("/tasks/all?{wrong}"));
        assert_eq!(page.status, 422, "{wrong}");
        assert!(
            page.has(&format!(".error-summary a[href='#{field}']")),
            "{wrong}"
        );
    }
    assert_eq!(browser.get("/tasks/all?per=7").status, 422);
}

#[test]
fn t18_the_file_of_all_tasks_is_whole_however_many_pieces_it_is_sent_in() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 2_500);
    let file = app.log_in(&people[1]).get("/tasks/all.csv");
    let numbers: Vec<i64> = file
        .html
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    let expected: Vec<i64> = (1..=2_500).rev().collect();
    assert_eq!(numbers, expected, "each task once, the newest first");
}

#[test]
fn t18_the_public_board_shows_all_tasks_to_everyone() {
    let app = TestApp::with(|settings| settings.set("ATES_PUBLIC_BOARD", "true"));
    let people = app.register_all(&[("kesha", &["developer"]), ("anna", &["accountant"])]);
    let task = create(&app.api(&people[0]), "Feed the macaw");
    for person in &people {
        let api = app.api(person);
        assert_eq!(titles(&api.get("/api/v1/tasks").1).len(), 1);
        assert_eq!(api.get(&format!("/api/v1/tasks/{task}")).0, 200);
        assert_eq!(
            api.post("/api/v1/tasks/reassign", &json!({})).0,
            403,
            "seeing is not shuffling"
        );
    }
}

#[test]
fn t13_the_page_counts_the_open_tasks_of_everyone() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("kesha", &["developer"]),
        ("roma", &["developer"]),
        ("lev", &["manager"]),
    ]);
    bring_in(&app, &people[2], 30);
    let late = app.register("vera", &["boss"]);
    let page = app.log_in(&people[2]).get("/tasks/all");
    assert_eq!(page.all("#open-count"), ["30 open"]);
    assert_eq!(page.all("#loads tbody tr").len(), 3, "none for the manager");
    let mut conn = app.conn();
    for person in people[..2].iter().chain([&late]) {
        let open = number(
            &mut conn,
            &format!(
                "select count(*) as n from tasks.tasks where assignee_id = '{}' and status = 'open'",
                person.id
            ),
        );
        let link = format!("#loads tr:has(a[href*='{}']) td", person.id);
        assert_eq!(page.all(&link), [open.to_string()], "{}", person.username);
    }
}
