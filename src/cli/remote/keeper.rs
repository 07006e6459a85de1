//! Where a log-in is kept: a file a server, below `$XDG_CONFIG_HOME/ates` (else `~/.config/ates`), which only its owner can read.
//!
//! A refresh token can be used once, and the server ends the whole log-in when one comes a second time. So whoever uses it holds the
//! lock of the file, looks whether another command has been faster, and has written the next one in one step before it lets go.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::CliError;

/// What is kept of a log-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// A personal token: it is used as it is.
    Token(String),
    /// A log-in by password: the access token is renewed with the refresh token.
    Pair {
        access_token: String,
        /// When the access token ends, seconds since 1970.
        expires_at: i64,
        refresh_token: String,
    },
}

/// The place of one server's log-in.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    folder: PathBuf,
    name: String,
}

impl Keeper {
    /// The place for a server, below the user's folder for settings.
    pub fn of(server: &Url) -> Result<Self, CliError> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let base = var("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|base| base.is_absolute())
            .or_else(|| Some(PathBuf::from(var("HOME")?).join(".config")))
            .ok_or_else(|| CliError("no place to keep the log-in: HOME is not set".into()))?;
        Ok(Self {
            folder: base.join("ates"),
            name: name_of(server),
        })
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}.{end}", self.name))
    }

    /// What is kept, if anything is.
    ///
    /// # Errors
    /// That others can read the file, or that it cannot be understood.
    pub fn read(&self) -> Result<Option<Kept>, CliError> {
        let path = self.path("json");
        let failed = |reason: String| CliError(format!("{}: {reason}", path.display()));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        let mode = std::fs::metadata(&path)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(failed(
                "others can read it; chmod 600 it, or log in again".into(),
            ));
        }
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| failed("it cannot be understood; log in again".into()))
    }

    /// Keeps something in place of what was there, in one step: a crash leaves the old or the new.
    pub fn write(&self, kept: &Kept) -> Result<(), CliError> {
        self.make_folder()?;
        let text = serde_json::to_string(kept).map_err(|error| CliError(error.to_string()))?;
        let fresh = self.path("new");
        drop(std::fs::remove_file(&fresh));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, self.path("json"))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// Forgets what is kept.
    pub fn forget(&self) -> Result<(), CliError> {
        match std::fs::remove_file(self.path("json")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Does something while no other command of the same user does so.
    pub fn locked<T>(&self, work: impl FnOnce() -> Result<T, CliError>) -> Result<T, CliError> {
        self.make_folder()?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path("lock"))?;
        lock.lock()?;
        work()
    }

    fn make_folder(&self) -> Result<(), CliError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(|error| CliError(format!("{}: {error}", self.folder.display())))
    }
}

/// The name of a server's files: its scheme, host and port, in letters that every file system has.
fn name_of(server: &Url) -> String {
    let host = server.host_str().unwrap_or_default();
    let port = server.port_or_known_default().unwrap_or_default();
    let host: String = host
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '.' {
                letter
            } else {
                '-'
            }
        })
        .collect();
    format!("{}_{host}_{port}", server.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(folder: &tempfile::TempDir) -> Keeper {
        Keeper {
            folder: folder.path().join("ates"),
            name: name_of(&"https://ates.example".parse().unwrap()),
        }
    }

    #[test]
    fn a_log_in_is_kept_where_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(&folder);
        assert_eq!(keeper.read().unwrap(), None);
        let kept = Kept::Token("ates_secret".into());
        keeper.write(&kept).unwrap();
        assert_eq!(keeper.read().unwrap(), Some(kept));
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(keeper.path("json")), mode(keeper.folder.clone())),
            (0o600, 0o700)
        );

        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(keeper.path("json"), open).unwrap();
        assert!(keeper.read().unwrap_err().to_string().contains("chmod 600"));
        keeper.forget().unwrap();
        assert_eq!(keeper.read().unwrap(), None);
    }

    #[test]
    fn each_server_has_a_file_of_its_own() {
        let names = [
            "https://ates.example",
            "https://ates.example:8443",
            "http://localhost:8080",
            "http://[::1]:8080",
        ]
        .map(|address| name_of(&address.parse().unwrap()));
        assert_eq!(
            names,
            [
                "https_ates.example_443",
                "https_ates.example_8443",
                "http_localhost_8080",
                "http_---1-_8080"
            ]
        );
    }
}
