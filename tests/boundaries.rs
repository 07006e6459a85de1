//! The walls between the modules, held against the code. When this complains: move the code, publish an event, or change the
//! table here in the same commit with a sentence why.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "boundaries/migrations.rs"]
mod migrations;
#[path = "boundaries/self_test.rs"]
mod self_test;
#[path = "boundaries/tokens.rs"]
mod tokens;

use std::path::Path;

use tokens::names_in;

const DOMAIN: &[&str] = &["platform", "events", "bus", "auth"];
const ALL: &[&str] = &[
    "platform",
    "events",
    "bus",
    "auth",
    "tasks",
    "accounting",
    "analytics",
    "operations",
    "relay",
    "webhooks",
];
const ALL_AND_APP: &[&str] = &[
    "platform",
    "events",
    "bus",
    "auth",
    "tasks",
    "accounting",
    "analytics",
    "operations",
    "relay",
    "webhooks",
    "app",
    "cli",
];

/// Every module, the paths of the crate that it may name besides its own, and the schemas that its SQL may name.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    // The unit of work ends with `bus.append`, so that events cannot be forgotten between module and log.
    ("platform", &[], &["platform", "bus"]),
    // Publishing writes into the unit of work, hence `db` and `error`.
    (
        "events",
        &[
            "platform::ids",
            "platform::money",
            "platform::db",
            "platform::error",
        ],
        &[],
    ),
    ("bus", &["platform", "events"], &["bus"]),
    // Who has a session sees the emergency stop on every page: both are read in one statement.
    (
        "auth",
        &["platform", "events", "bus"],
        &["auth", "platform"],
    ),
    ("tasks", DOMAIN, &["tasks"]),
    // The sweep finds what was never booked through the published views, and leaves alone what the bus still has to bring; the
    // list of payouts shows the run table's word on a date that waits. All of it is read, none is written.
    (
        "accounting",
        DOMAIN,
        &["accounting", "report_v1", "bus", "platform"],
    ),
    ("analytics", DOMAIN, &["analytics"]),
    // Its alerts lie in the platform's schema, whose role it has.
    ("operations", DOMAIN, &["report_v1", "platform"]),
    // It passes on what is stored and understands none of it.
    ("relay", &["platform", "bus"], &[]),
    // So does it, to targets of the configuration.
    ("webhooks", &["platform", "bus"], &[]),
    ("app", ALL, &[]),
    ("cli", ALL_AND_APP, &[]),
    ("lib", &[], &[]),
    ("main", ALL_AND_APP, &[]),
];

const SCHEMAS: &[&str] = &[
    "platform",
    "bus",
    "auth",
    "tasks",
    "accounting",
    "analytics",
    "report_v1",
];

/// Files and folders of a module in which diesel may be named; elsewhere only its connection's type, to be handed on.
const DIESEL_ROOMS: &[&str] = &["store", "queries", "schema"];
const DIESEL_MODULES: &[&str] = &["platform", "bus"];
/// The command line tries one connection before it opens the pools, to say plainly what is wrong.
const DIESEL_FILES: &[&str] = &["cli/connect.rs"];

/// Files and folders of a module in which actix may be named.
const ACTIX_ROOMS: &[&str] = &["pages", "api", "views", "web"];
const ACTIX_MODULES: &[&str] = &["platform", "app"];
/// The face of a module names this type alone, to mount its pages and its API.
const ACTIX_FACE: &str = "actix_web::web::ServiceConfig";
/// The program's main future runs on actix's runtime, and so does the hashing of a password at the command line.
const ACTIX_FILES: &[&str] = &["cli/serve.rs", "cli/stop.rs"];

/// Folders of templates that are not named for their module.
const TEMPLATE_OWNERS: &[(&str, &str)] = &[
    ("errors", "platform"),
    ("mails", "accounting"),
    ("shuffles", "tasks"),
];

