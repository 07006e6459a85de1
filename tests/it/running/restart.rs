//! Stops and starts: one instance after the other under load, behind HAProxy (T-OPS-1), and what keeps a start from being one (T-OPS-2).

use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::Ends;
use crate::crash::Server;
use crate::endurance::free_port;
use crate::proxies::Front;
use crate::support::database::{TestDatabase, count};
use crate::support::stopwatch::Stopwatch;
use crate::support::{Api, PASSWORD, wait_until};

/// What a stop may take.
const STOP: Duration = Duration::from_secs(20);

/// Rounds in which each instance is restarted.
fn rounds() -> usize {
    if std::env::var_os("ATES_TEST_LONG").is_some() {
        10
    } else {
        1
    }
}

/// What people who work all the time were told.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<HashSet<String>>,
    reads: AtomicUsize,
    failed: Mutex<Vec<Option<u16>>>,
    stop: AtomicBool,
}

impl Told {
    /// Creates and reads until the end.
    fn work(&self, api: &Api) {
        while !self.stop.load(Ordering::SeqCst) {
            let made = api.try_send("POST", "/api/v1/tasks", &json!({ "title": "Kept" }));
            if let Some((201, task)) = made {
                let task = task["uid"].as_str().unwrap().to_owned();
                self.acknowledged.lock().unwrap().insert(task);
            }
            let answer = api.try_get("/api/v1/tasks?limit=5");
            if answer != Some(200) {
                self.failed.lock().unwrap().push(answer);
            }
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn await_reads(&self, what: &str) {
        let so_far = self.reads.load(Ordering::SeqCst);
        wait_until(what, || self.reads.load(Ordering::SeqCst) > so_far + 10);
    }
}

/// A house that opens today, with somebody to work: no old dates wait to be closed.
fn house() -> TestDatabase {
    let database = TestDatabase::create();
    let ates = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ates"))
            .args(args)
            .current_dir(std::env::temp_dir())
            .env("DATABASE_URL", database.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        drop(writeln!(command.stdin.take().unwrap(), "{PASSWORD}"));
        assert!(command.wait().unwrap().success(), "{args:?}");
    };
    let folder = tempfile::tempdir().unwrap();
    let people = folder.path().join("people.csv");
    let kesha =
        "username,email,name,surname,roles\nkesha,kesha@uberpopug.example,Kesha,Popug,developer\n";
    std::fs::write(&people, kesha).unwrap();
    ates(&[
        "user",
        "create-admin",
        "--username",
        "chief",
        "--email",
        "chief@uberpopug.example",
        "--password-stdin",
    ]);
    ates(&["import", "users", people.to_str().unwrap()]);
    database
}

#[test]
fn t_ops_1_a_rolling_restart_behind_haproxy_loses_nothing_acknowledged_and_no_read() {
    let database = house();
    let ports = [free_port(), free_port()];
    // Instances of one house have one address in front of them; tokens count for that one.
    let settings = [
        ("ATES_METRICS_BIND", ""),
        ("ATES_BASE_URL", "http://127.0.0.1:8080"),
    ];
    let start = |n: usize| Server::start_with(database.url(), ports[n], &settings);
    let mut servers = [Some(start(0)), Some(start(1))];
    let hosts = ports.map(|port| format!("127.0.0.1:{port}"));
    let front = Front::haproxy(&hosts[0], &hosts[1]);
    let chief = Api::log_in(front.base(), "chief", PASSWORD);
    let token = chief.token().unwrap().to_owned();

    let told = Told::default();
    let mut stops = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let api = Api::with_token(front.base(), &token);
            let told = &told;
            scope.spawn(move || told.work(&api));
        }
        let _ends = Ends(&told.stop);
        for n in std::iter::repeat_n([0, 1], rounds()).flatten() {
            told.await_reads("people work");
            stops.push(servers[n].take().unwrap().end());
            told.await_reads("people work with the other");
            servers[n] = Some(start(n));
        }
        told.await_reads("people work with both");
    });
    let failed = told.failed.into_inner().unwrap();
    let kept = told.acknowledged.into_inner().unwrap();
    println!("stops took {stops:?}");
    assert!(stops.iter().all(|took| *took < STOP), "{stops:?}");
    println!(
        "{} reads, {} acknowledged",
        told.reads.into_inner(),
        kept.len()
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(kept.len() > 20, "{}", kept.len());
    let mut conn = database.connect();
    for task in &kept {
        assert_eq!(
            count(&mut conn, &format!("tasks.tasks where id = '{task}'")),
            1,
            "{task}"
        );
    }

    // A change that is under way when the stop comes is brought to its end and answered.
    let mut lock = database.connect();
    lock.batch_execute("begin; lock table tasks.tasks in exclusive mode")
        .unwrap();
    std::thread::scope(|scope| {
        let api = Api::with_token(front.base(), &token);
        let last = scope.spawn(move || {
            api.try_send("POST", "/api/v1/tasks", &json!({ "title": "The last one" }))
        });
        // The change itself, and not a worker that wants the table too.
        let waiting =
            "pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
                       and query like 'insert into tasks.tasks %'";
        wait_until("the change waits", || count(&mut conn, waiting) > 0);
        for server in servers.iter().flatten() {
            server.ask_to_stop();
        }
        lock.batch_execute("commit").unwrap();
        assert_eq!(last.join().unwrap().map(|(status, _)| status), Some(201));
    });
    for server in servers.into_iter().flatten() {
        assert!(server.end() < STOP);
    }
    let control = Api::with_token(front.base(), &token).try_get("/api/v1/tasks?limit=5");
    assert_ne!(control, Some(200), "with no instance a read fails");
}

