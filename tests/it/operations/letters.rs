//! Dead letters: found, tried again, left out.

use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::database::{count, text};
use crate::support::{Browser, Person, TestApp, wait_until};

/// A company where the prices of five tasks are parked as dead, each with a word of its own about why, and one waits behind.
fn parked() -> (TestApp, Vec<Person>) {
    let app = TestApp::start();
    let people = app.register_all(&[("root", &["administrator"]), ("kesha", &["developer"])]);
    let api = app.api(&people[0]);
    for number in 1..=5 {
        let title = format!("Task {number}");
        assert_eq!(api.post("/api/v1/tasks", &json!({ "title": title })).0, 201);
    }
    app.drain();
    app.conn()
        .batch_execute(
            "insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, attempts,
               error_class, error, first_failed_at, last_failed_at)
             select 'tasks.prices', e.event_id, e.event_id, e.seq, 0, e.subject_id, 'dead', 20,
               case when row_number() over (order by e.seq) <= 3 then 'internal' else 'conflict' end,
               'a cat sat on it', now(), now()
             from bus.events e where e.event_type = 'task.estimated';
             insert into bus.parked_items (subscriber, item_id, event_id, seq, item_no, sequence_key, state, first_failed_at)
             select p.subscriber, e.event_id, e.event_id, e.seq, 0, p.sequence_key, 'blocked', now()
             from bus.events e, (select * from bus.parked_items order by seq limit 1) p
             where e.event_type = 'audit_log_record.created' order by e.seq desc limit 1",
        )
        .unwrap();
    (app, people)
}

fn dead(app: &TestApp) -> i64 {
    count(&mut app.conn(), "bus.parked_items where state = 'dead'")
}

/// Presses the button of the confirmation that is shown.
fn confirm(
    browser: &mut Browser,
    page: &crate::support::Page,
    fields: &[(&str, &str)],
) -> crate::support::Page {
    let action = page.attribute("#decide", "action").unwrap();
    let document = scraper::Html::parse_document(&page.html);
    let hidden = scraper::Selector::parse("#decide input[type=hidden]").unwrap();
    let given: Vec<(String, String)> = document
        .select(&hidden)
        .filter_map(|input| {
            Some((
                input.attr("name")?.to_owned(),
                input.attr("value")?.to_owned(),
            ))
        })
        .filter(|(name, _)| name != "csrf")
        .collect();
    let all: Vec<(&str, &str)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(fields.iter().copied())
        .collect();
    browser.submit(&action, &all)
}

