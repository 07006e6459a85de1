//! `ates selftest` as an operator runs it before a release is let loose (R15, T-OPS-4).

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use serde_json::json;

use crate::running::pace::was_in_time;
use crate::support::database::count;
use crate::support::stopwatch::Stopwatch;
use crate::support::{TestApp, wait_until};

/// What it may take, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(30);

/// The databases that a self-test makes for itself.
const SCRATCH: &str = "pg_database where datname like 'ates\\_scratch\\_%'";

fn program(database: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ates"));
    command
        .arg("selftest")
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", database)
        .envs(settings.iter().copied());
    command
}

fn selftest(database: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = program(database, settings).output().unwrap();
    let words = [stdout, stderr].concat();
    (status.code(), String::from_utf8(words).unwrap())
}

/// How many rows every table of every schema has.
fn rows(conn: &mut PgConnection) -> BTreeMap<String, i64> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let tables: Vec<Table> = sql_query(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .load(conn)
    .unwrap();
    tables
        .into_iter()
        .map(|table| (table.name.clone(), count(conn, &table.name)))
        .collect()
}

#[test]
fn r15_the_self_test_plays_every_scenario_and_leaves_no_row() {
    let app = TestApp::start();
    let chief = app.register("chief", &["manager"]);
    app.register("kesha", &["developer"]);
    let made = app
        .api(&chief)
        .post("/api/v1/tasks", &json!({ "title": "There before" }));
    assert_eq!(made.0, 201);
    app.drain();
    // Nobody works on meanwhile, so that whatever is counted afterwards came from the self-test.
    let database = app.stop();
    let app = TestApp::with(|settings| settings.on(database).workers(false));
    let before = rows(&mut app.conn());

    let begun = Stopwatch::start();
    let (code, words) = selftest(app.url(), &[]);
    let took = begun.elapsed();
    println!("{words}");
    assert_eq!(code, Some(0), "{words}");
    was_in_time("the self-test", took < LIMIT, &format!("{took:?}"));
    for step in [
        "schema", "people", "create", "price", "charge", "shuffle", "complete", "settle", "mail",
        "verify", "sandbox",
    ] {
        assert!(
            words.contains(&format!("ok      {step}: ")),
            "{step}: {words}"
        );
    }
    assert_eq!(rows(&mut app.conn()), before);

    // What is broken is caught at its own step, and nothing is left behind then either.
    for (fault, step) in [("plant=lost_fee", "charge"), ("plant=lost_mail", "mail")] {
        let (code, words) = selftest(app.url(), &[("ATES_FAULTS", fault)]);
        assert_eq!(code, Some(2), "{fault}: {words}");
        assert!(words.contains(&format!("FAILED  {step}: ")), "{words}");
        assert!(words.contains("self-test FAILED"), "{words}");
    }
    let dear = [
        ("ATES_FEE_MIN", "50"),
        ("ATES_FEE_MAX", "60"),
        ("ATES_REWARD_MIN", "20"),
    ];
    let (code, words) = selftest(app.url(), &dear);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("FAILED  price: "), "{words}");
    assert_eq!(rows(&mut app.conn()), before);
    assert_eq!(count(&mut app.conn(), SCRATCH), 0);
    an_interrupted_one_cleans_up_and_one_that_may_not_begin_says_why(&app);
}

fn an_interrupted_one_cleans_up_and_one_that_may_not_begin_says_why(app: &TestApp) {
    let mut conn = app.conn();
    let mut running = program(app.url(), &[]).spawn().unwrap();
    wait_until("the sandbox is there", || count(&mut conn, SCRATCH) > 0);
    let pid = running.id().to_string();
    let asked = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(asked.success());
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert_eq!(count(&mut conn, SCRATCH), 0);

    // One that a killed command left behind long ago goes with the next run; a young one may be somebody else's.
    conn.batch_execute("create database ates_scratch_1000000000_1")
        .unwrap();
    conn.batch_execute(
        "do $$ begin if not exists (select from pg_roles where rolname = 'ates_small') then create role ates_small login; end if; end $$",
    )
    .unwrap();
    let small = app.url().replace("user=ates", "user=ates_small");
    let (code, words) = selftest(&small, &[]);
    assert_eq!(code, Some(1), "{words}");
    assert_eq!(words.trim_end().lines().count(), 1, "{words}");
    assert!(words.contains("may not create a database"), "{words}");
    assert_eq!(count(&mut conn, SCRATCH), 1);
    assert_eq!(selftest(app.url(), &[]).0, Some(0));
    assert_eq!(count(&mut conn, SCRATCH), 0);
}
