//! Every example of docs/API.md, taken from the page and run as it stands there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::support::client::Browser;
use crate::support::{Api, Person, TestApp};

const PAGE: &str = include_str!("../../docs/API.md");

/// The examples of a language, in order.
pub fn examples(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(&fence).skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

/// The one example in which these words stand.
pub fn example_with(language: &str, words: &str) -> String {
    let found: Vec<String> = examples(language)
        .into_iter()
        .filter(|example| example.contains(words))
        .collect();
    assert_eq!(found.len(), 1, "examples with {words:?}");
    found[0].clone()
}

/// A token of somebody's script, or the credential of a service.
pub fn token_of(browser: &mut Browser, path: &str, scopes: &[&str]) -> String {
    let key = uuid::Uuid::new_v4().to_string();
    let mut fields = vec![
        ("key", key.as_str()),
        ("token_name", "script"),
        ("days", "30"),
    ];
    fields.extend(scopes.iter().map(|scope| ("scopes", *scope)));
    let page = browser.post_confirmed(path, &fields);
    page.all(".secret")
        .pop()
        .unwrap_or_else(|| panic!("no token: {}", page.text()))
}

/// A company with the people of the page, and a folder with the secrets that it speaks of.
struct Desk {
    app: TestApp,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let app = TestApp::start();
        let people = app.register_all(&[
            ("kesha", &["developer"]),
            ("root", &["administrator"]),
            ("clerk", &["accountant", "manager"]),
            ("bot", &["internalservice"]),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let own = |person: &Person, scopes: &[&str]| {
            token_of(&mut app.log_in(person), "/profile/tokens", scopes)
        };
        let service = format!("/admin/users/{}/tokens", people[3].id);
        for (name, secret) in [
            ("script.token", own(&people[0], &["tasks_read", "account"])),
            (
                "administrator.token",
                own(&people[1], &["events", "shuffle"]),
            ),
            ("accountant.token", own(&people[2], &["company_money"])),
            (
                "bot.secret",
                token_of(&mut app.log_in(&people[1]), &service, &["events"]),
            ),
        ] {
            std::fs::write(folder.path().join(name), secret).unwrap();
        }
        Self { app, folder }
    }

    fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// A command in that folder, with the program at hand and nothing of this process' own settings.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let program_folder = Path::new(env!("CARGO_BIN_EXE_ates")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", program_folder.display()))
            .env("HOME", self.folder.path())
            .env("PYTHONUTF8", "1")
            .env("ATES", self.app.base());
        command
    }

    fn python(&self, text: &str) -> Command {
        self.command("python3", &["-c", text])
    }
}

fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{error}");
    text
}

#[test]
fn g12_the_examples_of_the_shell_do_what_the_page_says() {
    let desk = Desk::new();
    let script = examples("sh")
        .concat()
        .replace("https://ates.example", &desk.app.base());
    let output = desk
        .command("bash", &["-euo", "pipefail", "-c", &script])
        .output()
        .unwrap();
    let text = words(&output);
    for told in [
        "\"username\":\"kesha\"",
        "Mend the feeder",
        "\"type\":\"task.created\"",
        "event: task.created",
        "logged in to",
        "[POPUG-8] Fill the feeder",
        "\"balance_minor\": -",
        " about ",
    ] {
        assert!(text.contains(told), "{told} is missing: {text}");
    }
    assert!(text.trim_end().ends_with("2 of 2 tasks, done"), "{text}");
    desk.app.settle_idle();
}

#[test]
fn g12_the_examples_of_python_do_what_the_page_says() {
    let desk = Desk::new();
    let kesha = Api::log_in(desk.app.base(), "kesha", crate::support::PASSWORD);
    for number in 0..120 {
        assert_eq!(
            kesha
                .post(
                    "/api/v1/tasks",
                    &json!({ "title": format!("Seed {number}") })
                )
                .0,
            201
        );
    }
    desk.app.drain();
    let list = words(
        &desk
            .python(&example_with("python", "def every"))
            .output()
            .unwrap(),
    );
    assert_eq!(
        list.lines().count(),
        121,
        "more than a piece, and the balance"
    );
    assert!(
        list.lines().last().unwrap().starts_with("balance -"),
        "{list}"
    );

    let sheet = words(
        &desk
            .python(&example_with("python", "csv.writer"))
            .output()
            .unwrap(),
    );
    let mut lines = sheet.lines();
    assert_eq!(lines.next(), Some("business_date,fees,rewards,earned"));
    let fees: f64 = lines
        .filter_map(|line| {
            line.strip_prefix("2026-03-02,")?
                .split(',')
                .next()?
                .parse::<f64>()
                .ok()
        })
        .sum();
    assert!(fees >= 1_200.0, "{sheet}");
}

#[test]
fn e01_the_follower_of_the_page_keeps_its_place_and_hears_what_comes() {
    let desk = Desk::new();
    let kesha = Api::log_in(desk.app.base(), "kesha", crate::support::PASSWORD);
    let program = example_with("python", "open(\"place\")");
    assert!(program.starts_with("# runs until it is stopped"));
    let hear = |title: &str| {
        let mut child = desk
            .python(&program)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let (_, task) = kesha.post("/api/v1/tasks", &json!({ "title": title }));
        let wanted = format!("task.created {}", task["uid"].as_str().unwrap());
        let mut before = Vec::new();
        while !before
            .last()
            .is_some_and(|line: &String| line.ends_with(&wanted))
        {
            before.push(told.next().expect("it runs until it is stopped"));
        }
        desk.app.drain();
        // Its place is written once the events that follow are told too.
        before.push(told.next().unwrap());
        crate::support::wait_until("its place is kept", || {
            desk.folder.path().join("place").exists()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        before
    };
    let first = hear("Bread");
    assert!(
        first[0].contains("account.created"),
        "from the beginning: {first:?}"
    );
    let second = hear("Butter");
    let created = |line: &&String| line.contains("account.created");
    assert_eq!(
        second.iter().filter(created).count(),
        0,
        "behind its place: {second:?}"
    );
}

#[test]
fn g12_the_query_of_the_sheet_asks_for_what_there_is() {
    let desk = Desk::new();
    let query = example_with("powerquery", "Web.Contents");
    let quoted = |after: &str| {
        let rest = query
            .split_once(after)
            .unwrap_or_else(|| panic!("no {after}"))
            .1;
        rest.split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(quoted("Web.Contents("), "https://ates.example");
    assert_eq!(quoted("Authorization = "), "Bearer ");
    let kesha = Api::log_in(desk.app.base(), "kesha", crate::support::PASSWORD);
    assert_eq!(
        kesha.post("/api/v1/tasks", &json!({ "title": "Seeds" })).0,
        201
    );
    desk.app.drain();
    let path = format!(
        "{}?from={}&to={}",
        quoted("RelativePath = "),
        quoted("from = "),
        quoted("to = ")
    );
    let sheet = Api::with_token(desk.app.base(), &desk.secret("accountant.token"));
    let (status, answer) = sheet.get(&path);
    assert_eq!(status, 200, "{answer}");
    let columns = query
        .split_once("Answer[items], {")
        .unwrap()
        .1
        .split('}')
        .next()
        .unwrap();
    for column in columns.split(',') {
        let name = column.trim().trim_matches('"');
        assert!(!answer["items"][0][name].is_null(), "{name}: {answer}");
    }
}
