//! The feed piece by piece.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{head, piece, quiet, subjects, tell};
use crate::api_page::token_of;
use crate::support::{Api, TestApp};

#[test]
fn e01_the_feed_gives_the_envelope_of_the_contract_and_the_number_to_ask_with_next() {
    let (app, api) = quiet();
    let before = head(&api);
    let kesha = app.register("kesha", &["developer"]);
    let (_, task) = api.post("/api/v1/tasks", &json!({ "title": "Feathers" }));
    app.drain();

    let told = piece(&api, &format!("after={before}&type=task.created"));
    let event = &told["items"][0];
    assert_eq!(event["subject"], task["uid"]);
    assert_eq!(event["data"]["title"], "Feathers");
    let mut members: Vec<&str> = event
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "causation_id",
            "correlation_id",
            "data",
            "id",
            "producer",
            "seq",
            "subject",
            "time",
            "topic",
            "type",
            "version"
        ]
    );
    assert_eq!(told["next"], told["head"], "all of the log was looked at");

    let (mut after, mut seen) = (before, Vec::new());
    loop {
        let told = piece(&api, &format!("after={after}&topic=task&limit=2"));
        seen.extend(
            told["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| event["type"].as_str().unwrap().to_owned()),
        );
        after = told["next"].as_i64().unwrap();
        if after >= told["head"].as_i64().unwrap() {
            break;
        }
    }
    assert_eq!(
        seen,
        [
            "task.created",
            "task.assigned",
            "task.estimated",
            "task.updated"
        ]
    );
    let people = piece(
        &api,
        &format!("after={before}&type=account.created,account.deleted"),
    );
    assert_eq!(subjects(&people), [kesha.id.as_u128()]);
}

#[test]
fn e01_a_question_that_makes_no_sense_names_its_field() {
    let (_app, api) = quiet();
    for (query, field) in [
        ("after=-1", "after"),
        ("after=yesterday", "after"),
        ("after=9223372036854775807", "after"),
        ("limit=101", "limit"),
        ("wait=26", "wait"),
        ("type=task.eaten", "type"),
        ("type=task.created,", "type"),
        ("topic=seeds", "topic"),
        ("since=3", "since"),
    ] {
        let (status, answer) = api.get(&format!("/api/v1/events?{query}"));
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (422, &json!(field)),
            "{query}: {answer}"
        );
    }
}

#[test]
fn e01_a_reader_ahead_of_the_log_is_told_where_the_log_ends() {
    let (_app, api) = quiet();
    let end = head(&api);
    let told = piece(&api, "after=1000000");
    assert_eq!(
        (&told["items"], &told["next"], &told["head"]),
        (&json!([]), &json!(1_000_000), &json!(end))
    );
}

#[test]
fn r07_the_feed_goes_on_in_the_archive_and_says_410_for_what_is_not_kept() {
    let (mut app, api) = quiet();
    app.expect_broken();
    let whole = piece(&api, "after=0");
    let last = head(&api);
    let mut conn = app.conn();
    // The log goes on in its next part; the first one goes to the archive.
    conn.batch_execute(
        "select setval('bus.events_seq', 10000000);
         alter table bus.events detach partition bus.events_0000;
         alter table bus.events_0000 set schema archive;
         alter table archive.events attach partition archive.events_0000 for values from (0) to (10000000)",
    )
    .unwrap();
    tell(&app, 1);
    assert_eq!(piece(&api, "after=0")["items"], whole["items"]);
    let further = piece(&api, &format!("after={last}"));
    assert_eq!(
        (subjects(&further), &further["next"]),
        (vec![], &json!(last + 100_000)),
        "it looks at so much and no more"
    );
    assert_eq!(subjects(&piece(&api, "after=9999999")), [1]);

    conn.batch_execute("drop table archive.events_0000")
        .unwrap();
    let (status, answer) = api.get("/api/v1/events?after=0");
    assert_eq!(
        (status, answer["type"].as_str()),
        (410, Some("/problems/gone")),
        "{answer}"
    );
    assert!(
        answer["detail"].as_str().unwrap().contains("9999999"),
        "{answer}"
    );
    assert_eq!(api.get("/api/v1/events?after=9999998").0, 410);
    assert_eq!(subjects(&piece(&api, "after=9999999")), [1]);
}

#[test]
fn a48_a_service_and_a_token_with_that_scope_may_read_the_feed_and_nobody_else() {
    let app = TestApp::with(|settings| settings.workers(false));
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("bot", &["internalservice"]),
        ("clerk", &["accountant"]),
    ]);
    assert_eq!(app.api(&people[1]).get("/api/v1/events").0, 200);
    assert_eq!(app.api(&people[2]).get("/api/v1/events").0, 403);
    assert_eq!(Api::anonymous(app.base()).get("/api/v1/events").0, 401);

    let mut browser = app.log_in(&people[0]);
    for (scope, status) in [("events", 200), ("analytics", 403)] {
        let token = token_of(&mut browser, "/profile/tokens", &[scope]);
        let script = Api::with_token(app.base(), &token);
        assert_eq!(script.get("/api/v1/events").0, status, "{scope}");
    }
    let clerk = app.log_in(&people[2]).get("/profile/access");
    assert!(
        !clerk.html.contains("value=\"events\""),
        "who may not read it cannot hand it on"
    );
}
