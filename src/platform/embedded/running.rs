//! What an earlier run may have left: a server that still runs, is just stopping, or only seems to run.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::account::run;
use super::{EmbeddedError, PATIENCE, PgCtl};

/// The lines of `postmaster.pid` that matter here.
#[derive(Debug, PartialEq, Eq)]
struct PidFile {
    pid: u32,
    socket: PathBuf,
    ready: bool,
}

impl PidFile {
    /// Line 1 is the process, line 5 the socket's folder, line 8 the state. None while it is being written.
    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().collect::<Vec<_>>();
        Some(Self {
            pid: lines.first()?.trim().parse().ok()?,
            socket: PathBuf::from(lines.get(4)?),
            ready: lines.get(7)?.trim() == "ready",
        })
    }
}

/// The folder of the socket of a server that still runs on the data, once it accepts connections; none when no server
/// runs, or when it has gone away while we waited.
pub(super) fn await_ready(
    pg_ctl: &PgCtl<'_>,
    folder: &Path,
) -> Result<Option<PathBuf>, EmbeddedError> {
    let data = folder.join("data");
    let file = data.join("postmaster.pid");
    let begun = Instant::now();
    while run("pg_ctl status", &mut pg_ctl.command("status"), "").is_ok() {
        let written = fs::read_to_string(&file).unwrap_or_default();
        if let Some(found) = PidFile::parse(&written) {
            if is_somebody_else(found.pid, &data) {
                // After a power cut the number may belong to any other process; Postgres would refuse to start.
                fs::remove_file(&file).map_err(EmbeddedError::folder(&file))?;
                return Ok(None);
            }
            if found.ready {
                return Ok(Some(found.socket));
            }
        }
        if begun.elapsed() > Duration::from_secs(PATIENCE) {
            return Err(EmbeddedError::NotStarted {
                why: "an earlier server neither becomes ready nor ends".to_owned(),
                log: folder.join("server.log"),
            });
        }
        sleep(Duration::from_millis(50));
    }
    Ok(None)
}

/// Whether the process is surely not the server of these data: a server works in its data folder. In doubt, no.
fn is_somebody_else(pid: u32, data: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd != data)
}

/// The server's last complaint in what its log got after the first `written` bytes, without the time before it; its last
/// line when none is marked as one.
pub(super) fn last_complaint(log: &Path, written: u64) -> String {
    let text = fs::read(log).unwrap_or_default();
    let fresh = text.get(written as usize..).unwrap_or_default();
    let fresh = String::from_utf8_lossy(fresh);
    let marked = |line: &str| {
        let after = |word: &&str| line.find(*word).map(|at| at + word.len());
        let at = ["FATAL:", "PANIC:", "error:"].iter().find_map(after)?;
        line.get(at..).map(|told| told.trim().to_owned())
    };
    let told = fresh.lines().rev().find_map(marked);
    told.or_else(|| fresh.lines().next_back().map(str::to_owned))
        .unwrap_or_else(|| "it gave no reason".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "4711\n/d/data\n1700000000\n5432\n/d/socket\n\n  5432001  3\nready   \n";

    #[test]
    fn the_pid_file_tells_process_socket_and_state() {
        let expected = PidFile {
            pid: 4711,
            socket: PathBuf::from("/d/socket"),
            ready: true,
        };
        assert_eq!(PidFile::parse(WRITTEN), Some(expected));
        let stopping = WRITTEN.replace("ready   ", "stopping");
        assert!(PidFile::parse(&stopping).is_some_and(|found| !found.ready));
    }

    #[test]
    fn a_half_written_pid_file_tells_nothing_yet() {
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("4711\n/d/data\n"), None);
    }

    #[test]
    fn this_very_process_is_not_the_server_of_some_data() {
        assert!(is_somebody_else(std::process::id(), Path::new("/no/data")));
    }

    #[test]
    fn the_complaint_is_the_last_one_of_this_start() {
        let log = std::env::temp_dir().join(format!("ates-log-{}", std::process::id()));
        let before = "x UTC [1] FATAL:  an old story\n";
        let told = |after: &str| {
            fs::write(&log, format!("{before}{after}")).unwrap();
            last_complaint(&log, before.len() as u64)
        };
        assert_eq!(told("x UTC [2] FATAL:  no room\nbye\n"), "no room");
        assert_eq!(
            told("postgres: no control file\n"),
            "postgres: no control file"
        );
        assert_eq!(told(""), "it gave no reason");
        fs::remove_file(&log).unwrap();
        assert_eq!(last_complaint(&log, 0), "it gave no reason");
    }
}
