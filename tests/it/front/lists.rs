//! What all lists have: how long they are, the ways through them, orders, and the filter that somebody begins with (M-6, S-4).

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::{Browser, Page};
use crate::support::database::{count, text};
use crate::tasks::bring_in;

/// So many mails about an account, a minute between them.
fn write_mails(app: &TestApp, mails: usize) {
    app.conn()
        .batch_execute(&format!(
            "insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, state, sent_at, next_attempt_at, created_at)
             select gen_random_uuid(), format('<%s@ates.example>', n), 'password_reset', u.id, format('bird%s@ates.example', n), 'Root', 'en',
               case when n <= 60 then 'sent' else 'new' end, case when n <= 60 then now() end, 'infinity', timestamptz '2026-03-01' + n * interval '1 minute'
             from auth.users u, generate_series(1, {mails}) n where u.username = 'root'"
        ))
        .unwrap();
}

fn shown(page: &Page) -> String {
    page.all("#shown").pop().unwrap_or_default()
}

fn follow(browser: &mut Browser, page: &Page, way: &str) -> Page {
    let address = page.attribute(&format!(".pager a[rel={way}]"), "href");
    browser.get(&address.unwrap_or_else(|| panic!("no {way}: {}", page.text())))
}

#[test]
fn m_6_a_list_says_how_long_it_is_and_leads_back_the_way_that_was_gone() {
    let app = TestApp::with(|settings| settings.workers(false));
    let root = app.register("root", &["administrator"]);
    let mut browser = app.log_in(&root);
    write_mails(&app, 1_060);
    let list = "/admin/account-mails";
    let first = browser.get(list);
    assert_eq!(shown(&first), "1–50 of more than 1,000");
    assert!(!first.has(".pager a[rel=prev]"), "nothing is newer");
    let russian = browser.clone().speaking("ru").get(list);
    assert_eq!(shown(&russian), "1–50 из более чем 1 000");
    let second = follow(&mut browser, &first, "next");
    assert_eq!(shown(&second), "51–100 of more than 1,000");
    let third = follow(&mut browser, &second, "next");
    let back = follow(&mut browser, &third, "prev");
    assert_eq!(back.all("tbody tr"), second.all("tbody tr"));
    assert_eq!(shown(&back), shown(&second));
    let home = follow(&mut browser, &back, "prev");
    assert_eq!(home.all("tbody tr"), first.all("tbody tr"));

    let some = browser.get(&format!("{list}?state=sent"));
    assert_eq!(shown(&some), "1–50 of 60");
    let rest = follow(&mut browser, &some, "next");
    assert_eq!(shown(&rest), "51–60 of 60");
    assert_eq!(rest.all("tbody tr").len(), 10);
    assert!(!rest.has(".pager a[rel=next]"));
    let file = browser.get(&format!("{list}.csv?state=sent"));
    assert_eq!(file.html.lines().count(), 61, "exactly the list");
    assert!(file.html.contains("bird60@") && !file.html.contains("bird61@"));

    // An address from before, or one that somebody typed, says less and does no harm.
    let cursor = second.attribute(".pager a[rel=next]", "href").unwrap();
    let cursor = cursor.split('&').next().unwrap().to_owned();
    let bare = browser.get(&cursor);
    assert_eq!((bare.status, shown(&bare)), (200, String::new()));
    assert!(bare.has(".pager a[rel=next]") && !bare.has(".pager a[rel=prev]"));
    for odd in ["at=0", "at=-1", "at=99999999999999999999", "trail=..%20"] {
        assert_eq!(browser.get(&format!("{cursor}&{odd}")).status, 200, "{odd}");
    }
    let wrong = browser.get(&format!("{list}?cursor=%7Bx"));
    assert_eq!(wrong.status, 422);
}

