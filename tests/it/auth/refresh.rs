//! Refresh tokens: one chain, used once, ended by a replay; and keys that take over from one another.

use std::sync::Barrier;

use ates::auth::{self, Rotation};
use ates::platform::db::{Lane, Origin};
use chrono::Duration;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::{Value, json};

use crate::support::{Api, PASSWORD, TestApp};

const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";

fn text(answer: &Value, field: &str) -> String {
    answer[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {answer}"))
        .to_owned()
}

fn log_in(app: &TestApp, username: &str) -> Value {
    let (status, answer) = Api::anonymous(app.base()).post(
        TOKEN,
        &json!({ "username": username, "password": PASSWORD }),
    );
    assert_eq!(status, 200, "{answer}");
    answer
}

fn refresh(app: &TestApp, token: &str) -> (u16, Value) {
    Api::anonymous(app.base()).post(REFRESH, &json!({ "refresh_token": token }))
}

/// The status of a page of one's own with an access token.
fn status_with(app: &TestApp, answer: &Value) -> u16 {
    Api::with_token(app.base(), &text(answer, "access_token"))
        .get("/api/v1/me")
        .0
}

fn count(app: &TestApp, sql: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let row: Row = sql_query(sql).get_result(&mut app.conn()).unwrap();
    row.n
}

#[test]
fn a07_a_refresh_gives_a_new_pair_and_a_used_token_ends_the_family() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let first = log_in(&app, "kesha");
    let elsewhere = log_in(&app, "kesha");
    let (status, second) = refresh(&app, &text(&first, "refresh_token"));
    assert_eq!(status, 200, "{second}");
    for field in ["access_token", "refresh_token"] {
        assert_ne!(first[field], second[field], "{field}");
    }
    assert_eq!(second["token_type"], "Bearer");
    assert_eq!(second["expires_in"], 600);
    assert_eq!(status_with(&app, &second), 200);

    // The second pair is in use, so whoever comes with the first token again has a copy.
    assert_eq!(refresh(&app, &text(&first, "refresh_token")).0, 401);
    for pair in [&first, &second] {
        assert_eq!(status_with(&app, pair), 401);
        assert_eq!(refresh(&app, &text(pair, "refresh_token")).0, 401);
    }
    assert_eq!(
        count(
            &app,
            "select count(*) as n from platform.audit_log where action = 'auth.refresh_token_replayed'"
        ),
        1
    );
    assert_eq!(status_with(&app, &elsewhere), 200, "another log-in goes on");
}

#[test]
fn a07_a_client_whose_answer_was_lost_gets_the_same_next_token() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let first = text(&log_in(&app, "kesha"), "refresh_token");
    let (_, lost) = refresh(&app, &first);
    let (status, again) = refresh(&app, &first);
    assert_eq!(
        (status, &again["refresh_token"]),
        (200, &lost["refresh_token"])
    );
    assert_eq!(refresh(&app, &text(&again, "refresh_token")).0, 200);
    assert_eq!(refresh(&app, &first).0, 401, "its successor was used");
}

#[test]
fn t_auth_3_many_at_once_with_one_token_are_one_chain() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    for _ in 0..50 {
        let first = text(&log_in(&app, "kesha"), "refresh_token");
        let together = Barrier::new(50);
        let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let ask = || {
                together.wait();
                refresh(&app, &first)
            };
            let asking: Vec<_> = (0..50).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut given: Vec<String> = answers
            .iter()
            .filter(|(status, _)| *status == 200)
            .map(|(_, answer)| text(answer, "refresh_token"))
            .collect();
        assert!(
            answers
                .iter()
                .all(|(status, _)| [200, 503].contains(status)),
            "{answers:?}"
        );
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), 1, "more than one chain");
        assert_eq!(refresh(&app, &given[0]).0, 200);
        assert_eq!(refresh(&app, &first).0, 401);
        assert_eq!(refresh(&app, &given[0]).0, 401);
    }
    assert_eq!(
        count(
            &app,
            "select count(*) - count(distinct parent_hash) as n from auth.refresh_tokens where parent_hash is not null"
        ),
        0
    );
}

#[test]
fn a08_logging_out_ends_this_log_in_and_leaves_the_other() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let (here, there) = (log_in(&app, "kesha"), log_in(&app, "kesha"));
    let body = json!({ "refresh_token": text(&here, "refresh_token") });
    for _ in 0..2 {
        assert_eq!(Api::anonymous(app.base()).post(LOGOUT, &body).0, 204);
    }
    assert_eq!(status_with(&app, &here), 401);
    assert_eq!(refresh(&app, &text(&here, "refresh_token")).0, 401);
    assert_eq!(status_with(&app, &there), 200);
    let unknown = json!({ "refresh_token": "0".repeat(64) });
    assert_eq!(Api::anonymous(app.base()).post(LOGOUT, &unknown).0, 204);
}

