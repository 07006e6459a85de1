//! Processes that share one database: the product's servers and the recorders. Killed, stopped and started by their own handles.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use super::recorder;

/// What a process runs.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `ates serve` on a port.
    Server(u16),
    /// Both recorders.
    Recorders,
}

/// What all processes are started with.
#[derive(Clone, Debug)]
pub struct Launch {
    pub database: String,
    /// The value of `ATES_FAULTS`; none for a healthy process.
    pub faults: Option<String>,
    /// How long a recorder stays in each page, in milliseconds.
    pub dawdle_ms: u64,
}

/// A process that is started again after each kill.
pub struct Instance {
    pub kind: Kind,
    child: Child,
    /// Until when it is stopped by a signal.
    pub frozen_until: Option<Instant>,
}

impl Instance {
    pub fn start(kind: Kind, launch: &Launch) -> Self {
        Self {
            child: spawn(&kind, launch),
            kind,
            frozen_until: None,
        }
    }

    /// Whether it has come up since its last start, so that it is worth a kill.
    pub fn is_up(&self) -> bool {
        match self.kind {
            Kind::Server(port) => TcpStream::connect(("127.0.0.1", port)).is_ok(),
            Kind::Recorders => true,
        }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.frozen_until = None;
    }

    pub fn restart(&mut self, launch: &Launch) {
        self.kill();
        self.child = spawn(&self.kind, launch);
    }

    pub fn freeze(&mut self, until: Instant) {
        self.signal("-STOP");
        self.frozen_until = Some(until);
    }

    pub fn thaw(&mut self) {
        self.signal("-CONT");
        self.frozen_until = None;
    }

    /// How it ended, if it did by itself.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "kill {name}");
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(kind: &Kind, launch: &Launch) -> Child {
    let mut command = match kind {
        Kind::Server(port) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_ates"));
            command
                .arg("serve")
                .env("DATABASE_URL", &launch.database)
                .env("ATES_BIND", format!("127.0.0.1:{port}"))
                .env("ATES_BASE_URL", "http://ates.example")
                .env("ATES_BELL_SECONDS", "1")
                .env("ATES_LOGIN_BURST", "0")
                .env("ATES_WEB_POOL", "6")
                .env("ATES_WORKER_POOL", "12")
                .env("ATES_READ_POOL", "4")
                .env("RUST_LOG", "off");
            command
        }
        Kind::Recorders => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", recorder::BODY, "--ignored", "--nocapture"])
                .env(recorder::DATABASE, &launch.database)
                .env(recorder::DAWDLE, launch.dawdle_ms.to_string())
                .stderr(Stdio::null());
            command
        }
    };
    command.env_remove("ATES_FAULTS");
    if let Some(faults) = &launch.faults {
        command.env("ATES_FAULTS", faults);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
