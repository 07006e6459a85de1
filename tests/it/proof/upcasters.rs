//! P11: whatever an old event held, it can be understood today.

use std::fs;
use std::path::{Path, PathBuf};

use ates::events::{Fact, facts_of, validate};
use serde_json::{Value, json};
use uuid::Uuid;

use super::history::check;

/// Every golden example of every version that was ever written.
fn golden() -> Vec<(String, i16, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts: Vec<String> = path
                .iter()
                .rev()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            if parts.get(2).is_some_and(|part| part == "examples") {
                found.push((parts[3].clone(), parts[1].parse().unwrap(), path));
            }
        }
    }
    found
}

#[test]
fn p11_every_golden_event_of_every_version_is_understood() {
    let golden = golden();
    assert!(golden.len() >= 20, "{} examples", golden.len());
    for (event_type, version, path) in golden {
        let data: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let facts = facts_of(&event_type, version, Uuid::from_u128(1), &data);
        let carries_none = ["account.logged_in", "email.sent", "email.failed"];
        if !carries_none.contains(&event_type.as_str()) {
            assert!(!facts.unwrap().is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn p11_every_title_that_the_first_version_allowed_is_lifted() {
    check(&"(\\[?[A-Za-z0-9 -]{0,30}\\]?)?\\PC{1,150}", |title| {
        let id = Uuid::from_u128(1);
        let old = json!({ "title": title, "assignee": id, "assignment": id, "created_by": id });
        if validate("task.created", 1, &old).is_err() {
            return Ok(());
        }
        match facts_of("task.created", 1, id, &old)
            .map_err(|error| error.to_string())?
            .as_slice()
        {
            [(_, Fact::TaskCreated(task))] if !task.title.is_empty() => {
                let new = json!({ "title": task.title, "jira_id": task.jira_id, "assignee": id, "assignment": id, "created_by": id });
                validate("task.created", 2, &new).map_err(|error| error.to_string())
            }
            other => Err(format!("{other:?}")),
        }
    });
}
