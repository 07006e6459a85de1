//! A private, durable Postgres for `ates demo`: a cluster of its own that listens on a unix socket only.
//!
//! Three programs of an installed server do the work: `initdb`, `pg_ctl` and `postgres`. Nothing is downloaded.
//! The folder that [`Embedded::start`] is given ends up like this:
//!
//! ```text
//! .ates/                 locked while an `ates` uses it
//!   postgres/            0700, owned by the account that runs the server
//!     data/              the cluster; there only when it is complete, database `ates` included
//!     socket/            the unix socket
//!     server.log         what the server said
//! ```
//!
//! Postgres refuses to run as root. Started as root, it runs as the user `postgres`; where that user may not enter the
//! folder (a clone in `/root`), `postgres` becomes a link to a folder of its own in `/var/lib`.
//!
//! The server lives in a session of its own, so Ctrl-C reaches `ates` alone, which stops the server last. A server that
//! outlived a killed `ates` is taken over by the next start.

mod account;
mod error;
mod place;
mod running;
mod server;

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use account::{Account, run};
pub use error::EmbeddedError;
use place::Place;
use server::Server;

/// Superuser and database of the private cluster.
const NAME: &str = "ates";
/// Only part of the socket's file name, as nothing listens on TCP.
const PORT: &str = "5432";
/// How long the server may take to start (it may have to recover first) or to stop, in seconds.
const PATIENCE: u64 = 300;
/// A server log above this size, in bytes, is put aside at the next start.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;

/// What the configuration says about the private server; everything may be left open.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedChoice {
    /// The folder with `initdb`, `pg_ctl` and `postgres` (`ATES_PG_BINDIR`); searched for when absent.
    pub bindir: Option<PathBuf>,
    /// The user that runs the server when we are root (`ATES_PG_USER`); `postgres` when absent.
    pub user: Option<String>,
}

/// A running private server. It is stopped by [`Embedded::stop`], or when dropped.
#[derive(Debug)]
pub struct Embedded {
    server: Server,
    account: Account,
    folder: PathBuf,
    socket: PathBuf,
    running: bool,
    /// Held to the end: nobody else may use the folder while we live.
    _lock: File,
}

impl Embedded {
    /// Starts the private server below `dir`, which is made when missing, and waits until it accepts connections. The
    /// first start makes the cluster and the database `ates`; a later one keeps the data. Blocks for up to some seconds.
    ///
    /// `progress` gets one short line before each step that takes time.
    ///
    /// # Errors
    /// No fitting server installed, another `ates` in the same folder, a folder that cannot be used, or a server that
    /// does not start. Each message is one line and says what to do.
    pub fn start(
        dir: &Path,
        choice: &EmbeddedChoice,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, EmbeddedError> {
        let made_by = place::version_of_data(dir);
        let server = Server::find(choice.bindir.as_deref(), made_by, dir)?;
        let place = Place::prepare(dir, choice.user.as_deref(), progress)?;
        let mut embedded = Self {
            server,
            account: place.account,
            socket: PathBuf::new(),
            folder: place.folder,
            running: false,
            _lock: place.lock,
        };
        if !embedded.folder.join("data").exists() {
            progress(&format!(
                "making a private Postgres {} in {}",
                embedded.server.version,
                embedded.folder.display()
            ));
            embedded.make_cluster()?;
        }
        if let Some(socket) = running::await_ready(&embedded.pg_ctl(), &embedded.folder)? {
            embedded.running = true;
            if UnixStream::connect(socket.join(format!(".s.PGSQL.{PORT}"))).is_ok() {
                progress("taking over the private Postgres that an earlier run left");
                embedded.socket = socket;
                return Ok(embedded);
            }
            embedded.stop_server()?;
        }
        progress(&format!(
            "starting the private Postgres {}",
            embedded.server.version
        ));
        embedded.socket = place::socket_folder(&embedded.folder, &embedded.account)?;
        embedded.start_server()?;
        Ok(embedded)
    }

    /// The address of the database, in the form that libpq takes. It holds no password: only the owner of the folder
    /// (and root) can reach the socket.
    pub fn database_url(&self) -> String {
        place::database_url(&self.socket)
    }

    /// The folder that really holds the data: below the one given, or in `/var/lib` (see the module's text).
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of the server, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.server.version
    }

