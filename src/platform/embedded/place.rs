//! Where the server keeps its files, who owns them, and the address that follows.

use std::fmt::Write;
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::account::{Account, run};
use super::{EmbeddedError, NAME, PORT, server};

/// Bytes a socket's folder may have: 107 for the whole path, less `/.s.PGSQL.5432`.
const SOCKET_FOLDER_LIMIT: usize = 107 - 14;
/// The user that runs the server when we are root and nothing else is said.
const DEFAULT_USER: &str = "postgres";
/// Where root's server lives when its user may not enter the folder asked for.
const ELSEWHERE: &str = "/var/lib";

/// The folders of the private server, made and locked.
pub(super) struct Place {
    /// Holds `data`, `socket` and `server.log`.
    pub(super) folder: PathBuf,
    /// Owns the folder and runs the server.
    pub(super) account: Account,
    /// Keeps everybody else out of the folder asked for.
    pub(super) lock: File,
}

impl Place {
    /// Makes what is missing and takes the lock.
    pub(super) fn prepare(
        dir: &Path,
        user: Option<&str>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, EmbeddedError> {
        let root = Account::we_are_root()?;
        make_private(dir)?;
        let dir = fs::canonicalize(dir).map_err(EmbeddedError::folder(dir))?;
        let lock = lock(&dir)?;
        let link = dir.join("postgres");
        if !root {
            make_private(&link)?;
            let folder = fs::canonicalize(&link).map_err(EmbeddedError::folder(&link))?;
            return Ok(Self {
                folder,
                account: Account::Own,
                lock,
            });
        }
        if let Some((folder, account)) = existing(&link)? {
            return Ok(Self {
                folder,
                account,
                lock,
            });
        }
        let account = Account::of_user(user.unwrap_or(DEFAULT_USER))?;
        let folder = make_for(account, &dir, &link, progress)?;
        Ok(Self {
            folder,
            account,
            lock,
        })
    }
}

/// The major version that made the data below `dir`, if there are any.
pub(super) fn version_of_data(dir: &Path) -> Option<u32> {
    let version = fs::read_to_string(dir.join("postgres/data/PG_VERSION")).ok()?;
    server::major(&version)
}

/// A folder that only its owner enters; one that exists is left as it is.
fn make_private(folder: &Path) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(EmbeddedError::folder(folder)),
    }
}

fn lock(dir: &Path) -> Result<File, EmbeddedError> {
    let file = File::open(dir).map_err(EmbeddedError::folder(dir))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::folder(dir)(source)),
    }
}

/// As root: the folder of an earlier start and its owner, who goes on running the server. A link into nothing and a
/// folder that was made but not yet handed over count as missing.
fn existing(link: &Path) -> Result<Option<(PathBuf, Account)>, EmbeddedError> {
    let Ok(found) = fs::metadata(link) else {
        if fs::symlink_metadata(link).is_ok() {
            fs::remove_file(link).map_err(EmbeddedError::folder(link))?;
        }
        return Ok(None);
    };
    let (uid, gid) = (found.uid(), found.gid());
    if uid == 0 {
        return Ok(None);
    }
    let folder = fs::canonicalize(link).map_err(EmbeddedError::folder(link))?;
    Ok(Some((folder, Account::Other { uid, gid })))
}

/// As root: makes the folder for another account, below `dir` when that account may get there, else in `/var/lib` with
/// a link to it. The link keeps the rule "remove the folder to start over".
fn make_for(
    account: Account,
    dir: &Path,
    link: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf, EmbeddedError> {
    let mode = fs::metadata(dir)
        .map_err(EmbeddedError::folder(dir))?
        .mode();
    let open = Permissions::from_mode((mode & 0o7777) | 0o011);
    fs::set_permissions(dir, open).map_err(EmbeddedError::folder(dir))?;
    if account.may_enter(dir) {
        make_private(link)?;
        hand_over(link, account)?;
        return Ok(link.to_owned());
    }
    let mark = mark_of(dir);
    for number in 1.. {
        let folder = PathBuf::from(format!("{ELSEWHERE}/ates-{mark}-{number}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                progress(&format!(
                    "left from before and not used: {}",
                    folder.display()
                ));
                continue;
            }
            made => made.map_err(EmbeddedError::folder(&folder))?,
        }
        hand_over(&folder, account)?;
        symlink(&folder, link).map_err(EmbeddedError::folder(link))?;
        progress(&format!(
            "the user that runs Postgres may not enter {}, so its data go to {}",
            dir.display(),
            folder.display()
        ));
        return Ok(folder);
    }
    unreachable!("the numbers do not end")
}

