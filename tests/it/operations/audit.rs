//! The audit as administrators and accountants see it (R24).

use crate::support::TestApp;
use crate::support::database::text;

#[test]
fn r24_administrators_see_who_did_what_when_and_from_where() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("buh", &["accountant"]),
    ]);
    let mut kesha = app.log_in(&people[1]);
    let created = kesha.post("/tasks", &[("title", "Polish the perch")]);
    assert_eq!(created.status, 303);
    app.drain();
    let request = created.headers["x-request-id"].clone();
    let task = created
        .location
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();

    let mut root = app.log_in(&people[0]);
    let page = root.get("/admin/audit");
    assert_eq!(page.status, 200);
    let rows = page.all("#audit tbody tr");
    let row = rows
        .iter()
        .find(|row| row.starts_with("tasks.task_created"))
        .unwrap_or_else(|| panic!("{rows:#?}"));
    assert!(row.contains("Kesha Popug"), "who: {row}");
    assert!(row.contains("2026") && row.contains("12:00"), "when: {row}");
    assert!(row.contains(&task), "about: {row}");
    assert!(
        row.contains("127.0.0.1") && row.contains("ureq"),
        "from where: {row}"
    );
    assert!(
        page.has(&format!(
            "#audit a[href='/admin/events?correlation={request}']"
        )),
        "its request"
    );
    assert!(page.has(&format!("#audit a[href='/tasks/{task}']")));
    let tree = root.get(&format!("/admin/events/{request}"));
    assert!(
        tree.text().contains("task.created"),
        "the request leads to its events"
    );

    let count = |page: &crate::support::Page| page.all("#audit tbody tr").len();
    let by_person = root.get("/admin/audit?person=Kesha");
    let shown = by_person.all("#audit tbody tr");
    assert!(shown.len() >= 2, "{shown:#?}");
    assert!(
        shown.iter().all(|row| row.contains("Kesha Popug")),
        "{shown:#?}"
    );
    let by_id = root.get(&format!("/admin/audit?person={}", people[1].id));
    assert_eq!(count(&by_id), count(&by_person));
    let by_action = root.get("/admin/audit?person=kesha&action=tasks.");
    assert_eq!(by_action.all("#audit tbody th"), ["tasks.task_created"]);
    assert_eq!(
        root.get("/admin/audit?from=2026-03-01&to=2026-03-01")
            .all("#audit")
            .len(),
        0
    );
    let nobody = root.get("/admin/audit?person=%25");
    assert_eq!(count(&nobody), 0, "the words are taken literally");

    let csv = root.get("/admin/audit.csv?action=tasks.");
    assert_eq!(csv.html.lines().count(), 2, "{}", csv.html);
    for told in [
        "tasks.task_created",
        &request,
        &task,
        "127.0.0.1",
        &people[1].id.to_string(),
    ] {
        assert!(csv.html.contains(told), "{told}: {}", csv.html);
    }
    assert_eq!(kesha.get("/admin/audit").status, 403);
    let mut buh = app.log_in(&people[2]);
    let money = buh.get("/admin/audit");
    assert_eq!(money.status, 200);
    assert!(
        money
            .all("#audit tbody th")
            .iter()
            .all(|action| action.starts_with("accounting.")),
        "an accountant sees what was done to the money"
    );
}

#[test]
fn r24_a_long_audit_is_read_piece_by_piece_and_its_file_is_whole() {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"])]);
    let mut root = app.log_in(&people[0]);
    diesel::connection::SimpleConnection::batch_execute(
        &mut app.conn(),
        "insert into platform.audit_log (id, occurred_at, action, detail)
         select gen_random_uuid(), '2026-03-02 08:00+00'::timestamptz - n * interval '1 second', 'test.row', jsonb_build_object('n', n)
         from generate_series(1, 2345) n",
    )
    .unwrap();
    let (mut path, mut seen) = ("/admin/audit?action=test.".to_owned(), 0);
    for _ in 0..100 {
        let page = root.get(&path);
        seen += page.all("#audit tbody tr").len();
        match page.attribute(".pager a[rel=next]", "href") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(seen, 2_345);
    let csv = root.get("/admin/audit.csv?action=test.");
    assert_eq!(csv.html.lines().count(), 2_346);
    let agents = text(
        &mut app.conn(),
        "select string_agg(distinct agent, ',') as t from platform.audit_log where agent is not null",
    );
    assert!(agents.contains("ureq"), "{agents}");
}
