//! `ates` as a client of a remote server: the real program, its words, its file, its exit codes.

mod tokens;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::auth::factors::enrol;
use crate::support::client::agent;
use crate::support::{PASSWORD, Person, TestApp, wait_until};

/// Somebody's terminal, with a home of its own.
struct Terminal {
    home: tempfile::TempDir,
    server: String,
}

impl Terminal {
    fn new(app: &TestApp) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            server: app.base(),
        }
    }

    fn spawn(&self, args: &[&str], input: &str) -> Child {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ates"))
            .arg("--server")
            .arg(&self.server)
            .args(args)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child
    }

    fn run(&self, args: &[&str], input: &str) -> Output {
        self.spawn(args, input).wait_with_output().unwrap()
    }

    /// What a command that goes well prints.
    fn say(&self, args: &[&str]) -> String {
        let output = self.run(args, "");
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.say(args)).unwrap()
    }

    /// The one line that a refused command says.
    fn refusal(&self, args: &[&str], input: &str) -> String {
        let output = self.run(args, input);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert_eq!(words.trim_end().lines().count(), 1, "{words}");
        words
    }

    fn log_in(&self, person: &Person) {
        let args = ["login", "--username", &person.username, "--password-stdin"];
        let output = self.run(&args, &format!("{PASSWORD}\n"));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            told.contains(&format!("as {}", person.username)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The file that keeps the log-in.
    fn file(&self) -> PathBuf {
        let folder = self.home.path().join(".config/ates");
        let mut files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .find(|path| path.extension().is_some_and(|end| end == "json"))
            .unwrap()
    }
}

#[test]
fn tasks_are_created_listed_and_completed_from_the_terminal() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let terminal = Terminal::new(&app);
    terminal.log_in(&kesha);
    let made = terminal.json(&[
        "task",
        "create",
        "Mend the feeder",
        "--jira-id",
        "POPUG-7",
        "--json",
    ]);
    let uid = made["uid"].as_str().unwrap();
    app.drain();
    let list = terminal.say(&["task", "list", "--status", "open"]);
    let line = list.lines().find(|line| line.starts_with(uid)).unwrap();
    assert!(
        line.contains("open") && line.contains("[POPUG-7] Mend"),
        "{list}"
    );
    let done = terminal.say(&["task", "complete", uid]);
    assert!(done.contains("done"), "{done}");
    app.drain();
    let balance = terminal.json(&["balance", "--json"]);
    assert!(balance["balance_minor"].as_i64().unwrap() > 0, "{balance}");
    let shown = terminal.say(&["balance"]);
    assert!(
        shown.starts_with("BALANCE") && shown.lines().count() == 2,
        "{shown}"
    );

    let again = terminal.refusal(&["task", "complete", uid], "");
    assert!(
        again.starts_with("ates: ") && again.contains(": "),
        "{again}"
    );
    let forbidden = terminal.refusal(&["task", "list", "--all"], "");
    assert!(forbidden.starts_with("ates: Not allowed: "), "{forbidden}");
    let wrong = terminal.refusal(&["task", "create", ""], "");
    assert!(wrong.contains("title: "), "{wrong}");
}

