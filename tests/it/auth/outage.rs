//! T-AUTH-12: while the whole database cannot be reached, everybody hears 503 in time; while auth's tables cannot, who is in works on for
//! a while (A25). Nobody gets past the question who they are, and who lost their rights never gets them back (D10).

use std::time::Duration;

use ates::auth::{self, Rotation};
use ates::platform::db::{Lane, Origin};
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;

use super::{ask_token, send_form, user_path};
use crate::support::client::Browser;
use crate::support::database::text;
use crate::support::stopwatch::Stopwatch;
use crate::support::{Api, PASSWORD, Person, TestApp, wait_until};

/// Somebody who is in, by browser and by token, and an administrator.
struct Scene {
    app: TestApp,
    kesha: Person,
    browser: Browser,
    api: Api,
    root: Api,
}

fn scene() -> Scene {
    let app = TestApp::with(|settings| {
        settings
            .workers(false)
            .set("ATES_POOL_WAIT_MS", 300)
            .set("ATES_WEB_STATEMENT_TIMEOUT_MS", 500)
    });
    let people = app.register_all(&[
        ("kesha", &["manager"]),
        ("root", &["administrator"]),
        ("gosha", &["developer"]),
    ]);
    let (browser, api) = (app.log_in(&people[0]), app.api(&people[0]));
    let root = app.api(&people[1]);
    let mut scene = Scene {
        kesha: people[0].clone(),
        browser,
        api,
        root,
        app,
    };
    assert_eq!(scene.asked(), [200, 200, 200, 200]);
    scene
}

impl Scene {
    /// What the same person is answered at four doors.
    fn asked(&mut self) -> [u16; 4] {
        [
            self.browser.get("/tasks/all").status,
            self.browser.get("/profile").status,
            self.api.get("/api/v1/tasks").0,
            self.api.get("/api/v1/me").0,
        ]
    }

    /// Everything is refused as unavailable, with a time to come again, and soon.
    fn assert_away(&mut self) {
        let begun = Stopwatch::start();
        assert_eq!(self.asked(), [503; 4]);
        let page = self.browser.get("/tasks");
        assert!(page.headers.contains_key("retry-after"));
        assert!(
            page.text().len() > 20,
            "the page says what to do: {}",
            page.html
        );
        let entry = json!({ "username": "kesha", "password": PASSWORD });
        let anonymous = Api::anonymous(self.app.base());
        assert_eq!(anonymous.post("/api/v1/auth/token", &entry).0, 503);
        // Who is nobody stays nobody, and who lies is not let in because nobody can look.
        assert_eq!(
            Api::with_token(self.app.base(), "a.b.c")
                .get("/api/v1/me")
                .0,
            401
        );
        assert_eq!(anonymous.get("/api/v1/users").0, 401);
        assert_eq!(anonymous.get("/health/live").0, 200);
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{:?}",
            begun.elapsed()
        );
    }

    fn assert_revoked(&mut self) {
        wait_until("the database answers again", || {
            self.api.try_get("/api/v1/me") != Some(503)
        });
        for _ in 0..5 {
            let asked = self.asked();
            assert!(
                asked.iter().all(|status| matches!(status, 303 | 401 | 503)),
                "{asked:?}"
            );
        }
    }
}

#[test]
fn d10_t_auth_12_while_the_database_takes_no_connection_all_is_503_and_no_right_outlives_it() {
    let mut scene = scene();
    let name = text(
        &mut scene.app.conn(),
        "select current_database()::text as t",
    );
    let mut within = scene.app.conn();
    let mut server =
        PgConnection::establish(&scene.app.url().replacen(&name, "postgres", 1)).unwrap();
    let own = text(&mut within, "select pg_backend_pid()::text as t");
    let cut = format!(
        "alter database {name} with allow_connections false;
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and pid <> {own}"
    );
    server.batch_execute(&cut).unwrap();
    scene.assert_away();
    // Somebody ends the person's rights by another way while the program sees nothing.
    let gone = format!(
        "update auth.users set deactivated_at = now() where id = '{}'",
        scene.kesha.id
    );
    within.batch_execute(&gone).unwrap();
    scene.assert_away();
    server
        .batch_execute(&format!(
            "alter database {name} with allow_connections true"
        ))
        .unwrap();
    scene.assert_revoked();
    let back = format!(
        "update auth.users set deactivated_at = null where id = '{}'",
        scene.kesha.id
    );
    within.batch_execute(&back).unwrap();
    assert_eq!(scene.asked(), [200; 4], "with the rights comes the work");
}

/// Auth's tables are gone, or there again.
fn away(app: &TestApp, from: &str, to: &str) {
    let renamed = ["users", "sessions", "refresh_tokens", "api_tokens"]
        .map(|table| format!("alter table auth.{table}{from} rename to {table}{to}"));
    app.conn().batch_execute(&renamed.join("; ")).unwrap();
}