#[test]
fn e13_dead_letters_are_filtered_by_state_consumer_error_and_key() {
    let (app, people) = parked();
    let mut browser = app.log_in(&people[0]);
    let mut rows = |query: &str| {
        browser
            .get(&format!("/admin/dead-letters{query}"))
            .all("#letters tbody tr")
            .len()
    };
    assert_eq!(rows(""), 6);
    assert_eq!(rows("?state=dead"), 5);
    assert_eq!(rows("?state=blocked"), 1);
    assert_eq!(rows("?state=done"), 0);
    assert_eq!(rows("?class=internal"), 3);
    assert_eq!(rows("?consumer=tasks.prices"), 6);
    assert_eq!(rows("?consumer=accounting.ledger"), 0);
    let key = text(
        &mut app.conn(),
        "select sequence_key::text as t from bus.parked_items where state = 'blocked'",
    );
    assert_eq!(rows(&format!("?key={key}")), 2);
    let kind = text(
        &mut app.conn(),
        "select event_type as t from bus.events e join bus.parked_items p using (seq) where p.state = 'blocked'",
    );
    let of_kind = count(
        &mut app.conn(),
        &format!("bus.parked_items join bus.events using (seq) where event_type = '{kind}'"),
    );
    assert!((1..6).contains(&of_kind), "{of_kind} of {kind}");
    assert_eq!(
        rows(&format!("?type={kind}")),
        usize::try_from(of_kind).unwrap()
    );
    assert_eq!(rows("?type=user.created"), 0);
    assert_eq!(rows("?from=2020-01-01T00:00&to=2199-01-01T00:00"), 6);
    assert_eq!(rows("?to=2020-01-01T00:00"), 0);
    assert_eq!(rows("?from=2199-01-01T00:00"), 0);
    assert_eq!(browser.get("/admin/dead-letters?from=noon").status, 422);
    let nothing = browser.get("/admin/dead-letters/choice?act=retry-all&to=2020-01-01T00:00");
    assert!(!nothing.has("#decide"), "{}", nothing.text());
    let choice = browser.get(&format!(
        "/admin/dead-letters/choice?act=retry-all&type={kind}&from=2020-01-01T00:00"
    ));
    for kept in [
        format!("#decide input[name=type][value='{kind}']"),
        "#decide input[name=from][value='2020-01-01T00:00']".to_owned(),
    ] {
        assert!(choice.has(&kept), "{kept}: {}", choice.html);
    }
    let page = browser.get("/admin/dead-letters?state=dead&class=conflict");
    assert!(
        page.has("#filters-on") && page.all("#states a[aria-current]")[0].starts_with("dead 2"),
        "{:?}",
        page.all("#states a")
    );
    assert_eq!(browser.get("/admin/dead-letters?state=gone").status, 422);
    assert_eq!(
        browser
            .get("/admin/dead-letters.csv?state=dead")
            .html
            .lines()
            .count(),
        6
    );
    let api = app.api(&people[0]);
    let (status, list) = api.get("/api/v1/ops/dead-letters?state=dead&limit=2");
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 2));
    let (_, rest) = api.get(&format!(
        "/api/v1/ops/dead-letters?state=dead&cursor={}",
        list["next_cursor"].as_str().unwrap()
    ));
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    assert_eq!(rest["next_cursor"], json!(null));
}

#[test]
fn e13_one_selected_and_all_filtered_are_tried_again_with_the_count_in_the_confirm() {
    let (app, people) = parked();
    let mut browser = app.log_in(&people[0]);
    let item = text(
        &mut app.conn(),
        "select item_id::text as t from bus.parked_items where state = 'dead' order by seq limit 1",
    );
    let page = browser.get(&format!("/admin/dead-letters/tasks.prices/{item}"));
    assert_eq!(page.status, 200);
    assert!(page.all("#error")[0].contains("a cat sat on it"));
    assert!(page.all("#payload")[0].contains("fee_minor"));
    assert_eq!(page.all("#of-key li").len(), 2);
    let done = browser.submit(
        "/admin/dead-letters/retry",
        &[("item", &format!("tasks.prices/{item}"))],
    );
    assert!(
        done.text().contains("1 item is tried again."),
        "{}",
        done.text()
    );
    wait_until("the one is applied", || dead(&app) == 4);
    wait_until("the one behind it is applied", || {
        count(&mut app.conn(), "bus.parked_items where state = 'done'") == 2
    });

    let names: Vec<String> = browser
        .get("/admin/dead-letters?state=dead")
        .all("#letters tbody th");
    assert_eq!(names.len(), 4);
    let none = browser.get("/admin/dead-letters/choice?act=retry&state=dead");
    assert_eq!(none.status, 303);
    let chosen: Vec<String> = {
        let page = browser.get("/admin/dead-letters?class=internal");
        let document = scraper::Html::parse_document(&page.html);
        let boxes = scraper::Selector::parse("input[name=item]").unwrap();
        document
            .select(&boxes)
            .filter_map(|input| Some(input.attr("value")?.to_owned()))
            .collect()
    };
    assert_eq!(chosen.len(), 2);
    let query: Vec<String> = chosen.iter().map(|item| format!("item={item}")).collect();
    let page = browser.get(&format!(
        "/admin/dead-letters/choice?act=retry&class=internal&{}",
        query.join("&")
    ));
    assert!(
        page.all("#consequence")[0].starts_with("2 items are tried again now"),
        "{}",
        page.text()
    );
    let done = confirm(&mut browser, &page, &[]);
    assert!(
        done.text().contains("2 items are tried again."),
        "{}",
        done.text()
    );
    wait_until("both are applied", || dead(&app) == 2);

    let page = browser.get("/admin/dead-letters/choice?act=retry-all&class=conflict");
    assert!(
        page.all("#decide button")[0].contains("Retry 2"),
        "{}",
        page.text()
    );
    confirm(&mut browser, &page, &[]);
    wait_until("all are applied", || dead(&app) == 0);
    assert_eq!(
        count(
            &mut app.conn(),
            "platform.audit_log where action = 'bus.replayed'"
        ),
        3
    );
    assert!(
        browser
            .get("/admin/dead-letters")
            .text()
            .contains("Nothing waits for repair")
    );
}