/// The faults of one source file; `path` is below `src`.
fn faults_of_source(path: &str, source: &str) -> Vec<String> {
    let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let here: Vec<String> = stem
        .split('/')
        .filter(|part| *part != "lib")
        .map(ToOwned::to_owned)
        .collect();
    let module = stem.split('/').next().unwrap();
    let Some((_, walls, schemas)) = WALLS.iter().find(|(name, ..)| *name == module) else {
        return vec![format!("{path}: the module {module} is not in the table")];
    };
    let named = names_in(source, &here);
    let mut faults = Vec::new();
    let below = |path: &str, wall: &str| path == wall || path.starts_with(&format!("{wall}::"));
    for used in &named.paths {
        let known = WALLS.iter().any(|(name, ..)| below(used, name));
        if known && !below(used, module) && !walls.iter().any(|wall| below(used, wall)) {
            faults.push(format!("{path}: {module} may not name {used}"));
        }
    }
    let in_rooms = |rooms: &[&str]| stem.split('/').skip(1).any(|part| rooms.contains(&part));
    let diesel =
        DIESEL_MODULES.contains(&module) || in_rooms(DIESEL_ROOMS) || DIESEL_FILES.contains(&path);
    let actix =
        ACTIX_MODULES.contains(&module) || in_rooms(ACTIX_ROOMS) || ACTIX_FILES.contains(&path);
    let is_face = path.ends_with("/mod.rs") && path.matches('/').count() == 1;
    for used in &named.foreign {
        let is_connection =
            ["diesel::PgConnection", "diesel::pg::PgConnection"].contains(&used.as_str());
        if (below(used, "diesel") && !diesel && !is_connection)
            || (below(used, "actix_web") && !actix && !(is_face && used == ACTIX_FACE))
        {
            faults.push(format!("{path}: {used} has no place here"));
        }
    }
    for text in named.texts.iter().filter(|text| is_sql(text)) {
        for schema in SCHEMAS
            .iter()
            .filter(|schema| !schemas.contains(schema) && names_schema(text, schema))
        {
            faults.push(format!("{path}: its SQL names the schema {schema}"));
        }
    }
    for template in named
        .templates
        .iter()
        .map(|text| text.trim_matches('"'))
        .filter(|text| text.ends_with(".html") || text.ends_with(".txt"))
    {
        let owner = owner_of_template(template);
        if owner != Some(module) {
            faults.push(format!("{path}: the template {template} is not its own"));
        }
    }
    faults
}

fn is_sql(text: &str) -> bool {
    [
        "select ",
        "insert into",
        "update ",
        "delete from",
        " from ",
        " join ",
        "truncate ",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// Whether a schema is named in front of one of its tables; inside quotation marks it is a text.
fn names_schema(sql: &str, schema: &str) -> bool {
    sql.match_indices(&format!("{schema}.")).any(|(at, found)| {
        let before = sql[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && !"_'.".contains(c) || at == 1);
        before
            && sql[at + found.len()..].starts_with(|c: char| c.is_alphabetic() || "_{".contains(c))
    })
}

fn owner_of_template(template: &str) -> Option<&str> {
    let (folder, _) = template.split_once('/')?;
    let owner = TEMPLATE_OWNERS
        .iter()
        .find(|(name, _)| *name == folder)
        .map(|(_, owner)| *owner);
    owner.or_else(|| {
        WALLS
            .iter()
            .map(|(name, ..)| *name)
            .find(|name| *name == folder)
    })
}

/// The faults of one template; `path` is below `templates`.
fn faults_of_template(path: &str, text: &str) -> Vec<String> {
    let shared = ["base.html", "macros.html"];
    if !shared.contains(&path) && owner_of_template(path).is_none() {
        return vec![format!("{path}: no module owns this folder")];
    }
    let tags = text.split("{%").skip(1).filter_map(|tag| {
        let tag = tag.split("%}").next()?.trim_start_matches('-').trim_start();
        let verb = ["extends", "include", "import", "from"]
            .into_iter()
            .find(|verb| tag.starts_with(verb))?;
        tag[verb.len()..].split('"').nth(1)
    });
    tags.filter(|used| !shared.contains(used) && owner_of_template(used) != owner_of_template(path))
        .map(|used| format!("{path}: {used} belongs to another module"))
        .collect()
}

/// Every file below a folder of the repository: its path in that folder and its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let (mut waiting, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = waiting.pop() {
        for path in std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.push((
                    path.strip_prefix(&root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                    text,
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_code_keeps_to_the_walls() {
    let sources: Vec<_> = files("src")
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .collect();
    let mut faults: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| faults_of_source(path, text))
        .collect();
    for (module, ..) in WALLS {
        if !sources.iter().any(|(path, _)| {
            path.starts_with(&format!("{module}/")) || *path == format!("{module}.rs")
        }) {
            faults.push(format!(
                "the table has the module {module}, the code has not"
            ));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_templates_keep_to_the_walls() {
    let faults: Vec<String> = files("templates")
        .iter()
        .flat_map(|(path, text)| faults_of_template(path, text))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