#[test]
fn m_6_every_list_says_how_many_rows_it_has() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    bring_in(&app, &people[0], 3);
    app.at("2026-03-03T00:30:00Z");
    ates::accounting::settle_due(app.db(), app.config()).unwrap();
    app.drain();
    let (mut root, mut kesha) = (app.log_in(&people[0]), app.log_in(&people[1]));
    let sweep = |browser: &mut Browser, lists: &[&str]| {
        for list in lists {
            let page = browser.get(list);
            let rows = page.all("main .table tbody tr").len();
            assert_eq!(page.status, 200, "{list}");
            let said = shown(&page);
            assert!(said.starts_with("1–") && rows > 0, "{list}: {said}");
            let all = said.rsplit(' ').next().unwrap();
            let last = said.split([' ', '–']).nth(1).unwrap();
            assert_eq!(all, last, "{list}: the list is all on one page: {said}");
        }
    };
    sweep(
        &mut root,
        &[
            "/tasks/all",
            "/accounting/balances",
            "/accounting/payouts",
            "/accounting/days/2026-03-02",
            "/admin/users",
            "/admin/events?type=task.created",
            "/admin/audit?action=auth.",
            "/admin/runs",
        ],
    );
    sweep(
        &mut kesha,
        &[
            "/tasks",
            "/account?from=2026-03-02&to=2026-03-02",
            "/account/statements",
        ],
    );
}

#[test]
fn s_4_a_list_begins_with_the_filter_that_its_reader_keeps() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("lev", &["manager"]),
        ("kesha", &["developer"]),
    ]);
    bring_in(&app, &people[1], 4);
    let mut lev = app.log_in(&people[1]);
    assert!(
        !lev.get("/tasks/all").has("#default-filter"),
        "there is nothing to keep"
    );
    let some = "/tasks/all?status=open&q=bird&assignee=&per=25";
    let page = lev.get(some);
    assert!(page.has("#default-filter button[value=keep]"));
    let list = page
        .attribute("#default-filter [name=list]", "value")
        .unwrap();
    let kept = lev.post(
        "/profile/default-filters",
        &[("list", &list), ("act", "keep")],
    );
    assert_eq!((kept.status, kept.location.as_deref()), (303, Some(some)));
    assert_eq!(
        text(
            &mut app.conn(),
            "select default_filters::text as t from auth.users where username = 'lev'"
        ),
        r#"{"/tasks/all": "status=open&q=bird&per=25"}"#
    );

    // At another desk too, and for nobody else.
    let mut elsewhere = app.log_in(&people[1]);
    let begins = elsewhere.get("/tasks/all");
    assert_eq!(begins.status, 303);
    let begins = begins.location.unwrap();
    assert_eq!(begins, "/tasks/all?status=open&q=bird&per=25");
    assert_eq!(app.log_in(&people[0]).get("/tasks/all").status, 200);
    let page = elsewhere.get(&begins);
    assert_eq!(page.all("#filters-on .chip").len(), 2);
    assert!(page.text().contains("This is your default."));

    // Every way to the whole list leads there.
    let clear = page
        .attribute("#filters-on > a:last-child", "href")
        .unwrap();
    assert_eq!(clear, "/tasks/all?default=off");
    let whole = elsewhere.get(&clear);
    assert!(whole.status == 200 && !whole.has("#filters-on"));
    assert_eq!(
        whole.attribute("#default-filter a", "href").as_deref(),
        Some(begins.as_str())
    );
    assert_eq!(elsewhere.get("/tasks/all?status=&q=").status, 200);
    assert_eq!(elsewhere.get("/tasks/all.csv").status, 200);

    // It is shown with the person's settings and forgotten there, or at the list.
    let profile = elsewhere.get("/profile");
    assert_eq!(
        profile.attribute("#default-filters a", "href").as_deref(),
        Some(begins.as_str())
    );
    let forget = [
        ("list", begins.as_str()),
        ("act", "forget"),
        ("back", "/profile"),
    ];
    let gone = elsewhere.post("/profile/default-filters", &forget);
    assert_eq!(gone.location.as_deref(), Some("/profile"));
    assert!(!elsewhere.get("/profile").has("#default-filters"));
    assert_eq!(lev.get("/tasks/all").status, 200);
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'auth.default_filter_changed'"
        ),
        2
    );

    for (list, act) in [
        ("/tasks?status=done", "keep"),
        ("//evil.example/tasks/all?status=open", "keep"),
        ("/tasks/all", "keep"),
        ("/tasks/all?from=2026-03-01&cursor=x", "keep"),
        ("/tasks/all?status=open", "sell"),
    ] {
        let wrong = lev.post("/profile/default-filters", &[("list", list), ("act", act)]);
        assert_eq!(wrong.status, 422, "{list} {act}");
    }
}

