//! The real program as a process of its own, in whatever state its database is.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::client::Api;
use crate::support::wait_until;

/// A process of the product.
pub struct Process {
    child: Child,
    log: PathBuf,
    base: String,
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Process {
    /// Starts `ates serve` with these arguments and settings; does not wait for anything.
    pub fn start(port: u16, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let log =
            std::env::temp_dir().join(format!("ates-process-{}-{port}.log", std::process::id()));
        let written = File::create(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("serve")
            .args(arguments)
            .env("ATES_BIND", format!("127.0.0.1:{port}"))
            .env("ATES_BASE_URL", "http://127.0.0.1:8080")
            .env("ATES_METRICS_BIND", "")
            .env("ATES_BELL_SECONDS", "1")
            .env("ATES_REPORT_CACHE_SECONDS", "0")
            .env("ATES_POOL_WAIT_MS", "1000")
            .env("ATES_LOGIN_BURST", "0")
            .env("RUST_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::from(written.try_clone().unwrap()))
            .stderr(Stdio::from(written))
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            base: format!("http://127.0.0.1:{port}"),
        }
    }

    /// The same once it answers.
    pub fn serving(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut process = Self::start(free_port(), arguments, settings);
        let api = Api::anonymous(process.base());
        wait_until("the process answers", || {
            assert!(process.is_alive(), "{}", process.log());
            api.try_get("/health/live") == Some(200)
        });
        process
    }

    pub fn base(&self) -> String {
        self.base.clone()
    }

    /// What the readiness check says: its status and its word.
    pub fn readiness(&self) -> (u16, String) {
        match Api::anonymous(self.base()).try_get_json("/health/ready") {
            Some((status, body)) => (
                status,
                body["status"].as_str().unwrap_or_default().to_owned(),
            ),
            None => (0, String::new()),
        }
    }

    pub fn await_readiness(&self, word: &str) {
        wait_until(&format!("the process says {word}"), || {
            self.readiness().1 == word
        });
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Time that it has spent computing so far.
    pub fn computed(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        drop(std::fs::remove_file(&self.log));
    }
}

/// A command of the product on a database: whether it ended well, and what it said.
pub fn command(url: &str, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_ates"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// `ates verify` finds nothing.
pub fn assert_verified(url: &str) {
    let (well, said) = command(url, &["verify"]);
    assert!(well, "{said}");
}
