//! T-FUZZ-1 and T-FUZZ-2: schemathesis reads the document and sends what it allows and what it forbids, as each role; every answer is held to
//! the document. Short in `./check`, ten thousand requests and more in `./check --long`.

use std::path::{Path, PathBuf};
use std::process::Command;

use ates::auth::Role;
use diesel::RunQueryDsl;
use serde_json::{Value, json};

use crate::routes::world::World;
use crate::support::{Api, PASSWORD, Person};

const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/schemathesis");
const SETTINGS: &str = include_str!("../../support/schemathesis.toml");

fn is_long() -> bool {
    std::env::var_os("ATES_TEST_LONG").is_some()
}

/// What one run shall do.
struct Run<'a> {
    name: String,
    phases: &'a str,
    /// Requests for each operation and phase.
    examples: u32,
    /// `--include-operation-id` or `--exclude-operation-id`, and of which.
    only: &'a [&'a str],
    without: &'a [&'a str],
    /// Added to the settings.
    settings: String,
}

impl Run<'_> {
    /// Runs it with a token, if it has one of its own, and gives the number of requests.
    fn ask(&self, base: &str, token: Option<&str>) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.toml");
        std::fs::write(&settings, format!("{SETTINGS}\n{}", self.settings)).unwrap();
        // The document is read as it is written, since a phase of its own would need the token of somebody.
        let document = folder.path().join("openapi.json");
        std::fs::write(&document, without_request_keys().to_string()).unwrap();
        let report = folder.path().join("report.json");
        let mut tool = Command::new(TOOL);
        tool.current_dir(folder.path())
            .args(["--config-file", path(&settings), "run", path(&document)])
            .args([
                "--url",
                base,
                "--checks",
                "all",
                "--no-color",
                "--phases",
                self.phases,
            ])
            .args(["--report", "json", "--report-json-path", path(&report)])
            .args(["--max-examples", &self.examples.to_string()]);
        if !is_long() {
            tool.args(["--generation-deterministic", "--no-shrink"]);
        }
        for id in self.only {
            tool.args(["--include-operation-id", id]);
        }
        for id in self.without {
            tool.args(["--exclude-operation-id", id]);
        }
        if let Some(token) = token {
            tool.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        let output = tool.output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{words}\n{errors}", self.name);
        let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        assert_eq!(report["failures"], json!([]), "{}", self.name);
        assert_eq!(report["errors"], json!([]), "{}", self.name);
        let asked = report["test_cases"]["generated"].as_u64().unwrap();
        println!(
            "{}: {asked} requests in {} s, seed {}, as {}",
            self.name, report["running_time"], report["seed"], report["auth"]
        );
        asked
    }
}