    /// Stops the server; one that has ended by itself is fine. Open sessions are ended, everything committed is on disk.
    ///
    /// # Errors
    /// The server did not stop in time.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.stop_server()
    }

    /// Makes the cluster and its database aside and moves it into place when complete, so that a `data` folder is
    /// always a whole one, whenever we are killed.
    fn make_cluster(&self) -> Result<(), EmbeddedError> {
        // The program of a killed start may still write to its own half of a cluster; it gets none of ours.
        let fresh = &format!("data.new.{}", std::process::id());
        let mut sweep = self.account.command("sh", &self.folder);
        run("rm", sweep.args(["-c", "rm -rf data.new.* || true"]), "")?;
        let mut initdb = self.program("initdb");
        initdb.args(["--pgdata", fresh, "--username", NAME, "--encoding=UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--data-checksums"]);
        initdb.args(["--auth-local=trust", "--auth-host=reject"]);
        run("initdb", &mut initdb, "")?;
        let mut single = self.program("postgres");
        single.args(["--single", "-D", fresh, "-c", "exit_on_error=true"]);
        single.arg("template1");
        run(
            "postgres",
            &mut single,
            &format!("create database {NAME}\n"),
        )?;
        fs::rename(self.folder.join(fresh), self.folder.join("data"))
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(EmbeddedError::folder(&self.folder))
    }

    fn start_server(&mut self) -> Result<(), EmbeddedError> {
        let log = self.folder.join("server.log");
        let mut written = fs::metadata(&log).map_or(0, |log| log.len());
        if written > LOG_LIMIT {
            fs::rename(&log, self.folder.join("server.log.old"))
                .map_err(EmbeddedError::folder(&log))?;
            written = 0;
        }
        let mut start = self.pg_ctl().command("start");
        start.args(["-w", "-t", &PATIENCE.to_string()]);
        // Relative names and a socket folder without special characters: pg_ctl hands both to a shell.
        start.args(["-l", "server.log", "-o", &server_options(&self.socket)]);
        match run("pg_ctl start", &mut start, "") {
            Ok(_) => {
                self.running = true;
                Ok(())
            }
            Err(_) => Err(EmbeddedError::NotStarted {
                why: running::last_complaint(&log, written),
                log,
            }),
        }
    }

    fn stop_server(&mut self) -> Result<(), EmbeddedError> {
        if !std::mem::take(&mut self.running) {
            return Ok(());
        }
        let mut stop = self.pg_ctl().command("stop");
        stop.args(["-m", "fast", "-w", "-t", &PATIENCE.to_string()]);
        // A second, impatient Ctrl-C shall not hit the program that waits for the server's end.
        stop.process_group(0);
        let stopped = run("pg_ctl stop", &mut stop, "");
        if !self.socket.starts_with(&self.folder) {
            // Below /tmp; not ours to keep. If it stays, the next start takes it again.
            drop(fs::remove_dir(&self.socket));
        }
        match stopped {
            Err(e) if run("pg_ctl status", &mut self.pg_ctl().command("status"), "").is_ok() => {
                Err(e)
            }
            _ => Ok(()),
        }
    }

    fn program(&self, name: &str) -> Command {
        self.account
            .command(self.server.bindir.join(name), &self.folder)
    }

    fn pg_ctl(&self) -> PgCtl<'_> {
        PgCtl(self)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Nobody is left to tell; the next start copes with a server that still runs.
        drop(self.stop_server());
    }
}

/// `pg_ctl` on the data folder.
struct PgCtl<'a>(&'a Embedded);

impl PgCtl<'_> {
    fn command(&self, verb: &str) -> Command {
        let mut command = self.0.program("pg_ctl");
        command.args([verb, "-D", "data"]);
        command
    }
}

/// The settings of the private server. Durable: what was acknowledged is on disk.
fn server_options(socket: &Path) -> String {
    let settings = [
        "listen_addresses=",
        &format!("unix_socket_directories={}", socket.display()),
        "unix_socket_permissions=0700",
        &format!("port={PORT}"),
        "fsync=on",
        "full_page_writes=on",
        "synchronous_commit=on",
        "max_connections=100",
        "client_connection_check_interval=1000",
        "timezone=UTC",
        "log_timezone=UTC",
    ];
    settings.map(|setting| format!("-c {setting}")).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_server_is_durable_and_deaf_on_the_network() {
        let options = server_options(Path::new("/s"));
        for setting in [
            "-c listen_addresses= ",
            "-c unix_socket_directories=/s ",
            "-c fsync=on",
            "-c synchronous_commit=on",
        ] {
            assert!(options.contains(setting), "{setting} in {options}");
        }
    }
}