#[test]
fn a25_t_auth_12_while_auth_is_away_who_is_in_works_on_for_as_long_as_a_token_lives() {
    let mut scene = scene();
    let boss = scene.app.register("boss", &["manager"]);
    let stranger = scene.app.api(&boss);
    away(&scene.app, "", "_away");
    // Work and money go on, with a word about it; what is auth's own does not.
    let page = scene.browser.get("/tasks/all");
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("Authorization is unavailable"),
        "{}",
        page.text()
    );
    assert_eq!(scene.browser.get("/account").status, 200);
    let created = scene.browser.submit(
        "/tasks",
        &[("title", "Guard the nest"), ("description", "")],
    );
    assert_eq!(created.status, 200, "{}", created.text());
    let task = json!({ "title": "Feed the young" });
    assert_eq!(scene.api.post("/api/v1/tasks", &task).0, 201);
    assert_ne!(scene.browser.get("/profile").status, 200);
    assert_ne!(scene.api.get("/api/v1/me").0, 200);
    // Nobody gets in, and hears why.
    for page in [
        send_form(&scene.app, "kesha", PASSWORD),
        send_form(&scene.app, "nobody", PASSWORD),
    ] {
        assert_eq!(page.status, 503);
        assert!(
            page.text().contains("Authorization is unavailable"),
            "{}",
            page.text()
        );
        assert!(page.headers.contains_key("retry-after"));
    }
    let (status, problem) = ask_token(&scene.app, "kesha", PASSWORD);
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Authorization is unavailable"),
        "{problem}"
    );
    // Whom this process has not seen lately is not let in on their word alone, nor is who lies.
    assert_eq!(stranger.get("/api/v1/tasks/mine").0, 503);
    let forged = format!("{}x", scene.api.token().unwrap());
    assert_ne!(
        Api::with_token(scene.app.base(), &forged)
            .get("/api/v1/tasks/mine")
            .0,
        200
    );
    // Dangerous acts need a fresh proof, which nobody can check.
    let address = scene
        .browser
        .post("/profile/address", &[("email", "k@nest.example")]);
    assert_eq!(address.status, 403, "{}", address.text());

    scene.app.clock().advance(TimeDelta::minutes(11));
    assert_eq!(scene.browser.get("/tasks/all").status, 503);
    assert_ne!(scene.api.get("/api/v1/tasks").0, 200);

    away(&scene.app, "_away", "");
    assert_eq!(scene.browser.get("/tasks/all").status, 200);
    assert!(
        !scene
            .browser
            .get("/tasks/all")
            .text()
            .contains("Authorization is unavailable")
    );
    assert_eq!(
        stranger.get("/api/v1/tasks/mine").0,
        401,
        "its time was over meanwhile"
    );
}

#[test]
fn a25_d10_t_auth_12_nobody_whose_log_in_or_rights_have_ended_works_on_while_auth_is_away() {
    type End = fn(&TestApp, &Person, &Api);
    let ends: [(&str, End); 5] = [
        ("the key of the tokens gone at once", |app, _, _| {
            app.db()
                .transaction_blocking(Lane::Worker, auth::ROLE, Origin::system(), |tx| {
                    auth::rotate_keys(tx, Rotation::AtOnce)
                })
                .unwrap();
        }),
        ("deactivated", |_, person, root| {
            assert_eq!(root.delete(&user_path(person)).0, 204);
        }),
        ("another role", |_, person, root| {
            let change = json!({ "roles": ["developer"] });
            assert_eq!(root.patch(&user_path(person), &change).0, 200);
        }),
        ("a right less, by another way", |app, person, _| {
            let less = format!(
                "delete from auth.user_roles where user_id = '{}'",
                person.id
            );
            app.conn().batch_execute(&less).unwrap();
        }),
        ("all sessions ended, by another way", |app, person, _| {
            let ended = format!(
                "delete from auth.sessions where user_id = '{0}'; update auth.token_families set revoked_at = now() where user_id = '{0}'",
                person.id
            );
            app.conn().batch_execute(&ended).unwrap();
        }),
    ];
    for (what, end) in ends {
        let mut scene = scene();
        end(&scene.app, &scene.kesha, &scene.root);
        away(&scene.app, "", "_away");
        for status in scene.asked() {
            assert!(status != 200, "{what}: {status}");
        }
        away(&scene.app, "_away", "");
        if what.starts_with("a right less") {
            scene.app.expect_broken();
        }
    }
}

#[test]
fn a25_t_auth_12_while_the_tables_of_users_are_held_who_is_in_works_on_and_nobody_else() {
    for table in ["auth.users", "auth.sessions, auth.refresh_tokens"] {
        let mut scene = scene();
        let mut holder = scene.app.conn();
        holder
            .batch_execute(&format!(
                "begin; lock table {table} in access exclusive mode"
            ))
            .unwrap();
        let begun = Stopwatch::start();
        let asked = scene.asked();
        assert_eq!([asked[0], asked[2]], [200, 200], "{table}: {asked:?}");
        assert_eq!(
            send_form(&scene.app, "kesha", PASSWORD).status,
            503,
            "{table}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(12),
            "{table}: {:?}",
            begun.elapsed()
        );
        holder.batch_execute("rollback").unwrap();
        assert_eq!(scene.asked(), [200; 4], "{table}: as soon as it is free");
        assert_eq!(scene.root.delete(&user_path(&scene.kesha)).0, 204);
        scene.assert_revoked();
    }
}

#[test]
fn d10_t_auth_12_a_revoked_popug_is_out_at_once_even_when_the_table_of_sessions_is_stuck() {
    let mut scene = scene();
    let mut holder = scene.app.conn();
    // Sessions can be read but not ended: the deactivation itself has to wait or give up.
    holder
        .batch_execute("begin; lock table auth.sessions in share mode")
        .unwrap();
    let (status, _) = scene.root.delete(&user_path(&scene.kesha));
    assert_eq!(status, 503, "it says that nothing was done");
    assert_eq!(scene.asked(), [200; 4], "and nothing was");
    holder.batch_execute("rollback").unwrap();
    assert_eq!(scene.root.delete(&user_path(&scene.kesha)).0, 204);
    let begun = Stopwatch::start();
    assert_eq!(scene.asked(), [303, 303, 401, 401]);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
