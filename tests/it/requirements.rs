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
    "r12", "r13", "r14", "r16", "r17", "r18", "r19", "r20", "r22", "r24", "d16",
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