#[test]
fn e13_a_letter_is_skipped_for_a_reason_and_never_one_of_money() {
    let (app, people) = parked();
    let mut browser = app.log_in(&people[0]);
    let item = text(
        &mut app.conn(),
        "select item_id::text as t from bus.parked_items where state = 'dead' order by seq desc limit 1",
    );
    let page = browser.get(&format!(
        "/admin/dead-letters/choice?act=skip&item=tasks.prices/{item}"
    ));
    assert!(
        page.text().contains("1 item will never be applied"),
        "{}",
        page.text()
    );
    let short = confirm(&mut browser, &page, &[("reason", "no")]);
    assert_eq!(short.status, 422);
    assert!(
        short.text().contains("at least ten letters"),
        "{}",
        short.text()
    );
    let done = confirm(&mut browser, &short, &[("reason", "the task is a joke")]);
    assert!(
        done.text().contains("1 item was skipped."),
        "{}",
        done.text()
    );
    assert_eq!(
        count(
            &mut app.conn(),
            "bus.parked_items where state = 'skipped' and resolution_reason = 'the task is a joke'"
        ),
        1
    );

    app.conn()
        .batch_execute(
            "update bus.parked_items set subscriber = 'accounting.ledger' where state = 'dead'",
        )
        .unwrap();
    let item = text(
        &mut app.conn(),
        "select item_id::text as t from bus.parked_items where state = 'dead' limit 1",
    );
    let page = browser.get(&format!("/admin/dead-letters/accounting.ledger/{item}"));
    let correction = format!("a[href='/accounting/corrections/missing?item={item}']");
    assert!(page.has(&format!("#money {correction}")));
    let page = browser.get(&format!(
        "/admin/dead-letters/choice?act=skip&item=accounting.ledger/{item}"
    ));
    assert!(
        page.has("#refused")
            && page.has(&format!("#corrections {correction}"))
            && !page.has("#decide"),
        "{}",
        page.text()
    );
    let forced = browser.post(
        "/admin/dead-letters/skip",
        &[
            ("item", &format!("accounting.ledger/{item}")),
            ("reason", "nobody will notice"),
        ],
    );
    assert_eq!(forced.status, 409);
    assert_eq!(dead(&app), 4);
    app.conn()
        .batch_execute("delete from bus.parked_items")
        .unwrap();
}

#[test]
fn e13_a_letter_is_tried_again_by_its_id() {
    let (app, people) = parked();
    let api = app.api(&people[0]);
    let item = text(
        &mut app.conn(),
        "select item_id::text as t from bus.parked_items where state = 'dead' order by seq desc limit 1",
    );
    let path = format!("/api/v1/ops/dead-letters/{item}/retry");
    assert_eq!(
        api.post(&path, &json!({ "consumer": "accounting.ledger" }))
            .0,
        404
    );
    let (status, answer) = api.post(&path, &json!({}));
    assert_eq!((status, &answer["retried"]), (200, &json!(1)));
    wait_until("it is applied", || dead(&app) == 4);
    app.conn()
        .batch_execute("delete from bus.parked_items")
        .unwrap();
}