fn hand_over(folder: &Path, account: Account) -> Result<(), EmbeddedError> {
    match account {
        Account::Own => Ok(()),
        Account::Other { uid, gid } => {
            chown(folder, Some(uid), Some(gid)).map_err(EmbeddedError::folder(folder))
        }
    }
}

/// Eight hex digits that tell one path from another.
fn mark_of(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// Makes the folder of the socket: beside the data, or below `/tmp` when that path is too long for a socket or would
/// need quoting.
pub(super) fn socket_folder(folder: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let beside = folder.join("socket");
    if fits_a_socket(&beside) {
        let mut mkdir = account.command("mkdir", folder);
        run("mkdir", mkdir.args(["-p", "-m", "700", "socket"]), "")?;
        return Ok(beside);
    }
    let owner = fs::metadata(folder).map_err(EmbeddedError::folder(folder))?;
    let mark = mark_of(folder);
    for number in 1.. {
        let socket = PathBuf::from(format!("/tmp/ates-{mark}-{number}"));
        match DirBuilder::new().mode(0o700).create(&socket) {
            Ok(()) => {
                hand_over(&socket, *account)?;
                return Ok(socket);
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(&socket);
                let ours = |found: fs::Metadata| {
                    found.is_dir() && found.uid() == owner.uid() && found.mode() & 0o077 == 0
                };
                if found.is_ok_and(ours) {
                    return Ok(socket);
                }
            }
            Err(source) => return Err(EmbeddedError::folder(&socket)(source)),
        }
    }
    unreachable!("the numbers do not end")
}

/// Whether a folder's path is short enough for a socket and free of anything that a shell, a list of hosts or a list of
/// folders would take for more than a letter.
fn fits_a_socket(folder: &Path) -> bool {
    let path = folder.as_os_str().as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    path.len() <= SOCKET_FOLDER_LIMIT && path.iter().all(plain)
}

/// The address for libpq. The port is named because `PGPORT` would change it.
pub(super) fn database_url(socket: &Path) -> String {
    let mut host = String::new();
    for &byte in socket.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            host.push(char::from(byte));
        } else {
            write!(host, "%{byte:02X}").expect("a string takes all that is written to it");
        }
    }
    format!("postgres:///{NAME}?host={host}&port={PORT}&user={NAME}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_folder_port_and_user() {
        let url = database_url(Path::new("/home/kesha/ates/.ates/postgres/socket"));
        let expected =
            "postgres:///ates?host=/home/kesha/ates/.ates/postgres/socket&port=5432&user=ates";
        assert_eq!(url, expected);
    }

    #[test]
    fn the_address_escapes_what_an_address_cannot_hold() {
        let url = database_url(Path::new("/a b/ё&x"));
        assert!(url.contains("host=/a%20b/%D1%91%26x&"), "{url}");
    }

    #[test]
    fn a_socket_stays_beside_the_data_only_on_a_short_plain_path() {
        assert!(fits_a_socket(Path::new(
            "/srv/ates-1.0/.ates/postgres/socket"
        )));
        assert!(fits_a_socket(Path::new(&format!("/{}", "x".repeat(92)))));
        assert!(!fits_a_socket(Path::new(&format!("/{}", "x".repeat(93)))));
        for odd in ["/a,b", "/a b", "/a$b", "/a'b", "/попуг"] {
            assert!(!fits_a_socket(Path::new(odd)), "{odd}");
        }
    }

    #[test]
    fn two_paths_have_two_marks_and_one_path_one() {
        let mark = |path: &str| mark_of(Path::new(path));
        assert_eq!(mark("/root/ates/.ates"), mark("/root/ates/.ates"));
        assert_ne!(mark("/root/ates/.ates"), mark("/root/ates2/.ates"));
        assert_eq!(mark("/x").len(), 8);
    }
}
