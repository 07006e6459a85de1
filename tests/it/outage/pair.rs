//! A primary and its standby, by the script that operators use.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use crate::support::wait_until;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Servers in a folder of their own; they go with it.
pub struct Pair {
    folder: PathBuf,
    /// The address of both, or of the only one.
    pub both: String,
    /// The address for reading; empty for one alone.
    pub for_reading: String,
}

impl Pair {
    /// A primary and a hot standby.
    pub fn start() -> Self {
        Self::made("start", "/dev/shm")
    }

    /// A primary alone.
    pub fn alone() -> Self {
        Self::alone_within("/dev/shm")
    }

    /// The same with its files in a folder of somebody's.
    pub fn alone_within(within: &str) -> Self {
        Self::made("alone", within)
    }

    fn made(how: &str, within: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let folder = PathBuf::from(format!(
            "{within}/ates-pair.{}.{number}",
            std::process::id()
        ));
        let mut pair = Self {
            folder,
            both: String::new(),
            for_reading: String::new(),
        };
        let told = pair.run(how);
        let setting = |name: &str| {
            let line = told
                .lines()
                .find_map(|line| line.strip_prefix(&format!("export {name}='")));
            line.map(|rest| rest.trim_end_matches('\'').to_owned())
        };
        pair.both = setting("DATABASE_URL").unwrap();
        pair.for_reading = setting("ATES_DATABASE_READ_URL").unwrap_or_default();
        pair
    }

    /// A command of the script.
    pub fn run(&self, command: &str) -> String {
        let mut words = command.split(' ');
        let done = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/standby"))
            .arg(words.next().unwrap_or_default())
            .arg(&self.folder)
            .args(words)
            .env("ATES_STANDBY_FSYNC", "off")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{command}: {errors}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// The address of one of the two, `one` or `two`.
    pub fn of(&self, which: &str) -> String {
        format!(
            "postgres:///ates?host={}/{which}&user=ates",
            self.folder.display()
        )
    }

    pub fn connect(&self, which: &str) -> PgConnection {
        PgConnection::establish(&self.of(which)).unwrap()
    }

    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Sends a signal to a server: -TERM, -INT and -QUIT are the three ways to stop it.
    pub fn signal(&self, which: &str, signal: &str) {
        let noted =
            std::fs::read_to_string(self.folder.join(which).join("data/postmaster.pid")).unwrap();
        let server = noted.lines().next().unwrap();
        let sent = Command::new("kill")
            .args([signal, server])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits until a server that was stopped is down.
    pub fn await_down(&self, which: &str) {
        let noted = self.folder.join(which).join("data/postmaster.pid");
        wait_until("the server is down", || !noted.exists());
    }

    pub fn execute(&self, which: &str, statements: &str) {
        self.connect(which).batch_execute(statements).unwrap();
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if self.folder.exists() {
            self.run("stop");
        }
    }
}
