//! The contract of every event: what the code writes fits the published schema, every version ever published can be read, and
//! nothing that was published is changed (E05, E11, E12). `docs/EVENTS.md` says how an event is changed.

mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::upcast::{UPCASTERS, lift};
use super::*;
use samples::samples;

/// Types whose producers still write an older version, while the readers of the newest are rolled out: readers first.
const STILL_WRITTEN: &[(&str, i16)] = &[];

/// Types that no subscriber is told of.
const FOR_NOBODY: [&str; 3] = ["account.logged_in", "email.sent", "email.failed"];

/// A file below `schemas`: its path there and its text.
fn published_files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let (mut waiting, mut found) = (vec![root.clone()], BTreeMap::new());
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(folder).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                found.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// The golden examples: type, version, name and content.
fn examples() -> Vec<(String, i16, String, Value)> {
    published_files()
        .into_iter()
        .filter_map(|(path, text)| {
            let [_, event_type, "examples", version, name] =
                path.split('/').collect::<Vec<_>>()[..]
            else {
                return None;
            };
            let data = serde_json::from_str(&text).unwrap();
            Some((
                event_type.into(),
                version.parse().unwrap(),
                name.into(),
                data,
            ))
        })
        .collect()
}

fn newest_versions() -> BTreeMap<&'static str, i16> {
    let mut newest = BTreeMap::new();
    for (event_type, version, _) in all_schemas() {
        let known = newest.entry(event_type).or_insert(version);
        *known = version.max(*known);
    }
    newest
}

/// Reads content as the struct of its type and writes it again.
fn through_the_struct(event_type: &str, data: &Value) -> Value {
    fn through<E: Event + DeserializeOwned>(data: &Value) -> Value {
        serde_json::to_value(E::deserialize(data).unwrap()).unwrap()
    }
    let through = match event_type {
        AccountCreated::TYPE => through::<AccountCreated>,
        AccountUpdated::TYPE => through::<AccountUpdated>,
        AccountDeleted::TYPE => through::<AccountDeleted>,
        AccountLoggedIn::TYPE => through::<AccountLoggedIn>,
        TaskCreated::TYPE => through::<TaskCreated>,
        TaskUpdated::TYPE => through::<TaskUpdated>,
        TaskAssigned::TYPE => through::<TaskAssigned>,
        TasksReassigned::TYPE => through::<TasksReassigned>,
        TaskCompleted::TYPE => through::<TaskCompleted>,
        TaskEstimated::TYPE => through::<TaskEstimated>,
        AuditLogRecordCreated::TYPE => through::<AuditLogRecordCreated>,
        PaymentLogRecordCreated::TYPE => through::<PaymentLogRecordCreated>,
        BusinessDayClosed::TYPE => through::<BusinessDayClosed>,
        EmailSent::TYPE => through::<EmailSent>,
        EmailFailed::TYPE => through::<EmailFailed>,
        other => panic!("{other} has no struct"),
    };
    through(data)
}

#[test]
fn e11_every_published_version_has_a_golden_example_that_fits_its_schema() {
    let mut shown = BTreeSet::new();
    for (event_type, version, name, data) in examples() {
        assert_eq!(validate(&event_type, version, &data), Ok(()), "{name}");
        shown.insert((event_type, version));
    }
    let published: BTreeSet<(String, i16)> = all_schemas()
        .map(|(event_type, version, _)| (event_type.to_owned(), version))
        .collect();
    assert_eq!(shown, published);
}

#[test]
fn e12_every_example_ever_published_is_read_as_the_newest_version() {
    let newest = newest_versions();
    for (event_type, version, name, data) in examples() {
        let lifted = lift(&event_type, version, &data);
        assert_eq!(
            validate(&event_type, newest[&*event_type], &lifted),
            Ok(()),
            "{event_type} {name}"
        );
        assert_eq!(
            through_the_struct(&event_type, &lifted),
            *lifted,
            "{event_type} {name}"
        );
        let facts = facts_of(&event_type, version, Uuid::nil(), &data);
        assert_eq!(
            facts.is_ok(),
            !FOR_NOBODY.contains(&&*event_type),
            "{event_type}: {facts:?}"
        );
    }
}

