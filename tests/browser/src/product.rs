//! The real program on a database of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::company;
use crate::database::{connect, drop_database, run, server, text, texts, url_of};
use crate::words::WRITTEN;

/// How long anything may take to start.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program, which runs as long as this lives.
pub struct Product {
    child: Child,
    database: String,
    /// Where it answers.
    pub base: String,
}

impl Product {
    /// Starts it on an empty database with an administrator.
    #[must_use]
    pub fn start(administrator: &str, password: &str) -> Self {
        let database = fresh_name();
        run(
            &mut connect(&server()),
            &format!("create database {database}"),
        );
        let mut admin = Command::new(program())
            .args(["user", "create-admin", "--username", administrator])
            .args(["--email", "admin@uberpopug.example", "--password-stdin"])
            .env("DATABASE_URL", url_of(&server(), &database))
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts; is it built?");
        let mut words = admin.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut words, password.as_bytes()).expect("the password is read");
        drop(words);
        assert!(
            admin.wait().expect("the command ends").success(),
            "no administrator"
        );
        Self::serve(database)
    }

    /// Starts it on a copy of the company with a history, of which this SQL changes something that nobody can bring about by a page.
    #[must_use]
    pub fn of_company(change: &str) -> Self {
        let template = company::template();
        let database = fresh_name();
        run(
            &mut connect(&server()),
            &format!("create database {database} template {template}"),
        );
        if !change.is_empty() {
            run(&mut connect(&url_of(&server(), &database)), change);
        }
        Self::serve(database)
    }

    fn serve(database: String) -> Self {
        let port = free_port();
        let child = Command::new(program())
            .arg("serve")
            .env("DATABASE_URL", url_of(&server(), &database))
            .env("ATES_BIND", format!("127.0.0.1:{port}"))
            .env("ATES_API_VIEWER", "true")
            .env("ATES_BEAK_LOG_IN", "true")
            .env("ATES_SELF_REGISTRATION", "true")
            .env("ATES_LOGIN_BURST", "0")
            // A shuffle of some hundred tasks is one of many steps.
            .env("ATES_SHUFFLE_CHUNK", "10")
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
        company::import_tasks(&self.url(), &std::env::temp_dir(), author, tasks);
    }

    /// The first value of the first row of a question to the database.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Option<String> {
        text(&mut connect(&self.url()), sql)
    }

    /// Changes something that nobody can bring about by a page.
    pub fn change(&self, sql: &str) {
        run(&mut connect(&self.url()), sql);
    }

    /// Takes the database away from the program, for good.
    pub fn cut_off(&self) {
        let name = &self.database;
        run(
            &mut connect(&server()),
            &format!(
                "alter database {name} with allow_connections false;
                 select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            ),
        );
    }

    /// Everything that people wrote in this company, the longest first.
    #[must_use]
    pub fn written(&self) -> Vec<String> {
        let mut all = texts(&mut connect(&self.url()), WRITTEN);
        all.sort_by_key(|text| std::cmp::Reverse(text.len()));
        all
    }

    fn url(&self) -> String {
        url_of(&server(), &self.database)
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop_database(&mut connect(&server()), &self.database);
    }
}

/// The program to drive: what `./check` has built.
pub(crate) fn program() -> PathBuf {
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

fn fresh_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("browser_{}_{number}", std::process::id())
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

pub(crate) fn wait_for_port(port: u16) {
    let start = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < PATIENCE, "nobody answers on port {port}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
