//! Who runs the server, and how its programs are called.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// The account that the server and its programs run under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// Our own, an ordinary user.
    Own,
    /// Another one, because we are root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Whether this process is root.
    pub(super) fn we_are_root() -> Result<bool, EmbeddedError> {
        let uid = run("id", Command::new("id").arg("-u"), "")?;
        Ok(uid.trim() == "0")
    }

    /// The account of a named user other than root.
    pub(super) fn of_user(user: &str) -> Result<Self, EmbeddedError> {
        let number = |flag: &str| {
            let printed = run("id", Command::new("id").args([flag, "--", user]), "").ok()?;
            printed.trim().parse().ok()
        };
        match (number("-u"), number("-g")) {
            (Some(uid), Some(gid)) if uid != 0 => Ok(Self::Other { uid, gid }),
            _ => Err(EmbeddedError::NoUser(user.to_owned())),
        }
    }

    /// A command that runs under this account in the folder `cwd`. The `PG*` variables of the caller, which would
    /// point it at another server, are taken away; so are root's further groups (by the standard library, with `uid`).
    pub(super) fn command(&self, program: impl AsRef<OsStr>, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(cwd);
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if let Self::Other { uid, gid } = *self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Whether this account may enter a folder; asked of the system, as access lists count too.
    pub(super) fn may_enter(&self, folder: &Path) -> bool {
        let mut command = self.command("sh", Path::new("/"));
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder);
        run("sh", &mut command, "").is_ok()
    }
}

/// Runs a command to its end with `input` on its standard input; gives what it printed.
pub(super) fn run(name: &str, command: &mut Command, input: &str) -> Result<String, EmbeddedError> {
    let failed = |why: String| EmbeddedError::Program {
        program: name.to_owned(),
        why,
    };
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| failed(e.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input says why on the other end.
        let _unread = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let why = complaint(&printed).map_or_else(|| output.status.to_string(), str::to_owned);
    Err(failed(why))
}

/// The most telling line: the first one that speaks of an error, else the last one.
fn complaint(printed: &str) -> Option<&str> {
    let mut lines = printed.lines().map(str::trim).filter(|l| !l.is_empty());
    let telling = ["error:", "FATAL:", "PANIC:", "ERROR:"];
    lines
        .clone()
        .find(|line| telling.iter().any(|word| line.contains(word)))
        .or_else(|| lines.next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_with_the_error_is_told() {
        let printed = "some words\ninitdb: error: no room\ninitdb: removing data directory\n";
        assert_eq!(complaint(printed), Some("initdb: error: no room"));
        assert_eq!(complaint("first\nlast\n\n"), Some("last"));
        assert_eq!(complaint(" \n"), None);
    }

    #[test]
    fn root_and_strangers_do_not_run_a_server() {
        for user in ["root", "nobody-has-this-name", "--help"] {
            let refused = Account::of_user(user);
            assert!(matches!(refused, Err(EmbeddedError::NoUser(_))), "{user}");
        }
    }

    #[test]
    fn a_command_reads_its_input_and_gives_its_output() {
        let folder = Path::new("/");
        let printed = run("cat", &mut Account::Own.command("cat", folder), "seed");
        assert_eq!(printed.ok().as_deref(), Some("seed"));
        let failed = run("false", &mut Account::Own.command("false", folder), "");
        assert!(failed.is_err());
    }
}
