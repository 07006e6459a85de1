//! What can go wrong, each in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private Postgres is not there.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No server program anywhere.
    #[error(
        "no Postgres server found: install it with \"apt-get install postgresql\" or set DATABASE_URL"
    )]
    NoServer,
    /// The folder that was named does not hold a server.
    #[error(
        "ATES_PG_BINDIR: {} does not hold initdb, pg_ctl and postgres; name the folder of a Postgres server, such as /usr/lib/postgresql/15/bin", .0.display()
    )]
    NotABindir(PathBuf),
    /// Only servers older than we support.
    #[error(
        "the Postgres server found is version {found}, {oldest} or later is needed: install a newer one or set DATABASE_URL"
    )]
    TooOld {
        /// The newest version found.
        found: String,
        /// The oldest major version that will do.
        oldest: u32,
    },
    /// The data were made by a major version that is not installed any more.
    #[error(
        "the data in {} were made by Postgres {made_by}, but only {found} is installed: install postgresql-{made_by}, or remove the folder to start over", .dir.display()
    )]
    OtherVersion {
        /// The folder given to `start`.
        dir: PathBuf,
        /// Major version that made the data.
        made_by: u32,
        /// The version found instead.
        found: String,
    },
    /// We are root and there is nobody to run the server as.
    #[error(
        "Postgres does not run as root, and \"{0}\" is no other user: name an ordinary user in ATES_PG_USER, or add one with \"useradd --system postgres\""
    )]
    NoUser(String),
    /// Another `ates` holds the folder.
    #[error("another ates uses {} already: stop it first, or start from another folder", .0.display())]
    InUse(PathBuf),
    /// A folder cannot be made, read or written.
    #[error("cannot use {}: {source}; give yourself the right to write there, or set DATABASE_URL", .path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program of the server failed.
    #[error("{program} failed: {why}")]
    Program {
        /// The program's name.
        program: String,
        /// The most telling line of what it printed.
        why: String,
    },
    /// The server did not come up.
    #[error("the private Postgres did not start: {why}; see {}", .log.display())]
    NotStarted {
        /// The server's last complaint.
        why: String,
        /// The server's log.
        log: PathBuf,
    },
}

impl EmbeddedError {
    /// Wraps an error of the system that concerns `path`.
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Folder { path, source }
    }
}