#[test]
fn s_4_columns_of_the_ledger_are_left_out_and_that_is_kept_too() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    bring_in(&app, &kesha, 2);
    let mut browser = app.log_in(&kesha);
    let all = browser.get("/account");
    assert_eq!(all.all("#log thead th").len(), 5);
    let fewer = browser.get("/account?time=off&balance=off");
    assert_eq!(fewer.all("#log thead th"), ["What for", "Kind", "Amount"]);
    assert_eq!(fewer.all("#log tbody tr:first-child > *").len(), 3);
    let list = fewer
        .attribute("#default-filter [name=list]", "value")
        .unwrap();
    let kept = browser.post(
        "/profile/default-filters",
        &[("list", &list), ("act", "keep")],
    );
    assert_eq!(kept.status, 303);
    let begins = browser.get("/account").location.unwrap();
    assert_eq!(begins, "/account?time=off&balance=off");
    assert_eq!(browser.get(&begins).all("#log thead th").len(), 3);
}

#[test]
fn m_6_tasks_are_found_by_the_date_of_their_assignment_and_by_fee() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    bring_in(&app, &people[1], 3);
    app.at("2026-03-05T09:00:00Z");
    bring_in(&app, &people[1], 2);
    let mut lev = app.log_in(&people[1]);
    let mut rows = |query: &str| {
        lev.get(&format!("/tasks/all?{query}"))
            .all("#all tbody tr")
            .len()
    };
    assert_eq!(rows("assigned_from=2026-03-05"), 2);
    assert_eq!(rows("assigned_from=2026-03-01&assigned_to=2026-03-04"), 3);
    assert_eq!(rows("assigned_from=2026-03-03&assigned_to=2026-03-04"), 0);
    assert_eq!(rows("fee_from=10&fee_to=20"), 5);
    assert_eq!(rows("fee_from=21"), 0);
    let page = lev.get("/tasks/all?assigned_from=2026-03-05&fee_from=10");
    assert_eq!(page.all("#filters-on .chip").len(), 2, "{}", page.text());
    assert!(page.has("form details[open] #assigned_from"));
    let wrong = lev.get("/tasks/all?assigned_from=yesterday");
    assert_eq!(wrong.status, 422);
    assert!(wrong.has(".error-summary a[href='#assigned_from']"));
}

