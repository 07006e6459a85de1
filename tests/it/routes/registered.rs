//! The routes that the source registers, read from its text: actix has no list of them.

use std::collections::BTreeSet;
use std::path::Path;

/// Method and path of every route of the product.
pub fn registered() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    read_folder(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut found,
    );
    found
}

fn read_folder(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            read_folder(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !is_test {
            read_text(&std::fs::read_to_string(&path).unwrap(), found);
        }
    }
}

/// Finds `resource("path").route(get().to(..)).route(..)` and `.route("path", get().to(..))`.
fn read_text(text: &str, found: &mut BTreeSet<(String, String)>) {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    for (start, _) in code.match_indices("resource(\"/") {
        let (path, mut rest) = quoted(&code[start + "resource(".len()..]);
        rest = rest.strip_prefix(')').unwrap_or(rest);
        while let Some(route) = rest.strip_prefix(".route(") {
            found.insert((method(route), path.to_owned()));
            rest = after_closing(route);
        }
    }
    for (start, _) in code.match_indices(".route(\"/") {
        let (path, rest) = quoted(&code[start + ".route(".len()..]);
        found.insert((
            method(rest.strip_prefix(',').unwrap_or(rest)),
            path.to_owned(),
        ));
    }
}

/// The content of the string at the beginning, and what follows it.
fn quoted(code: &str) -> (&str, &str) {
    code[1..].split_once('"').unwrap()
}

/// `get().to(..)` or `web::get().to(..)`: the method in capitals.
fn method(code: &str) -> String {
    let call = code.split_once('(').unwrap().0;
    call.rsplit("::").next().unwrap().to_uppercase()
}

/// What follows the bracket that closes the one before `code`.
fn after_closing(code: &str) -> &str {
    let mut depth = 1;
    for (at, c) in code.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &code[at + 1..];
        }
    }
    ""
}
