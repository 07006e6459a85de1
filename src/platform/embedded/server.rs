//! Which installed server is used.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;
use super::account::run;

/// The oldest major version that the product runs on.
const OLDEST: u32 = 14;
/// The programs we need.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// Where Debian keeps its servers, one folder per major version.
const VERSIONED: &str = "/usr/lib/postgresql";

/// An installed Postgres server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// The folder of its programs.
    pub(super) bindir: PathBuf,
    /// Its version, such as `15.18`.
    pub(super) version: String,
}

impl Server {
    /// Finds the server to use: the one named, or the first that fits of `pg_config --bindir`, the highest version
    /// below `/usr/lib/postgresql`, and `PATH`. With data present, only their own major version fits.
    pub(super) fn find(
        named: Option<&Path>,
        made_by: Option<u32>,
        dir: &Path,
    ) -> Result<Self, EmbeddedError> {
        let candidates = match named {
            Some(bindir) if holds_programs(bindir) => vec![bindir.to_owned()],
            Some(bindir) => return Err(EmbeddedError::NotABindir(bindir.to_owned())),
            None => installed(),
        };
        let servers = candidates
            .into_iter()
            .filter_map(Self::at)
            .collect::<Vec<_>>();
        choose(servers, made_by, dir)
    }

    /// The server in a folder, if its program tells its version.
    fn at(bindir: PathBuf) -> Option<Self> {
        let postgres = bindir.join("postgres");
        let printed = run("postgres", Command::new(postgres).arg("--version"), "").ok()?;
        let version = parse_version(&printed)?.to_owned();
        Some(Self { bindir, version })
    }

    fn major(&self) -> u32 {
        major(&self.version).unwrap_or(0)
    }
}

/// The first server that fits, or what stands in the way.
fn choose(
    mut servers: Vec<Server>,
    made_by: Option<u32>,
    dir: &Path,
) -> Result<Server, EmbeddedError> {
    let fits = |server: &Server| match made_by {
        Some(made_by) => server.major() == made_by,
        None => server.major() >= OLDEST,
    };
    if let Some(at) = servers.iter().position(fits) {
        return Ok(servers.swap_remove(at));
    }
    let Some(newest) = servers.into_iter().max_by_key(Server::major) else {
        return Err(EmbeddedError::NoServer);
    };
    Err(match made_by {
        Some(made_by) => EmbeddedError::OtherVersion {
            dir: dir.to_owned(),
            made_by,
            found: newest.version,
        },
        None => EmbeddedError::TooOld {
            found: newest.version,
            oldest: OLDEST,
        },
    })
}

/// The folders that hold a server, best first.
fn installed() -> Vec<PathBuf> {
    let told = run("pg_config", Command::new("pg_config").arg("--bindir"), "");
    let told = told.ok().map(|printed| PathBuf::from(printed.trim()));
    let versions = fs::read_dir(VERSIONED)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = search_order(told, versions, &path);
    candidates.retain(|bindir| holds_programs(bindir));
    candidates
}

/// Where to look, in this order: what `pg_config` told, the versioned folders from the highest down, `PATH`.
fn search_order(told: Option<PathBuf>, mut versioned: Vec<PathBuf>, path: &OsStr) -> Vec<PathBuf> {
    let number = |folder: &PathBuf| {
        let name = folder.file_name()?.to_str()?;
        name.parse::<u32>().ok()
    };
    versioned.retain(|folder| number(folder).is_some());
    versioned.sort_by_key(|folder| std::cmp::Reverse(number(folder)));
    let mut order: Vec<PathBuf> = Vec::new();
    let versioned = versioned.into_iter().map(|folder| folder.join("bin"));
    for bindir in told
        .into_iter()
        .chain(versioned)
        .chain(std::env::split_paths(path))
    {
        if bindir.is_absolute() && !order.contains(&bindir) {
            order.push(bindir);
        }
    }
    order
}

fn holds_programs(bindir: &Path) -> bool {
    PROGRAMS.iter().all(|name| bindir.join(name).is_file())
}

/// `15.18` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; also `18beta1`.
fn parse_version(printed: &str) -> Option<&str> {
    let version = printed.split_whitespace().nth(2)?;
    major(version).map(|_| version)
}

/// The leading number of a version.
pub(super) fn major(version: &str) -> Option<u32> {
    let digits = version.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: &str) -> Server {
        Server {
            bindir: PathBuf::from(format!("/pg/{version}/bin")),
            version: version.to_owned(),
        }
    }

    fn chosen(versions: &[&str], made_by: Option<u32>) -> Result<String, String> {
        let servers = versions.iter().map(|version| server(version)).collect();
        choose(servers, made_by, Path::new(".ates"))
            .map(|server| server.version)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn pg_config_comes_before_the_highest_version_and_path_is_last() {
        let versioned = ["9.6", "14", "notes", "17", "15"].map(|v| Path::new(VERSIONED).join(v));
        let order = search_order(
            Some(PathBuf::from("/usr/lib/postgresql/15/bin")),
            versioned.to_vec(),
            OsStr::new("/opt/pg/bin:relative::/usr/lib/postgresql/14/bin"),
        );
        let expected = [
            "/usr/lib/postgresql/15/bin",
            "/usr/lib/postgresql/17/bin",
            "/usr/lib/postgresql/14/bin",
            "/opt/pg/bin",
        ];
        assert_eq!(order, expected.map(PathBuf::from));
    }

    #[test]
    fn the_first_supported_server_is_taken() {
        assert_eq!(chosen(&["15.18", "17.2"], None), Ok("15.18".to_owned()));
        assert_eq!(chosen(&["13.9", "17.2"], None), Ok("17.2".to_owned()));
    }

    #[test]
    fn data_are_opened_by_their_own_version_only() {
        assert_eq!(chosen(&["15.18", "17.2"], Some(17)), Ok("17.2".to_owned()));
        let refused = chosen(&["15.18"], Some(17)).unwrap_err();
        assert!(refused.contains("install postgresql-17"), "{refused}");
    }

    #[test]
    fn a_missing_or_old_server_is_said_in_one_line_with_the_way_out() {
        let missing = chosen(&[], None).unwrap_err();
        assert!(missing.contains("apt-get install postgresql"), "{missing}");
        let old = chosen(&["13.9"], None).unwrap_err();
        assert!(old.contains("13.9") && old.contains("14"), "{old}");
    }

    #[test]
    fn a_named_folder_without_a_server_is_refused() {
        let refused = Server::find(Some(Path::new("/etc")), None, Path::new(".ates"));
        assert!(matches!(refused, Err(EmbeddedError::NotABindir(_))));
    }

    #[test]
    fn versions_are_read() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some("15.18"));
        assert_eq!(
            parse_version("postgres (PostgreSQL) 18beta1"),
            Some("18beta1")
        );
        assert_eq!(parse_version("something else entirely"), None);
        assert_eq!(major("15\n"), Some(15));
        assert_eq!(major("18beta1"), Some(18));
    }
}
