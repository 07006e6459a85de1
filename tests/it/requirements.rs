//! Every row of the money and of identity has a test that carries its id in its name: `m25_…`, or several as in `m15_m21_…`. A row that is lost, or a new
//! one that nobody tests, fails here.

use std::collections::BTreeMap;
use std::path::Path;

/// The rows of sections 1 and 3 of the requirements, and those of other sections that the books rest on.
const ROWS: &[&str] = &[
    "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12", "a13",
    "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26",
    "m01", "m02", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11", "m12", "m12a",
    "m13", "m14", "m15", "m16", "m17", "m18", "m19", "m20", "m21", "m22", "m23", "m24", "m25",
    "m26", "m27", "m28", "m29", "m30", "m31", "m32", "m33", "m34", "m35", "m36", "m37", "m38",
    "m39", "m40", "m41", "m42", "m43", "m44", "m45", "m46", "m47", "n06", "n09", "r10", "r11",
    "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r22", "r24", "d16",
];

/// The ids that the names of tests carry, with the tests of each: leading words of a letter or two and two figures.
fn tested(folder: &Path, found: &mut BTreeMap<String, Vec<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tested(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for name in names_of_tests(&source) {
                for id in ids_of(&name) {
                    found.entry(id).or_default().push(name.clone());
                }
            }
        }
    }
}

/// The functions that stand under a `#[test]`.
fn names_of_tests(source: &str) -> Vec<String> {
    source
        .split("#[test]")
        .skip(1)
        .filter_map(|rest| {
            let name = rest.split_once("fn ")?.1.split_once('(')?.0;
            Some(name.to_owned())
        })
        .collect()
}

/// The ids at the beginning of a name.
fn ids_of(name: &str) -> Vec<String> {
    let is_id = |word: &&str| {
        let letters = word.chars().take_while(char::is_ascii_lowercase).count();
        let figures: Vec<char> = word.chars().skip(letters).collect();
        letters == 1
            && figures
                .iter()
                .take(2)
                .filter(|c| c.is_ascii_digit())
                .count()
                == 2
            && (figures.len() == 2 || figures.len() == 3 && figures[2].is_ascii_lowercase())
    };
    name.split('_')
        .take_while(is_id)
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_row_of_the_money_has_a_test_by_its_id() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    for folder in ["src", "tests"] {
        tested(&root.join(folder), &mut found);
    }
    let missing: Vec<&&str> = ROWS
        .iter()
        .filter(|row| !found.contains_key(**row))
        .collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
}

#[test]
fn ids_are_read_from_the_beginning_of_a_name_only() {
    assert_eq!(ids_of("m12a_the_morning"), ["m12a"]);
    assert_eq!(ids_of("t15_t16_e14_ten_thousand"), ["t15", "t16", "e14"]);
    assert_eq!(ids_of("a_row_of_m25"), Vec::<String>::new());
    assert_eq!(ids_of("m5_is_of_the_interface"), Vec::<String>::new());
    assert_eq!(
        names_of_tests("#[test]\nfn m01_x() {}\nfn m02_y() {}"),
        ["m01_x"]
    );
}

/// The words in `code` of a text that can be names of tests.
fn named_tests(text: &str) -> Vec<&str> {
    let is_name = |word: &&str| {
        word.contains('_')
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('`').skip(1).step_by(2).filter(is_name).collect()
}

/// The functions of all tests, those of an asynchronous runtime too.
fn every_test() -> std::collections::BTreeSet<String> {
    fn collect(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                for attribute in ["#[test]", "#[actix_web::test]", "#[tokio::test"] {
                    for rest in source.split(attribute).skip(1) {
                        let name = rest
                            .split_once("fn ")
                            .and_then(|(_, rest)| rest.split_once('('));
                        found.extend(name.map(|(name, _)| name.to_owned()));
                    }
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = std::collections::BTreeSet::new();
    collect(&root.join("src"), &mut found);
    collect(&root.join("tests"), &mut found);
    found
}

#[test]
fn every_abuse_case_names_the_test_that_stops_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/SECURITY.md");
    let page = std::fs::read_to_string(page).unwrap();
    let tests = every_test();
    let gone: Vec<&str> = named_tests(&page)
        .into_iter()
        .filter(|name| !tests.contains(*name))
        .collect();
    assert!(gone.is_empty(), "named and not there: {gone:?}");
    for number in 1..=70 {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| A{number:02} |")))
            .unwrap_or_else(|| panic!("no abuse case A{number:02}"));
        assert!(!named_tests(row).is_empty(), "A{number:02} names no test");
    }
}

/// The rows of the promises about failures, load and operation: how their names begin, and the number of the last.
const PROMISES: &[(&str, usize)] = &[
    ("T-CRASH-", 5),
    ("T-DB-", 9),
    ("T-DOS-", 5),
    ("T-LOAD-", 7),
    ("T-OPS-", 10),
];

/// What is wrong with the page that says what shows each promise.
fn faults_of_promises(page: &str, tests: &std::collections::BTreeSet<String>) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = (1..=26).map(|number| format!("R{number:02}")).chain(
        PROMISES
            .iter()
            .flat_map(|(row, last)| (1..=*last).map(move |number| format!("{row}{number}"))),
    );
    let is_of = |line: &&str, row: &str| {
        let first = line.split('|').nth(1).unwrap_or_default();
        first.split(',').any(|name| name.trim() == row)
    };
    let missing = rows.filter(|row| !page.lines().any(|line| is_of(&line, row)));
    let gone = named_tests(page)
        .into_iter()
        .filter(|name| !tests.contains(*name));
    let is_script = |word: &&str| word.starts_with("scripts/") || word.starts_with("benches/");
    let scripts = page.split('`').skip(1).step_by(2).filter(is_script);
    let away = scripts.filter(|script| !root.join(script).exists());
    missing
        .chain(gone.chain(away).map(ToOwned::to_owned))
        .collect()
}

#[test]
fn every_promise_about_failures_load_and_operation_names_what_shows_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PROMISES.md");
    let page = std::fs::read_to_string(page).unwrap();
    let tests = every_test();
    assert_eq!(faults_of_promises(&page, &tests), [""; 0]);
    let broken = page
        .replace("| R07 |", "| |")
        .replace("`a_minute_of_chaos", "`a_year_of_chaos")
        .replace("`scripts/previous-release`", "`scripts/no-release`");
    assert_eq!(
        faults_of_promises(&broken, &tests),
        [
            "R07",
            "a_year_of_chaos_loses_doubles_and_reorders_nothing",
            "a_year_of_chaos_loses_doubles_and_reorders_nothing",
            "scripts/no-release"
        ]
    );
}

#[test]
fn names_of_tests_are_found_in_a_text() {
    assert_eq!(
        named_tests("| A01 | `a01_x`, `Idempotency-Key` and `b_y` | `WORD` |"),
        ["a01_x", "b_y"]
    );
    assert!(every_test().contains("names_of_tests_are_found_in_a_text"));
}

/// What is built in is what was looked at: from the one registry, with the digest of each package.
#[test]
fn a69_everything_that_is_built_in_comes_from_the_registry_and_is_locked() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
    let lock: toml::Table = std::fs::read_to_string(lock).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        if name.starts_with("ates") {
            continue;
        }
        let source = package["source"].as_str().unwrap_or_default();
        assert_eq!(
            source, "registry+https://github.com/rust-lang/crates.io-index",
            "{name}"
        );
        assert_eq!(package["checksum"].as_str().unwrap().len(), 64, "{name}");
    }
}