#[test]
fn m_13_events_are_narrowed_by_time_and_lists_of_operators_turn_their_order() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    for instant in ["2026-03-04T09:30:00Z", "2026-03-05T09:30:00Z"] {
        app.at(instant);
        let (status, task) = app
            .api(&people[0])
            .post("/api/v1/tasks", &json!({ "title": "Count the seeds" }));
        assert_eq!(status, 201, "{task}");
        app.drain();
    }
    let mut root = app.log_in(&people[0]);
    let numbers = |page: &Page| -> Vec<i64> {
        let cells = page.all("#events tbody td:nth-of-type(1)");
        cells.iter().map(|cell| cell.parse().unwrap()).collect()
    };
    let of = "/admin/events?type=task.created";
    let newest = numbers(&root.get(of));
    let page = root.get(of);
    let turned = page
        .attribute("#events th[aria-sort=descending] a", "href")
        .unwrap();
    let oldest = root.get(&turned);
    assert!(oldest.has("#events th[aria-sort=ascending]"));
    let mut reversed = numbers(&oldest);
    reversed.reverse();
    assert_eq!((reversed.len(), &reversed), (2, &newest));
    // The company's clock shows noon at nine.
    let late = root.get(&format!("{of}&from=2026-03-05T12:00"));
    assert_eq!(numbers(&late), newest[..1]);
    assert_eq!(late.all("#filters-on .chip").len(), 2);
    let early = root.get(&format!("{of}&to=2026-03-05T12:00&sort=time"));
    assert_eq!(numbers(&early), newest[1..]);
    assert_eq!(shown(&early), "1–1 of 1");
    assert!(
        !root
            .get(&format!("{of}&from=2026-03-05T13:00"))
            .has("#events")
    );
    let file = root.get("/admin/events.csv?type=task.created&from=2026-03-05T12:00");
    assert_eq!(file.html.lines().count(), 2, "{}", file.html);
    for wrong in ["from=yesterday", "from=99999-01-01T00:00", "sort=colour"] {
        assert_eq!(
            root.get(&format!("/admin/events?{wrong}")).status,
            422,
            "{wrong}"
        );
    }

    let acts = root.get("/admin/audit?action=tasks.&from=2026-03-01&to=2026-03-06");
    let turned = acts.attribute("#audit th[aria-sort] a", "href").unwrap();
    let mut reversed = root.get(&turned).all("#audit tbody tr");
    reversed.reverse();
    assert_eq!(reversed, acts.all("#audit tbody tr"));

    app.conn()
        .batch_execute(
            "delete from platform.job_runs;
             insert into platform.job_runs (job, run_key, state, started_at, attempts) values
               ('accounting.settle', '2026-03-01', 'done', '2026-03-02', 1), ('operations.doctor', '1', 'failed', '2026-03-01', 1),
               ('accounting.settle', '2026-03-02', 'done', '2026-03-03', 1)",
        )
        .unwrap();
    let mut keys = |query: &str| {
        let page = root.get(&format!("/admin/runs?{query}"));
        page.all("#jobs tbody td:nth-of-type(1)")
    };
    assert_eq!(keys(""), ["2026-03-02", "2026-03-01", "1"]);
    assert_eq!(keys("sort=started"), ["1", "2026-03-01", "2026-03-02"]);
    assert_eq!(keys("sort=job"), ["2026-03-01", "2026-03-02", "1"]);
    assert_eq!(keys("sort=-job"), ["1", "2026-03-02", "2026-03-01"]);
    let file = root.get("/admin/runs.csv?sort=started&state=done");
    let lines: Vec<&str> = file.html.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{}", file.html);
    assert!(lines[0].contains("2026-03-01") && lines[1].contains("2026-03-02"));
}

#[test]
fn m_11_users_are_narrowed_by_their_state_and_each_has_a_history() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("gosha", &["developer"]),
    ]);
    let mut root = app.log_in(&people[0]);
    let gone = root.post_confirmed(&format!("/admin/users/{}/deactivation", people[2].id), &[]);
    assert_eq!(gone.status, 303, "{}", gone.html);
    let names = |page: &Page| page.all("#users tbody td:nth-of-type(1)");
    let left = root.get("/admin/users?state=deactivated");
    assert_eq!(names(&left), ["gosha"]);
    assert_eq!(
        (shown(&left).as_str(), left.all("#filters-on .chip").len()),
        ("1–1 of 1", 1)
    );
    assert_eq!(
        names(&root.get("/admin/users?state=active")),
        ["kesha", "root"]
    );
    assert_eq!(
        root.get("/admin/users.csv?state=deactivated")
            .html
            .lines()
            .count(),
        2
    );
    let page = root.get(&format!("/admin/users/{}", people[2].id));
    let told = |lines: &[String]| {
        let mut found = lines
            .iter()
            .filter(|line| line.starts_with("auth.user_deactivated"));
        found.any(|line| line.contains("Root Popug"))
    };
    let acts = page.all("#acts li");
    assert!(told(&acts), "{acts:#?}");
    let audit = page.attribute("section:has(#history) > p a", "href");
    let audit = root.get(&audit.unwrap()).all("#audit tbody tr");
    assert!(told(&audit), "{audit:#?}");
}