/// The one line of a start that is refused.
fn refused(database: Option<&str>, args: &[&str], settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ates"));
    command
        .args(args)
        .current_dir(std::env::temp_dir())
        .env_remove("DATABASE_URL");
    command
        .envs(database.map(|url| ("DATABASE_URL", url)))
        .envs(settings.iter().copied());
    let begun = Stopwatch::start();
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert_eq!(words.trim_end().lines().count(), 1, "{words}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    words
}

#[test]
fn t_ops_2_a_newer_schema_is_served_an_older_one_named_and_half_a_setting_refused() {
    let database = TestDatabase::create();
    let mut conn = database.connect();
    // A later release has migrated already: this one serves on until it is replaced (A68), and does not touch the schema.
    conn.batch_execute(
        "insert into __diesel_schema_migrations (version) values ('29990101000001')",
    )
    .unwrap();
    let server = Server::start_with(database.url(), free_port(), &[("ATES_METRICS_BIND", "")]);
    let health = Command::new(env!("CARGO_BIN_EXE_ates"))
        .arg("health")
        .env("ATES_BIND", server.base().strip_prefix("http://").unwrap())
        .output()
        .unwrap();
    assert!(health.status.success());
    assert!(String::from_utf8_lossy(&health.stdout).contains("\"ready\""));
    assert!(server.end() < STOP);
    // An operator's command on a schema that lacks something does nothing.
    conn.batch_execute("delete from __diesel_schema_migrations where version >= '20261121000067'")
        .unwrap();
    for args in [&["verify"], &["payout"]] {
        let words = refused(Some(database.url()), args, &[]);
        assert!(words.contains("ates migrate"), "{words}");
    }
    for (key, value, named) in [
        (
            "ATES_OIDC_ISSUER",
            "https://id.example",
            "ATES_OIDC_CLIENT_ID",
        ),
        ("ATES_PAYOUT_AT", "25:00", "ATES_PAYOUT_AT"),
        ("ATES_REQUESTS_AT_ONCE", "0", "ATES_REQUESTS_AT_ONCE"),
    ] {
        let words = refused(Some(database.url()), &["serve"], &[(key, value)]);
        assert!(words.contains(named), "{words}");
    }
    let words = refused(
        Some(database.url()),
        &["--config", "/nowhere.toml", "serve"],
        &[],
    );
    assert!(words.contains("/nowhere.toml"), "{words}");
    let nobody = format!("127.0.0.1:{}", free_port());
    let words = refused(None, &["health"], &[("ATES_BIND", &nobody)]);
    assert!(words.contains(&nobody), "{words}");
}
