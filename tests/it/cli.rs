//! The command line as an operator uses it: the real program, its words and its exit codes.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use crate::proof::cluster::Cluster;
use crate::support::database::{TestDatabase, count};

/// Runs the program with nothing of this process' settings.
fn ates(database: Option<&str>, args: &[&str], settings: &[(&str, &str)], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ates"));
    command
        .args(args)
        .current_dir(std::env::temp_dir())
        .env_remove("DATABASE_URL");
    if let Some(url) = database {
        command.env("DATABASE_URL", url);
    }
    command.envs(settings.iter().copied());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// The one line that a refused command says.
fn refusal(output: &Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(
        words.trim_end().lines().count(),
        1,
        "one line expected: {words}"
    );
    words
}

const ADMIN: [&str; 7] = [
    "user",
    "create-admin",
    "--username",
    "root",
    "--email",
    "root@uberpopug.example",
    "--password-stdin",
];

#[test]
fn t_ops_8_the_first_administrator_is_made_once_and_no_secret_is_a_default() {
    let database = TestDatabase::create();
    assert_eq!(
        count(&mut database.connect(), "auth.users"),
        0,
        "a fresh install has no users"
    );
    assert_eq!(
        count(&mut database.connect(), "auth.signing_keys"),
        0,
        "a fresh install has no key either: each makes its own"
    );
    let made = ates(Some(database.url()), &ADMIN, &[], "a parrot never tells\n");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(
        refusal(&ates(
            Some(database.url()),
            &ADMIN,
            &[],
            "a parrot never tells\n"
        ))
        .contains("administrator")
    );
    assert_eq!(
        count(&mut database.connect(), "report_v1.users where active"),
        1
    );
}

#[test]
fn a_weak_first_password_is_refused() {
    let database = TestDatabase::create();
    assert!(refusal(&ates(Some(database.url()), &ADMIN, &[], "parrot\n")).contains("password"));
}

#[test]
fn what_keeps_the_program_from_starting_is_one_line() {
    assert!(refusal(&ates(None, &["serve"], &[], "")).contains("DATABASE_URL"));
    let nobody = "postgres://ates:hidden@127.0.0.1:9/ates";
    let words = refusal(&ates(Some(nobody), &["migrate"], &[], ""));
    assert!(
        words.contains("127.0.0.1") && !words.contains("hidden"),
        "{words}"
    );
    assert!(
        refusal(&ates(None, &["config"], &[("ATES_TIMEZON", "UTC")], "")).contains("ATES_TIMEZONE")
    );
    assert!(
        refusal(&ates(None, &["config"], &[("ATES_FEE_MIN", "-3")], "")).contains("ATES_FEE_MIN")
    );
}

#[test]
fn a_database_that_comes_late_is_waited_for() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let door = folder.path().join("door");
    let mut url = url::Url::parse(&cluster.url()).unwrap();
    let socket = |key: &str| (key == "host").then(|| door.to_string_lossy().into_owned());
    let query: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, value)| (key.to_string(), socket(&key).unwrap_or(value.into())))
        .collect();
    let real = cluster_folder(&url);
    url.query_pairs_mut().clear().extend_pairs(query);

    let mut serving = Command::new(env!("CARGO_BIN_EXE_ates"))
        .arg("serve")
        .current_dir(std::env::temp_dir())
        .env("DATABASE_URL", url.as_str())
        .env("ATES_BIND", "127.0.0.1:0")
        .env("ATES_METRICS_BIND", "")
        .env("ATES_START_WAIT_SECONDS", "120")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("waiting for the database"), "{first}");
    std::os::unix::fs::symlink(real, &door).unwrap();
    let serves = lines.any(|line| line.unwrap().contains("\"serving\""));
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(serves);
}

/// The folder of the socket in an address.
fn cluster_folder(url: &url::Url) -> String {
    let host = url.query_pairs().find(|(key, _)| key == "host");
    host.expect("a private server is reached by a socket")
        .1
        .into_owned()
}

#[test]
fn a_database_that_stays_away_ends_the_start_and_one_that_is_unknown_does_so_at_once() {
    let begun = Instant::now();
    let away = ates(
        Some("postgres://ates:hidden@127.0.0.1:9/ates"),
        &["serve"],
        &[("ATES_START_WAIT_SECONDS", "2")],
        "",
    );
    assert!(refusal(&away).contains("cannot reach the database"));
    assert!(begun.elapsed() >= Duration::from_secs(2));
    let log = String::from_utf8_lossy(&away.stdout).into_owned();
    assert!(
        log.contains("waiting for the database") && !log.contains("hidden"),
        "{log}"
    );

    let database = TestDatabase::create();
    let mut url = url::Url::parse(database.url()).unwrap();
    url.set_path("nobody_made_this");
    let unknown = ates(
        Some(url.as_str()),
        &["serve"],
        &[("ATES_START_WAIT_SECONDS", "3600")],
        "",
    );
    assert!(refusal(&unknown).contains("does not exist"));
    assert_eq!(String::from_utf8_lossy(&unknown.stdout), "");
}

