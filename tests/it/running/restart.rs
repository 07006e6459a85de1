//! Stops and starts: one instance after the other under load (T-OPS-1), and what keeps a start from being one (T-OPS-2).

use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::Ends;
use crate::crash::Server;
use crate::endurance::free_port;
use crate::support::database::{TestDatabase, count};
use crate::support::{Api, PASSWORD, TestApp, wait_until};

/// What a stop may take.
const STOP: Duration = Duration::from_secs(20);

/// Tries of a read at the instances in turn, as a proxy makes them.
const TRIES: usize = 4;

#[test]
fn t_ops_1_a_rolling_restart_under_load_loses_nothing_acknowledged_and_no_read() {
    let app = TestApp::start();
    let people = app.register_all(&[("chief", &["manager"]), ("kesha", &["developer"])]);
    let database = app.stop();
    let ports = [free_port(), free_port()];
    // Instances of one house have one address in front of them; tokens count for that one.
    let house = [
        ("ATES_METRICS_BIND", ""),
        ("ATES_BASE_URL", "http://127.0.0.1:8080"),
    ];
    let start = |n: usize| Server::start_with(database.url(), ports[n], &house);
    let mut servers = [Some(start(0)), Some(start(1))];
    let bases = ports.map(|port| format!("http://127.0.0.1:{port}"));
    let chief = Api::log_in(bases[0].clone(), &people[0].username, PASSWORD);
    let token = chief.token().unwrap().to_owned();
    let at = |n: usize| Api::with_token(bases[n].clone(), &token);

    let acknowledged = Mutex::new(HashSet::new());
    let (reads, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failed = RwLock::new(Vec::new());
    let mut stops = Vec::new();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (acknowledged, stop, reads, failed) = (&acknowledged, &stop, &reads, &failed);
            let apis = [at(0), at(1)];
            scope.spawn(move || {
                let mut turn = n;
                while !stop.load(Ordering::SeqCst) {
                    turn += 1;
                    let made = apis[turn % 2].try_send(
                        "POST",
                        "/api/v1/tasks",
                        &json!({ "title": "Kept" }),
                    );
                    if let Some((201, task)) = made {
                        acknowledged
                            .lock()
                            .unwrap()
                            .insert(task["uid"].as_str().unwrap().to_owned());
                    }
                    let answers: Vec<_> = (0..TRIES)
                        .map_while(|more| {
                            let answer = apis[(turn + more) % 2].try_get("/api/v1/tasks?limit=5");
                            (answer != Some(200)).then_some(answer)
                        })
                        .collect();
                    if answers.len() == TRIES {
                        failed.write().unwrap().push(answers);
                    }
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let _ends = Ends(&stop);
        for n in [0, 1, 0, 1] {
            let so_far = reads.load(Ordering::SeqCst);
            wait_until("people work", || reads.load(Ordering::SeqCst) > so_far + 10);
            stops.push(servers[n].take().unwrap().end());
            let so_far = reads.load(Ordering::SeqCst);
            wait_until("people work with the other", || {
                reads.load(Ordering::SeqCst) > so_far + 10
            });
            servers[n] = Some(start(n));
        }
    });
    let failed = failed.into_inner().unwrap();
    let kept = acknowledged.into_inner().unwrap();
    println!("stops took {stops:?}");
    assert!(stops.iter().all(|took| *took < STOP), "{stops:?}");
    println!("{} reads, {} acknowledged", reads.into_inner(), kept.len());
    assert!(failed.is_empty(), "{failed:?}");
    assert!(kept.len() > 40, "{}", kept.len());
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
        let api = at(0);
        let last = scope.spawn(move || {
            api.try_send("POST", "/api/v1/tasks", &json!({ "title": "The last one" }))
        });
        let waiting =
            "pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        wait_until("the change waits", || count(&mut conn, waiting) > 0);
        servers[0].as_ref().unwrap().ask_to_stop();
        lock.batch_execute("commit").unwrap();
        assert_eq!(last.join().unwrap().map(|(status, _)| status), Some(201));
    });
    for server in servers.into_iter().flatten() {
        assert!(server.end() < STOP);
    }
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
    let begun = Instant::now();
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