#[test]
fn a_list_longer_than_a_piece_is_listed_whole() {
    let app = TestApp::start();
    let kesha = app.register("kesha", &["developer"]);
    let api = app.api(&kesha);
    for number in 0..130 {
        assert_eq!(
            api.post(
                "/api/v1/tasks",
                &json!({ "title": format!("Seed {number}") })
            )
            .0,
            201
        );
    }
    let terminal = Terminal::new(&app);
    terminal.log_in(&kesha);
    let all = terminal.json(&["task", "list", "--limit", "1000", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 130);
    let some = terminal.json(&["task", "list", "--limit", "101", "--json"]);
    assert_eq!(some.as_array().unwrap().len(), 101);
    app.drain();
}

#[test]
fn a_shuffle_is_watched_to_its_end_and_events_are_followed() {
    let app = TestApp::start();
    let people = app.register_all(&[("kesha", &["developer"]), ("root", &["administrator"])]);
    let api = app.api(&people[0]);
    for number in 0..7 {
        assert_eq!(
            api.post(
                "/api/v1/tasks",
                &json!({ "title": format!("Seed {number}") })
            )
            .0,
            201
        );
    }
    app.drain();
    let terminal = Terminal::new(&app);
    terminal.log_in(&people[1]);
    let watched = terminal.say(&["shuffle", "--watch"]);
    assert!(
        watched.trim_end().ends_with("7 of 7 tasks, done"),
        "{watched}"
    );
    app.settle_idle();

    let tail = terminal.say(&["events", "tail", "--lines", "3"]);
    assert_eq!(tail.lines().count(), 3, "{tail}");
    let mut follower = terminal.spawn(
        &["events", "tail", "--lines", "1", "--follow", "--json"],
        "",
    );
    let out = follower.stdout.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(out));
    lines.next().unwrap().unwrap();
    let lev = app.register("lev", &["developer"]);
    let heard: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (heard["type"].as_str(), heard["subject"].as_str()),
        (Some("account.created"), Some(lev.id.to_string().as_str()))
    );
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn what_makes_no_sense_is_said_in_a_line() {
    let app = TestApp::with(|settings| settings.workers(false));
    let kesha = app.register("kesha", &["developer"]);
    let terminal = Terminal::new(&app);
    let refused = terminal.refusal(&["balance"], "");
    assert!(
        refused.contains("not logged in") && refused.contains("login"),
        "{refused}"
    );
    let wrong = ["login", "--username", "kesha", "--password-stdin"];
    let refused = terminal.refusal(&wrong, "a wrong password\n");
    assert!(refused.starts_with("ates: "), "{refused}");
    let refused = terminal.refusal(&["migrate"], "");
    assert!(refused.contains("--server"), "{refused}");

    let bare = |server: &str| {
        let terminal = Terminal {
            home: tempfile::tempdir().unwrap(),
            server: server.to_owned(),
        };
        terminal.refusal(&["balance"], "")
    };
    for server in [
        "http://ates.example",
        "https://ates.example/path",
        "https://kesha:secret@ates.example",
    ] {
        let refused = bare(server);
        assert!(
            refused.contains("--server") && !refused.contains("secret"),
            "{refused}"
        );
    }
    let away = Terminal {
        home: terminal.home,
        server: "http://127.0.0.1:1".into(),
    };
    assert!(
        away.refusal(&wrong, &format!("{PASSWORD}\n"))
            .contains("http://127.0.0.1:1")
    );
    drop(kesha);
}

#[test]
fn d12_a_second_factor_is_asked_for_when_there_is_one() {
    let app = TestApp::with(|settings| settings.workers(false));
    let kesha = app.register("kesha", &["developer"]);
    let (phone, _) = enrol(&app, &mut app.log_in(&kesha));
    let terminal = Terminal::new(&app);
    let args = ["login", "--username", "kesha", "--password-stdin"];
    app.clock().advance(chrono::Duration::seconds(60));
    // The right password counts as a failed log-in until the code is there: the program waits its second out.
    let input = format!("{PASSWORD}\n{}\n", phone.code(&app, 0));
    let mut child = terminal.spawn(&args, &input);
    wait_until("it is logged in", || {
        app.clock().advance(chrono::Duration::milliseconds(20));
        child.try_wait().unwrap().is_some()
    });
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether a token of the API is good.
fn is_good(app: &TestApp, token: &str) -> bool {
    let answer = agent()
        .get(format!("{}/api/v1/me", app.base()))
        .header("authorization", format!("Bearer {token}"))
        .call()
        .unwrap();
    answer.status() == 200
}

/// Waits until a command that was started has ended well.
fn ends_well(mut child: Child) {
    wait_until("the command ends", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