#[test]
fn a_taken_port_is_one_line() {
    let database = TestDatabase::create();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let words = refusal(&ates(
        Some(database.url()),
        &["serve"],
        &[("ATES_BIND", &address)],
        "",
    ));
    assert!(
        words.contains(&address) && words.contains("ATES_BIND"),
        "{words}"
    );
}

#[test]
fn commands_want_a_database_that_is_up_to_date() {
    let database = TestDatabase::create();
    database
        .connect()
        .batch_execute("delete from __diesel_schema_migrations where version = (select max(version) from __diesel_schema_migrations)")
        .unwrap();
    assert!(refusal(&ates(Some(database.url()), &["verify"], &[], "")).contains("ates migrate"));
}

#[test]
fn payout_of_a_day_that_is_not_over_is_refused() {
    let database = TestDatabase::create();
    assert!(
        refusal(&ates(
            Some(database.url()),
            &["payout", "--date", "2999-01-01"],
            &[],
            ""
        ))
        .contains("over")
    );
    let none = ates(Some(database.url()), &["payout"], &[], "");
    assert_eq!(
        (
            none.status.success(),
            String::from_utf8_lossy(&none.stdout).trim()
        ),
        (true, "nothing is due")
    );
}

#[test]
fn config_hides_passwords() {
    let shown = ates(
        Some("postgres://ates:hidden@db.example/ates"),
        &["config"],
        &[],
        "",
    );
    let words = String::from_utf8_lossy(&shown.stdout);
    assert!(
        words.contains("DATABASE_URL=postgres://ates:***@db.example/ates")
            && !words.contains("hidden"),
        "{words}"
    );
}

#[test]
fn verify_is_clean_on_a_fresh_database() {
    let database = TestDatabase::create();
    let verified = ates(Some(database.url()), &["verify"], &[], "");
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

#[test]
fn the_demo_ends_everything_when_it_is_stopped_half_way_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let data = folder.path().join("demo");
    // Reads until a line shows that the company lives, stops the program, and gives all that it said.
    let run_until_it_lives = || {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(["demo", "--data"])
            .arg(&data)
            .current_dir(folder.path())
            .env_remove("DATABASE_URL")
            .env("ATES_BIND", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line.contains("lives through day") && !said.contains("lives through day") {
                let id = demo.id().to_string();
                assert!(
                    Command::new("kill")
                        .args(["-INT", &id])
                        .status()
                        .unwrap()
                        .success()
                );
            }
            said.push_str(&line);
            said.push('\n');
        }
        assert!(demo.wait().unwrap().success(), "{said}");
        assert!(said.contains("the next start goes on from here"), "{said}");
        assert!(
            !data.join("postgres/data/postmaster.pid").exists(),
            "the private Postgres is stopped: {said}"
        );
        said
    };
    let first = run_until_it_lives();
    assert!(first.contains("day 1 of 31"), "{first}");
    let bookmark = std::fs::read_to_string(data.join("demo-month")).unwrap();
    let second = run_until_it_lives();
    assert!(!second.contains("day 1 of 31"), "{second}");
    assert_ne!(
        std::fs::read_to_string(data.join("demo-month")).unwrap(),
        bookmark
    );
}

#[test]
fn r14_the_command_line_stops_and_an_administrator_releases() {
    let database = TestDatabase::create();
    let url = Some(database.url());
    let made = ates(url, &ADMIN, &[], "a parrot never tells\n");
    assert!(made.status.success());
    let conn = &mut database.connect();
    let stopped = "platform.emergency_stops where released_at is null";
    let reason = ["stop", "--reason", "The disk makes strange noises"];
    assert!(refusal(&ates(url, &["stop", "--reason", "short"], &[], "")).contains("reason"));
    let output = ates(url, &reason, &[], "");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(count(conn, stopped), 1);
    assert!(refusal(&ates(url, &reason, &[], "")).contains("already"));
    let payout = refusal(&ates(url, &["payout"], &[], ""));
    assert!(payout.contains("The disk makes strange noises"), "{payout}");
    let release = [
        "release",
        "--reason",
        "It was the parrot",
        "--username",
        "root",
        "--password-stdin",
    ];
    assert!(refusal(&ates(url, &release, &[], "not the password\n")).contains("password"));
    assert_eq!(count(conn, stopped), 1);
    conn.batch_execute("delete from auth.login_failures")
        .unwrap();
    let output = ates(url, &release, &[], "a parrot never tells\n");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(count(conn, stopped), 0);
}
