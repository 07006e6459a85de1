use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// The messages of a file with the names of their arguments.
fn messages(texts: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in texts.lines() {
        let starts = line.starts_with(|first: char| first.is_ascii_lowercase());
        if let Some((id, _)) = line.split_once(" =").filter(|_| starts) {
            current = id.to_owned();
            assert!(
                found.insert(current.clone(), BTreeSet::new()).is_none(),
                "{current} is defined twice"
            );
        }
        for rest in line.split('$').skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
                .collect();
            found.entry(current.clone()).or_default().insert(name);
        }
    }
    found
}

#[test]
fn m17_both_languages_have_the_same_messages_with_the_same_arguments() {
    let (en, ru) = (messages(EN_TEXTS), messages(RU_TEXTS));
    let ids = |texts: &BTreeMap<String, _>| texts.keys().cloned().collect::<BTreeSet<_>>();
    let differ: Vec<_> = ids(&en).symmetric_difference(&ids(&ru)).cloned().collect();
    assert!(differ.is_empty(), "only in one language: {differ:?}");
    for (id, args) in &en {
        assert_eq!(Some(args), ru.get(id), "arguments of {id}");
    }
}

#[test]
fn whole_numbers_in_texts_have_their_thousands_set_apart() {
    let open = |lang: Lang, count: i64| {
        let message = Message::new("tasks-shuffle-button").with("count", count);
        text(lang, &message)
    };
    assert_eq!(open(Lang::En, 100_000), "Shuffle 100,000 open tasks");
    assert_eq!(open(Lang::En, 1), "Shuffle 1 open task");
    assert_eq!(
        open(Lang::Ru, 100_001),
        "Перемешать 100\u{a0}001 открытую задачу"
    );
    assert_eq!(open(Lang::Ru, 999), "Перемешать 999 открытых задач");
}

#[test]
fn every_text_parses_and_is_found_by_its_loader() {
    for lang in Lang::ALL {
        for id in messages(EN_TEXTS).keys() {
            assert!(
                !lang.loader().get(id).starts_with("No localization"),
                "{id} in {}",
                lang.code()
            );
        }
    }
}

#[test]
fn every_message_that_the_code_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = messages(EN_TEXTS);
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    let mut missing = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for id in named_ids(source) {
            if !known.contains_key(&id) {
                missing.insert(format!(
                    "{id} ({})",
                    file.strip_prefix(root).unwrap().display()
                ));
            }
        }
    }
    assert!(missing.is_empty(), "unknown messages: {missing:#?}");
}

/// What ids begin with that the code puts together.
const PUT_TOGETHER: [&str; 10] = [
    "account-mail-",
    "check-",
    "mail-state-",
    "operation-",
    "permission-",
    "role-",
    "scenario-",
    "scope-",
    "setting-",
    "step-",
];

#[test]
fn m17_every_message_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("templates"), &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let Ok(source) = std::fs::read_to_string(&file) else {
            continue;
        };
        let source = source
            .split("#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default();
        named.extend(source.split('"').map(str::to_owned));
    }
    let is_used =
        |id: &str| named.contains(id) || PUT_TOGETHER.iter().any(|start| id.starts_with(start));
    let known = messages(EN_TEXTS);
    let unused: Vec<_> = known.keys().filter(|id| !is_used(id)).collect();
    assert!(unused.is_empty(), "nobody says: {unused:#?}");
    for start in PUT_TOGETHER {
        let begun = known.keys().any(|id| id.starts_with(start));
        let put_together = named.iter().any(|literal| literal.starts_with(start));
        assert!(begun && put_together, "{start}");
    }
}

#[test]
fn t32_the_other_words_stand_in_place_of_the_plain_ones_and_nowhere_else() {
    let birds = |lang| load(lang, StatusWords::Birds);
    for (lang, open, done) in [
        (Lang::En, "bird in the cage", "millet in the bowl"),
        (Lang::Ru, "птичка в клетке", "просо в миске"),
    ] {
        let (plain, birds) = (load(lang, StatusWords::Plain), birds(lang));
        assert_eq!(birds.get("task-status-open"), open);
        assert_eq!(birds.get("task-status-done"), done);
        for id in messages(EN_TEXTS).keys() {
            let switched = plain.get(id) != birds.get(id);
            let marked = EN_TEXTS
                .split(&format!("\n{id} ="))
                .nth(1)
                .is_some_and(|rest| {
                    let message = rest
                        .split("\n")
                        .skip(1)
                        .take_while(|line| line.starts_with(' '));
                    message.into_iter().any(|line| line.contains(".birds ="))
                });
            assert_eq!(switched, marked, "{id}");
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The ids given to the constructors of messages, and every literal that is an id by its first word.
fn named_ids(source: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (needle, skipped) in [
        ("Message::new(", 0),
        ("AppError::conflict(", 0),
        ("FieldError::new(", 1),
        ("AppError::field(", 1),
    ] {
        for rest in source.split(needle).skip(1) {
            let argument = rest
                .splitn(skipped + 1, ',')
                .last()
                .unwrap_or_default()
                .trim_start();
            if let Some(literal) = argument.strip_prefix('"') {
                ids.extend(literal.split('"').next().map(str::to_owned));
            }
        }
    }
    for literal in source.split('"') {
        let prefixed = ["error-", "field-", "flash-", "nav-"]
            .iter()
            .any(|word| literal.starts_with(word));
        if prefixed
            && literal
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            ids.insert(literal.to_owned());
        }
    }
    ids.retain(|id| !id.ends_with('-'));
    ids
}

#[test]
fn m17_the_choice_comes_before_the_browser_and_english_last() {
    let cases = [
        (Some("ru"), Some("en"), Lang::Ru),
        (Some("xx"), Some("en-GB,ru;q=0.9"), Lang::En),
        (None, Some("de, ru-RU;q=0.8, en;q=0.3"), Lang::Ru),
        (None, Some("ru;q=0, en;q=0.1"), Lang::En),
        (None, Some("de"), Lang::En),
        (None, None, Lang::En),
    ];
    for (cookie, header, expected) in cases {
        assert_eq!(
            Lang::negotiate(cookie, header),
            expected,
            "{cookie:?} {header:?}"
        );
    }
}

#[test]
fn whole_numbers_choose_the_plural_form_and_texts_stay_as_they_are() {
    let wait = |seconds: &str| {
        text(
            Lang::Ru,
            &Message::new("error-try-again-in").with("seconds", seconds),
        )
    };
    assert!(wait("1").contains("1 секунду"), "{}", wait("1"));
    assert!(wait("3").contains("3 секунды"), "{}", wait("3"));
    assert!(wait("11").contains("11 секунд"), "{}", wait("11"));
    assert!(wait("007").contains("007"));
}