/// The document without `Idempotency-Key`: a key that was used for another body is refused, and no schema can say so (T-CON-4 sends them).
fn without_request_keys() -> Value {
    let mut document = super::document::written();
    let paths = document["paths"].as_object_mut().unwrap();
    for operation in paths
        .values_mut()
        .flat_map(|item| item.as_object_mut().unwrap().values_mut())
    {
        let parameters = operation.get_mut("parameters");
        if let Some(parameters) = parameters.and_then(serde_json::Value::as_array_mut) {
            parameters.retain(|parameter| parameter["name"] != "Idempotency-Key");
        }
    }
    document
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The token of somebody new with this one role.
fn token_of(world: &World, role: Role) -> String {
    world.visitor(role).api.token().unwrap().to_owned()
}

/// Everybody asks for everything: what is not theirs is refused as the document says.
fn fuzz(role: Role) {
    let world = World::build();
    let token = token_of(&world, role);
    let run = Run {
        name: role.to_string(),
        phases: if is_long() {
            "examples,coverage,fuzzing"
        } else {
            "fuzzing"
        },
        examples: if is_long() { 25 } else { 2 },
        only: &[],
        without: &[],
        settings: String::new(),
    };
    let asked = run.ask(&world.app.base(), Some(&token));
    assert!(asked >= if is_long() { 1_300 } else { 60 }, "{asked}");
    world.app.settle_idle();
}

#[test]
fn t_fuzz_1_other() {
    fuzz(Role::Other);
}

#[test]
fn t_fuzz_1_developer() {
    fuzz(Role::Developer);
}

#[test]
fn t_fuzz_1_boss() {
    fuzz(Role::Boss);
}

#[test]
fn t_fuzz_1_manager() {
    fuzz(Role::Manager);
}

#[test]
fn t_fuzz_1_accountant() {
    fuzz(Role::Accountant);
}

#[test]
fn t_fuzz_1_internalservice() {
    fuzz(Role::Internalservice);
}

/// Takes every hold of a consumer away again.
fn release_all(root: &Api) {
    let (_, consumers) = root.get("/api/v1/ops/consumers");
    for consumer in consumers["items"].as_array().unwrap() {
        for hold in consumer["holders"].as_array().unwrap() {
            let path = format!(
                "/api/v1/ops/consumers/{}/resume",
                consumer["name"].as_str().unwrap()
            );
            let order = json!({ "holder": hold["holder"] });
            assert_eq!(root.post(&path, &order).0, 200, "{path}");
        }
    }
}

#[test]
fn t_fuzz_1_administrator() {
    let world = World::build();
    let root = world.app.register("root", &["administrator"]);
    let token = token_of(&world, Role::Administrator);
    let base = world.app.base();
    // What may end one's own token, and what stops everything, come last and by themselves.
    let dangers = ["update_user", "delete_user", "set_stop", "release_stop"];
    let (phases, examples) = if is_long() {
        ("examples,coverage,fuzzing", 60)
    } else {
        ("examples,coverage,fuzzing", 1)
    };
    let whole = Run {
        name: "administrator".to_owned(),
        phases,
        examples,
        only: &[],
        without: &dangers,
        settings: String::new(),
    };
    let mut asked = whole.ask(&base, Some(&token));
    release_all(&world.app.api(&root));
    for only in [&dangers[..2], &dangers[2..]] {
        world.app.clock().advance(chrono::Duration::seconds(20));
        let token = world.app.api(&root).token().unwrap().to_owned();
        let part = Run {
            name: only.join(" and "),
            only,
            without: &[],
            settings: String::new(),
            ..whole
        };
        asked += part.ask(&base, Some(&token));
    }
    assert!(asked >= if is_long() { 3_000 } else { 500 }, "{asked}");
    // The fuzzer has tried many passwords; whoever comes after it need not wait until tomorrow.
    diesel::connection::SimpleConnection::batch_execute(
        &mut world.app.conn(),
        "delete from auth.login_failures",
    )
    .unwrap();
    let order = json!({ "reason": "The fuzzer has gone home", "password": PASSWORD });
    let (status, _) = world.app.api(&root).post("/api/v1/ops/release", &order);
    assert!(matches!(status, 200 | 409), "{status}");
    world.app.settle_idle();
}

/// People whose things nobody else may see: neither is drawn, so what one makes never gets to the other.
fn loners(world: &World) -> [Person; 2] {
    let loners = ["lone.first", "lone.second"].map(|name| world.app.register(name, &["developer"]));
    let mut conn = world.app.conn();
    for loner in &loners {
        let changed =
            diesel::sql_query("update tasks.employees set assignable = false where id = $1")
                .bind::<diesel::sql_types::Uuid, _>(loner.id)
                .execute(&mut conn)
                .unwrap();
        assert_eq!(changed, 1);
    }
    loners
}

/// A file that tells the tool how to be each of them.
fn identities(folder: &Path, world: &World, people: &[Person]) -> PathBuf {
    let users: Vec<Value> = people
        .iter()
        .map(|person| {
            let token = world.app.api(person).token().unwrap().to_owned();
            let header = json!({ "name": "Authorization", "value": format!("Bearer {token}") });
            json!({ "name": person.username, "fixedHeaders": [header] })
        })
        .collect();
    let file = folder.join("identities.json");
    let text = json!({ "schemaVersion": "0.2.0", "auth": users }).to_string();
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn t_fuzz_2_one_step_leads_to_the_next_and_nobody_gets_what_is_anothers() {
    let world = World::build();
    let people = loners(&world);
    let folder = tempfile::tempdir().unwrap();
    let file = identities(folder.path(), &world, &people);
    let run = Run {
        name: "two developers, stateful".to_owned(),
        phases: "stateful",
        examples: if is_long() { 250 } else { 2 },
        only: &[],
        without: &[],
        settings: format!(
            "[auth.wfc]\npath = {:?}\npeers = [{:?}, {:?}]\n",
            path(&file),
            people[0].username,
            people[1].username
        ),
    };
    let mut asked = run.ask(&world.app.base(), None);
    let root = world.app.register("root", &["administrator"]);
    let token = token_of(&world, Role::Administrator);
    let run = Run {
        name: "administrator, stateful".to_owned(),
        without: &["update_user", "set_stop", "release_stop"],
        settings: String::new(),
        ..run
    };
    asked += run.ask(&world.app.base(), Some(&token));
    assert!(asked >= if is_long() { 1_000 } else { 20 }, "{asked}");
    release_all(&world.app.api(&root));
    world.app.settle_idle();
}
