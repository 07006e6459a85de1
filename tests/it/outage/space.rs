//! The disk fills up, first where the tables are and then where the log is; later a page of the ledger rots (T-DB-7, T-DB-9);
//! each raises its figure (T-OPS-10).
//!
//! This needs small disks, which the test makes in memory; where it may not, it says so and does nothing.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use super::load::{assert_nothing_lost, populate};
use super::pair::Pair;
use super::process::{Process, assert_verified, command, free_port};
use crate::crash::Acknowledged;
use crate::operations::metrics::Scraper;
use crate::support::client::{Api, Browser};
use crate::support::database::text;
use crate::support::{PASSWORD, wait_until};

/// A disk in memory.
struct Disk(PathBuf);

impl Disk {
    fn mount(name: &str, megabytes: u32) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("ates-disk-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m,mode=0777"),
                "tmpfs",
            ])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        drop(std::fs::remove_dir(&folder));
        None
    }

    /// Takes what is left of it.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.join("filler")).unwrap();
        for piece in [1 << 20, 4096, 512] {
            while filler.write_all(&vec![1; piece]).is_ok() {}
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
        drop(std::fs::remove_dir(&self.0));
    }
}

/// Creates until the answer is another; every task that was acknowledged is noted.
fn create_until_refused(api: &Api, told: &mut Acknowledged) -> u16 {
    let description = "x".repeat(4_000);
    for _ in 0..400 {
        let task = json!({ "title": "Fill the barn", "description": description });
        let Some((status, task)) = api.try_send("POST", "/api/v1/tasks", &task) else {
            return 0;
        };
        if status != 201 {
            return status;
        }
        told.created
            .insert(task["uid"].as_str().unwrap().to_owned());
    }
    201
}

fn given_to_the_server(folder: &Path) {
    let user = std::env::var("ATES_PG_USER").unwrap_or_else(|_| "postgres".into());
    let given = Command::new("chown")
        .arg(format!("{user}:"))
        .arg(folder)
        .stderr(Stdio::null())
        .status();
    assert!(given.is_ok(), "the server gets its disk");
}

