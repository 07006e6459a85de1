//! A Postgres of one test's own, durable, that can be restarted as if the machine's server had crashed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ates::platform::embedded::{Embedded, EmbeddedChoice};

/// The server; it ends with the value.
pub struct Cluster {
    server: Embedded,
    _folder: tempfile::TempDir,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ates-proof.")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let server =
            Embedded::start(folder.path(), &EmbeddedChoice::default(), &mut |_| {}).unwrap();
        Self {
            server,
            _folder: folder,
        }
    }

    pub fn url(&self) -> String {
        self.server.database_url()
    }

    /// `pg_ctl restart -m immediate`: every session is cut, nothing is written back, the log is replayed.
    pub fn crash_and_restart(&self) {
        let folder = self.server.folder();
        let owner = fs::metadata(folder.join("data")).unwrap();
        let options = fs::read_to_string(folder.join("data/postmaster.opts")).unwrap();
        let postgres = PathBuf::from(options.split_whitespace().next().unwrap());
        let mut restart = Command::new(postgres.with_file_name("pg_ctl"));
        restart
            .args([
                "restart",
                "-m",
                "immediate",
                "-w",
                "-D",
                "data",
                "-l",
                "server.log",
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        if owner.uid() != fs::metadata("/proc/self").unwrap().uid() {
            restart.uid(owner.uid()).gid(owner.gid());
        }
        assert!(
            restart.status().unwrap().success(),
            "Postgres did not come back"
        );
    }
}