#[test]
fn m_4_the_history_of_a_task_leads_to_the_day_in_the_ledger() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("lev", &["manager"])]);
    let (_, task) = app
        .api(&people[1])
        .post("/api/v1/tasks", &json!({ "title": "Sing" }));
    app.drain();
    let id = task["uid"].as_str().unwrap();
    let (kesha, day) = (people[0].id, "from=2026-03-02&to=2026-03-02");
    let links = |page: &Page| page.attributes("#journal a[href^='/account']", "href");
    let mut own = app.log_in(&people[0]);
    let mine = links(&own.get(&format!("/tasks/{id}")));
    assert_eq!(mine, [format!("/account?{day}")]);
    assert!(own.get(&mine[0]).text().contains("Sing"));
    assert!(links(&app.log_in(&people[1]).get(&format!("/tasks/{id}"))).is_empty());
    let (status, answer) = app
        .api(&people[0])
        .post(&format!("/api/v1/tasks/{id}/complete"), &json!({}));
    assert_eq!(status, 200, "{answer}");
    app.drain();
    assert_eq!(links(&own.get(&format!("/tasks/{id}"))).len(), 2);
    // An accountant may be drawn too, and so comes later.
    let buh = app.register("buh", &["accountant"]);
    let mut buh = app.log_in(&buh);
    let page = buh.get(&format!("/tasks/{id}"));
    if page.status == 200 {
        let theirs = links(&page);
        assert_eq!(theirs[0], format!("/account?user={kesha}&{day}"));
        assert!(buh.get(&theirs[1]).text().contains("Sing"));
    }
}

#[test]
fn m_6_what_a_filter_or_an_order_does_not_know_is_refused_by_name_and_never_the_whole_list() {
    let app = TestApp::with(|settings| settings.workers(false));
    let mut root = {
        let person = app.register("root", &["administrator"]);
        app.log_in(&person)
    };
    for (list, field) in [
        ("/tasks/all", "sort"),
        ("/tasks/all", "status"),
        ("/account", "kind"),
        ("/account.csv", "kind"),
        ("/accounting/balances", "sort"),
        ("/accounting/balances", "only"),
        ("/accounting/balances.csv", "only"),
        ("/accounting/corrections", "state"),
        ("/accounting/corrections.csv", "state"),
        ("/admin/abuse", "creators"),
        ("/admin/abuse/pressers.csv", "pressers"),
        ("/admin/account-mails", "state"),
        ("/admin/audit", "sort"),
        ("/admin/events", "sort"),
        ("/admin/mails", "state"),
        ("/admin/mails", "kind"),
        ("/admin/runs", "sort"),
        ("/admin/runs", "job"),
        ("/admin/runs.csv", "state"),
        ("/admin/users", "state"),
        ("/admin/users.csv", "role"),
    ] {
        let nothing = root.get(&format!("{list}?{field}="));
        assert_eq!(nothing.status, 200, "{list} {field}");
        let page = root.get(&format!("{list}?{field}=colour"));
        assert_eq!(page.status, 422, "{list} {field}");
        let named = page.all("main code").iter().any(|code| code == field)
            || page.has(&format!("#{field}[aria-invalid]"))
            || page.has(&format!(".error-summary a[href='#{field}']"))
            || page.text().contains(&format!("“{field}” in the address"));
        assert!(named, "{list} {field}: {}", page.text());
    }
}