#[test]
fn r12_r13_t_db_7_t_db_9_a_full_disk_loses_nothing_and_a_rotten_page_stops_the_company() {
    let (Some(tables), Some(all)) = (Disk::mount("tables", 8), Disk::mount("all", 420)) else {
        println!(
            "SKIPPED: this user may not mount a disk in memory (it takes root and the right to mount)"
        );
        return;
    };
    let pair = Pair::alone_within(all.0.to_str().unwrap());
    let names = populate(&pair.both, 2);
    let metrics = format!("127.0.0.1:{}", free_port());
    let mut process = Process::serving(
        &[],
        &[
            ("DATABASE_URL", &pair.both),
            ("ATES_RECONCILE_SECONDS", "1"),
            ("ATES_REQUEST_DEADLINE_SECONDS", "5"),
            ("ATES_METRICS_BIND", &metrics),
        ],
    );
    process.await_readiness("ready");
    let figures = Scraper::at(&metrics);
    let figure = |series: &str| figures.value(series).unwrap_or_default();
    let api = Api::log_in(process.base(), &names[0], PASSWORD);
    let mut told = Acknowledged::default();
    let well = json!({ "title": "While there is room" });
    let (status, task) = api.post("/api/v1/tasks", &well);
    assert_eq!(status, 201, "the control: with room it works");
    told.created
        .insert(task["uid"].as_str().unwrap().to_owned());

    // T-DB-7, the tables.
    let place = tables.0.join("space");
    std::fs::create_dir(&place).unwrap();
    given_to_the_server(&place);
    pair.execute(
        "one",
        &format!("create tablespace barn location '{}'", place.display()),
    );
    pair.execute("one", "alter table tasks.tasks set tablespace barn");
    let errors = r#"ates_requests_total{class="5xx"}"#;
    let before = figure(errors);
    tables.fill();
    assert_eq!(create_until_refused(&api, &mut told), 503);
    assert!(
        figure(errors) > before,
        "the figure of AtesErrors rises (T-OPS-10)"
    );
    assert!(
        process.log().contains("could not extend file"),
        "{}",
        process.log()
    );
    assert_eq!(Api::anonymous(process.base()).get("/health/live").0, 200);
    assert_eq!(api.get("/api/v1/tasks/mine").0, 200, "reading goes on");
    tables.clear();
    wait_until("with room it works again", || {
        api.post("/api/v1/tasks", &well).0 == 201
    });
    assert!(process.is_alive());
    pair.execute("one", "alter table tasks.tasks set tablespace pg_default");
    pair.execute("one", "drop tablespace barn");

    // T-DB-7, the log: the server gives up.
    all.fill();
    let mut refused = 201;
    wait_until("the log is full", || {
        // Each switch takes a piece of the log, until there is none.
        if let Ok(mut conn) =
            <diesel::PgConnection as diesel::Connection>::establish(&pair.of("one"))
        {
            let switch = "select pg_switch_wal() from generate_series(1, 3)";
            drop(diesel::connection::SimpleConnection::batch_execute(
                &mut conn, switch,
            ));
        }
        if let Some((status, task)) = api.try_send("POST", "/api/v1/tasks", &well) {
            refused = status;
            if status == 201 {
                told.created
                    .insert(task["uid"].as_str().unwrap().to_owned());
            }
        }
        refused != 201
    });
    assert_eq!(refused, 503);
    assert_eq!(Api::anonymous(process.base()).get("/health/live").0, 200);
    assert!(process.is_alive());
    wait_until(
        "the figures of AtesDatabaseAway and AtesNotReady fall (T-OPS-10)",
        || figure("ates_database_up") + figure("ates_ready") < 1.0,
    );
    all.clear();
    pair.run("revive");
    process.await_readiness("ready");
    wait_until("the figures are back", || {
        figure("ates_database_up") > 0.0 && figure("ates_ready") > 0.0
    });
    wait_until("with room it works again", || {
        api.post("/api/v1/tasks", &well).0 == 201
    });
    assert_nothing_lost(|| pair.connect("one"), told);
    assert_verified(&pair.both);

    // T-DB-9: a page of the ledger rots on the disk.
    let ledger = text(
        &mut pair.connect("one"),
        "select pg_relation_filepath(t.tableoid::regclass) as t from accounting.transfers t limit 1",
    );
    pair.execute("one", "checkpoint");
    pair.run("halt");
    let file = pair.folder().join("one/data").join(ledger);
    let backup = std::fs::read(&file).unwrap();
    let mut rotten = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    rotten.seek(SeekFrom::Start(4_096)).unwrap();
    rotten.write_all(&[0xA5; 512]).unwrap();
    drop(rotten);
    pair.run("revive");
    process.await_readiness("stopped");
    wait_until("the figure of AtesEmergencyStop rises (T-OPS-10)", || {
        figure("ates_emergency_stop") > 0.0
    });
    assert!(
        process.log().contains("files of the database are damaged"),
        "{}",
        process.log()
    );
    assert!(
        process.log().contains("invalid page in block 0"),
        "{}",
        process.log()
    );
    let (status, problem) = api.post("/api/v1/tasks", &well);
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains("damaged"),
        "{problem}"
    );
    let mut browser = Browser::new(process.base());
    let entered = browser.post("/login", &[("username", &names[0]), ("password", PASSWORD)]);
    assert_eq!(entered.status, 303);
    assert!(
        browser.get("/tasks").text().contains("damaged"),
        "each page says why nothing changes"
    );
    let (well_verified, said) = command(&pair.both, &["verify"]);
    assert!(!well_verified, "{said}");

    // The backup comes back, the books are right, and an administrator lets work go on.
    pair.run("halt");
    std::fs::write(&file, backup).unwrap();
    pair.run("revive");
    assert_verified(&pair.both);
    let mut release = Command::new(env!("CARGO_BIN_EXE_ates"))
        .args([
            "release",
            "--username",
            "root",
            "--reason",
            "The page is back from the backup",
            "--password-stdin",
        ])
        .env("DATABASE_URL", &pair.both)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(release.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(release.wait().unwrap().success());
    process.await_readiness("ready");
    assert_eq!(
        api.post("/api/v1/tasks", &json!({ "title": "After the night" }))
            .0,
        201
    );
    assert!(process.is_alive());
    drop(process);
    assert_verified(&pair.both);
}