#[test]
fn e05_what_is_written_fits_the_newest_schema() {
    for (event_type, version, data) in samples() {
        validate(event_type, version, &data).unwrap();
        assert_eq!(through_the_struct(event_type, &data), data);
    }
}

#[test]
fn every_type_is_in_the_catalogue_and_written_in_its_newest_version() {
    let written: BTreeMap<&str, i16> = samples()
        .iter()
        .map(|(event_type, version, _)| (*event_type, *version))
        .collect();
    let listed: BTreeMap<&str, i16> = CATALOGUE
        .iter()
        .map(|kind| (kind.event_type, kind.version))
        .collect();
    assert_eq!(written, listed);
    assert_eq!(CATALOGUE.len(), listed.len(), "one entry a type");
    let mut expected = newest_versions();
    expected.extend(STILL_WRITTEN.iter().copied());
    assert_eq!(written, expected);
}

#[test]
fn every_schema_lies_where_the_contract_says_and_is_embedded() {
    let embedded: BTreeSet<PathBuf> = all_schemas()
        .map(|(event_type, version, _)| {
            let kind = CATALOGUE.iter().find(|kind| kind.event_type == event_type);
            PathBuf::from(kind.unwrap().producer)
                .join(event_type)
                .join(format!("{version}.json"))
        })
        .collect();
    let found: BTreeSet<PathBuf> = published_files()
        .into_keys()
        .filter(|path| !path.contains("/examples/"))
        .map(PathBuf::from)
        .collect();
    assert_eq!(found, embedded);
}

#[test]
fn e12_a_version_appears_only_with_the_step_that_leads_to_it() {
    let published: BTreeSet<(&str, i16)> = all_schemas()
        .map(|(event_type, version, _)| (event_type, version))
        .collect();
    let reached: BTreeSet<(&str, i16)> = UPCASTERS
        .iter()
        .map(|step| (step.event_type, step.from + 1))
        .collect();
    let later: BTreeSet<(&str, i16)> = published
        .iter()
        .copied()
        .filter(|(_, version)| *version > 1)
        .collect();
    assert_eq!(later, reached);
    for (event_type, version) in later {
        assert!(
            published.contains(&(event_type, version - 1)),
            "a gap before {event_type} v{version}"
        );
    }
}

/// The hashes of `schemas/LOCK`, in the form of `sha256sum`.
fn locked() -> BTreeMap<String, String> {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/LOCK");
    std::fs::read_to_string(lock)
        .unwrap()
        .lines()
        .map(|line| {
            let (hash, path) = line.split_once("  ").unwrap();
            (path.to_owned(), hash.to_owned())
        })
        .collect()
}

/// What is wrong with the published files, line by line.
fn breaches(locked: &BTreeMap<String, String>, files: &BTreeMap<String, String>) -> Vec<String> {
    let gone = locked
        .keys()
        .filter(|path| !files.contains_key(*path))
        .map(|path| format!("{path} was published and is gone"));
    let present = files.iter().filter_map(|(path, text)| {
        let hash = hex::encode(Sha256::digest(text));
        match locked.get(path) {
            Some(known) if *known == hash => None,
            Some(_) => Some(format!(
                "{path} was published and is changed: make a new version"
            )),
            None => Some(format!(
                "{path} is new: add the line \"{hash}  {path}\" to schemas/LOCK"
            )),
        }
    });
    gone.chain(present).collect()
}

#[test]
fn e11_a_published_schema_or_example_is_never_changed() {
    let found = breaches(&locked(), &published_files());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_lock_notices_what_is_changed_gone_or_new() {
    let (lock, files) = (locked(), published_files());
    let (path, text) = files.first_key_value().unwrap();
    let changed = BTreeMap::from([(path.clone(), format!("{text} "))]);
    let known = BTreeMap::from([(path.clone(), lock[path].clone())]);
    for (lock, files, word) in [
        (&known, &changed, "is changed"),
        (&known, &BTreeMap::new(), "is gone"),
        (&BTreeMap::new(), &changed, "is new"),
    ] {
        let found = breaches(lock, files);
        assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
    }
}
