//! What the journey stands on: a database, the real program, a real browser.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use thirtyfour::prelude::*;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The real program on a database of its own.
pub struct Product {
    child: Child,
    database: String,
    /// Where it answers.
    pub base: String,
}

impl Product {
    /// Makes a database and an administrator, and starts the program.
    pub fn start(administrator: &str, password: &str) -> Self {
        let server = std::env::var("ATES_TEST_DATABASE_URL")
            .expect("ATES_TEST_DATABASE_URL is not set: run ./check, or eval \"$(tests/support/postgres start)\" first");
        let database = format!("journey_{}", std::process::id());
        connect(&server)
            .batch_execute(&format!("create database {database}"))
            .expect("a database for the journey");
        let url = url_of(&server, &database);
        let program = program();
        let mut admin = Command::new(&program)
            .args([
                "user",
                "create-admin",
                "--username",
                administrator,
                "--email",
                "admin@uberpopug.example",
                "--password-stdin",
            ])
            .env("DATABASE_URL", &url)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts; is it built?");
        std::io::Write::write_all(
            &mut admin.stdin.take().expect("a pipe"),
            password.as_bytes(),
        )
        .expect("the password is read");
        assert!(
            admin.wait().expect("the command ends").success(),
            "no administrator"
        );
        let port = free_port();
        let child = Command::new(&program)
            .arg("serve")
            .env("DATABASE_URL", &url)
            .env("ATES_BIND", format!("127.0.0.1:{port}"))
            .env("RUST_LOG", "warn")
            .spawn()
            .expect("the program starts");
        wait_for_port(port);
        Self {
            child,
            database,
            base: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Brings in so many tasks of somebody's.
    pub fn import_tasks(&self, author: &str, tasks: usize) {
        let file = std::env::temp_dir().join(format!("ates-tasks-{}.csv", std::process::id()));
        let rows: String = (1..=tasks)
            .map(|number| format!("POPUG-{number},Sweep cage {number},\n"))
            .collect();
        std::fs::write(&file, format!("jira_id,title,description\n{rows}")).expect("a file");
        let server = std::env::var("ATES_TEST_DATABASE_URL").expect("it was there at the start");
        let imported = Command::new(program())
            .args(["import", "tasks"])
            .arg(&file)
            .args(["--as", author])
            .env("DATABASE_URL", url_of(&server, &self.database))
            .status()
            .expect("the program starts");
        drop(std::fs::remove_file(&file));
        assert!(imported.success(), "no tasks");
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if let Ok(server) = std::env::var("ATES_TEST_DATABASE_URL") {
            drop(connect(&server).batch_execute(&format!(
                "drop database if exists {} with (force)",
                self.database
            )));
        }
    }
}

/// A headless browser with its driver; both end with it.
pub struct Chromium {
    driver_process: Child,
    profile: PathBuf,
    /// The way to steer it.
    pub driver: WebDriver,
}

impl Chromium {
    /// Starts the driver and a fresh browser.
    pub async fn start() -> Self {
        let port = free_port();
        let driver_process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        wait_for_port(port);
        let profile = std::env::temp_dir().join(format!("ates-journey-{}", std::process::id()));
        let mut wishes = DesiredCapabilities::chrome();
        for flag in [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--lang=en".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ] {
            wishes.add_arg(&flag).expect("a flag");
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes)
            .await
            .expect("a browser");
        Self {
            driver_process,
            profile,
            driver,
        }
    }

    /// Ends the browser and its driver.
    pub async fn quit(mut self) {
        self.driver.clone().quit().await.expect("the browser ends");
        drop(self.driver_process.kill());
        drop(self.driver_process.wait());
        drop(std::fs::remove_dir_all(&self.profile));
    }
}

/// The program to drive: what `./check` has built.
fn program() -> PathBuf {
    std::env::var_os("ATES_TEST_BINARY").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../target/debug/ates"
            ))
        },
        PathBuf::from,
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn wait_for_port(port: u16) {
    let start = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < PATIENCE, "nobody answers on port {port}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the tests' server answers")
}

fn url_of(server: &str, database: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    if query.is_empty() {
        format!("{base}/{database}")
    } else {
        format!("{base}/{database}?{query}")
    }
}