#[test]
fn a33_a_refresh_token_is_no_access_token_nor_the_other_way_round() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let pair = log_in(&app, "kesha");
    let swapped = json!({ "access_token": pair["refresh_token"] });
    assert_eq!(status_with(&app, &swapped), 401);
    assert_eq!(refresh(&app, &text(&pair, "access_token")).0, 401);
    assert_eq!(refresh(&app, "").0, 401);
    assert_eq!(status_with(&app, &pair), 200);
}

#[test]
fn a35_a_family_ends_with_its_time_its_owner_and_a_change_of_rights() {
    let app = TestApp::start();
    let people = app.register_all(&[
        ("root", &["administrator"]),
        ("kesha", &["developer"]),
        ("gosha", &["developer"]),
        ("rita", &["developer"]),
    ]);
    let admin = app.api(&people[0]);
    let pair_of = |name: &str| log_in(&app, name);
    let (kesha, gosha, rita) = (pair_of("kesha"), pair_of("gosha"), pair_of("rita"));
    let path = |index: usize| format!("/api/v1/users/{}", people[index].id);
    assert_eq!(
        admin.patch(&path(1), &json!({ "roles": ["manager"] })).0,
        200
    );
    assert_eq!(admin.delete(&path(2)).0, 204);
    for pair in [&kesha, &gosha] {
        assert_eq!(status_with(&app, pair), 401);
        assert_eq!(refresh(&app, &text(pair, "refresh_token")).0, 401);
    }
    app.clock().advance(Duration::hours(11));
    let (status, later) = refresh(&app, &text(&rita, "refresh_token"));
    assert_eq!(status, 200, "{later}");
    app.clock().advance(Duration::hours(1));
    assert_eq!(refresh(&app, &text(&later, "refresh_token")).0, 401);
    assert_eq!(
        status_with(&app, &later),
        401,
        "the access token ends with its family"
    );
    auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(
        count(
            &app,
            "select count(*) as n from auth.token_families where expires_at <= '2026-03-02T21:00:00Z'"
        ),
        0
    );
}

#[test]
fn t_auth_2_a_new_key_takes_over_and_tokens_of_the_old_one_live_out_their_time() {
    let app = TestApp::start();
    app.register("kesha", &["developer"]);
    let kids = || -> Vec<String> {
        let (_, set) = Api::anonymous(app.base()).get("/.well-known/jwks.json");
        let keys = set["keys"].as_array().unwrap().clone();
        for key in &keys {
            for private in ["d", "k", "p", "q"] {
                assert!(key.get(private).is_none(), "{private}");
            }
        }
        keys.iter().map(|key| text(key, "kid")).collect()
    };
    let kid_of = |answer: &Value| {
        jsonwebtoken::decode_header(text(answer, "access_token"))
            .unwrap()
            .kid
            .unwrap()
    };
    let rotate = |rotation| {
        app.db()
            .transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
                auth::rotate_keys(tx, rotation)
            })
            .unwrap()
            .0
    };
    let before = log_in(&app, "kesha");
    let old = kid_of(&before);
    let new = rotate(Rotation::InTurn);

    app.clock().advance(Duration::seconds(6));
    assert_eq!(kids(), [new.clone(), old.clone()], "published at once");
    let still = log_in(&app, "kesha");
    assert_eq!(kid_of(&still), old, "but it does not sign yet");
    app.clock().advance(Duration::seconds(300));
    let after = log_in(&app, "kesha");
    assert_eq!(kid_of(&after), new);
    app.clock().advance(Duration::seconds(290));
    for answer in [&before, &still, &after] {
        assert_eq!(status_with(&app, answer), 200);
    }
    app.clock().advance(Duration::seconds(400));
    assert_eq!(
        kids(),
        std::slice::from_ref(&new),
        "gone when its last token is over"
    );
    auth::clean_up(app.db(), app.config()).unwrap();
    assert_eq!(
        count(&app, "select count(*) as n from auth.signing_keys"),
        1
    );

    let stolen = log_in(&app, "kesha");
    let next = rotate(Rotation::AtOnce);
    app.clock().advance(Duration::seconds(5));
    assert_eq!(status_with(&app, &stolen), 401, "a lost key counts no more");
    assert_eq!(kids(), [next]);
}
