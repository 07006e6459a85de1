//! Migrations while the release before still runs (A68): since the baseline, each only adds. What takes away, renames, or holds a table
//! for longer than a moment is refused, unless the line above says why it does no harm: `-- safe: …`.

use std::path::Path;

/// The last migration from before the rule; those up to it were made while nobody could run two releases side by side.
const BASELINE: &str = "20261121000067";

/// What a statement may not hold, and why.
const REFUSED: &[(&str, &str)] = &[
    ("drop table", "the release before reads it"),
    (
        "drop view",
        "the release before reads it; `create or replace view` with columns added at the end",
    ),
    ("drop materialized view", "the release before reads it"),
    ("drop schema", "the release before uses it"),
    ("drop column", "the release before names it"),
    (
        "drop function",
        "the release before calls it; `create or replace function`",
    ),
    ("drop type", "the release before uses it"),
    ("rename", "the release before uses the old name"),
    (
        "set not null",
        "the release before may write null; a check that is `not valid` at first",
    ),
    ("truncate ", "rows are kept"),
    ("delete from", "rows are kept"),
    ("lock table", "whoever writes waits"),
    ("vacuum full", "whoever reads waits"),
    ("cluster ", "whoever reads waits"),
    ("revoke ", "the release before may need the right"),
];

/// The statements of a script, each with the remark above it; bodies of functions count as part of their statement.
fn statements(script: &str) -> Vec<(String, bool)> {
    let (mut found, mut text, mut safe, mut body) = (Vec::new(), String::new(), false, false);
    for line in script.lines() {
        let line = line.trim();
        if let Some(remark) = line.strip_prefix("--") {
            safe |= remark
                .trim_start()
                .strip_prefix("safe: ")
                .is_some_and(|why| why.len() > 10);
            continue;
        }
        body ^= line.matches("$$").count() % 2 == 1;
        text.push_str(&line.to_lowercase());
        text.push(' ');
        if line.ends_with(';') && !body {
            found.push((std::mem::take(&mut text), std::mem::take(&mut safe)));
        }
    }
    if !text.trim().is_empty() {
        found.push((text, safe));
    }
    found
}

/// What is wrong with a script.
fn faults(script: &str) -> Vec<String> {
    let all = statements(script);
    let made: Vec<&str> = all
        .iter()
        .filter_map(|(text, _)| text.strip_prefix("create table "))
        .map(|rest| {
            rest.trim_start_matches("if not exists ")
                .split([' ', '('])
                .next()
                .unwrap_or_default()
        })
        .collect();
    let mut faults = Vec::new();
    for (text, safe) in &all {
        let is_code =
            text.contains("create or replace function") || text.contains("create function");
        if *safe || is_code {
            continue;
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let of_new = |before: &str| {
            let rest = words.split_once(before).map(|(_, rest)| rest);
            let name = rest.and_then(|rest| rest.split([' ', '(', ';']).next());
            name.is_some_and(|name| made.contains(&name))
        };
        let mut refuse = |why: &str| {
            faults.push(format!(
                "{why}: {}",
                words.chars().take(100).collect::<String>()
            ))
        };
        let words_of_type = words.contains("alter column") && words.contains(" type ");
        if words_of_type {
            refuse(
                "the table is written anew under a lock, and the release before expects the old type",
            );
        }
        for (what, why) in REFUSED {
            if words.contains(what) {
                refuse(why);
            }
        }
        if words.starts_with("alter table") && !of_new("alter table ") {
            let adds = words.split("add column").skip(1);
            if adds
                .clone()
                .any(|column| column.contains("not null") && !column.contains("default"))
            {
                refuse("the release before writes rows without that column: give it a default");
            }
            let constrains = words.contains("add constraint")
                || words.contains("add check")
                || words.contains("add foreign key");
            if constrains && !words.contains("not valid") && !words.contains("using index") {
                refuse(
                    "every row is looked at under a lock: `not valid` here, `validate constraint` in the next migration",
                );
            }
        }
        let indexes = words.starts_with("create index") || words.starts_with("create unique index");
        if indexes && !words.contains("concurrently") && !of_new(" on ") && !of_new(" on only ") {
            refuse(
                "whoever writes waits until the index is made: `concurrently`, in a migration of its own without a transaction",
            );
        }
    }
    faults
}

#[test]
fn a68_a_migration_only_adds_while_the_release_before_still_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.as_str() <= BASELINE || name.starts_with(BASELINE) {
            continue;
        }
        let script = std::fs::read_to_string(path.join("up.sql")).unwrap();
        wrong.extend(
            faults(&script)
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a68_the_rule_finds_what_would_break_the_release_before() {
    for harmless in [
        "create table a.b (id uuid); create index b_idx on a.b (id);",
        "alter table a.c add column d text;",
        "alter table a.c add column d text not null default '';",
        "alter table a.c add constraint c_check check (d > 0) not valid;",
        "create index concurrently c_idx on a.c (d);",
        "create or replace function a.f() returns void language sql as $$\n  delete from a.c;\n$$;",
        "-- safe: nobody has read it for three releases\ndrop table a.c;",
        "grant select on a.c to ates_reader;",
    ] {
        assert_eq!(faults(harmless), Vec::<String>::new(), "{harmless}");
    }
    for harmful in [
        "drop table a.c;",
        "ALTER TABLE a.c\n  DROP COLUMN d;",
        "alter table a.c rename column d to e;",
        "alter table a.c add column d text not null;",
        "alter table a.c alter column d set not null;",
        "alter table a.c alter column d type bigint;",
        "alter table a.c add constraint c_check check (d > 0);",
        "create index c_idx on a.c (d);",
        "-- safe: no\ndrop view a.v;",
        "delete from a.c;",
        "revoke select on a.c from ates_tasks;",
    ] {
        assert!(!faults(harmful).is_empty(), "{harmful}");
    }
}
