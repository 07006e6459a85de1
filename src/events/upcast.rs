//! Old versions of events are lifted to the newest before anybody sees them: one step for each version, pure and total.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A step from one version of a type to the next.
pub(super) struct Upcaster {
    pub event_type: &'static str,
    /// The version it lifts; what it gives is the next one.
    pub from: i16,
    pub lift: fn(&Value) -> Value,
}

/// All steps. A schema of a version above 1 may not be published without the step that leads to it (a test holds that).
pub(super) const UPCASTERS: &[Upcaster] = &[
    Upcaster {
        event_type: "task.created",
        from: 1,
        lift: task_created_v2,
    },
    Upcaster {
        event_type: "account.logged_in",
        from: 1,
        lift: Value::clone,
    },
    Upcaster {
        event_type: "email.sent",
        from: 1,
        lift: Value::clone,
    },
    Upcaster {
        event_type: "email.failed",
        from: 1,
        lift: Value::clone,
    },
];

/// The content of a valid event in the newest version of its type.
pub(super) fn lift<'d>(event_type: &str, version: i16, data: &'d Value) -> Cow<'d, Value> {
    let mut lifted = (version, Cow::Borrowed(data));
    while let Some(step) = UPCASTERS
        .iter()
        .find(|step| step.event_type == event_type && step.from == lifted.0)
    {
        lifted = (step.from + 1, Cow::Owned((step.lift)(&lifted.1)));
    }
    lifted.1
}

/// What a title may have at most since version 2, characters.
const TITLE_MAX: usize = 200;

/// Version 1 kept the jira id in the title: `[UBERPOP-42] Change…`, with or without a dash behind the bracket. Brackets that
/// hold no id are taken away and their words stay. Version 2 has no empty title: an id alone is its own title.
fn task_created_v2(v1: &Value) -> Value {
    let mut v2 = v1.clone();
    let whole = v1["title"].as_str().unwrap_or_default().trim();
    let (jira_id, words) = whole
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .and_then(|(id, rest)| Some((jira_id(id)?, rest)))
        .map_or((None, whole), |(id, rest)| {
            let words = rest.trim_start_matches(|c: char| c.is_whitespace() || "-—–:".contains(c));
            (Some(id), words)
        });
    let words = words.replace(['[', ']'], "");
    let short: String = words.trim().chars().take(TITLE_MAX).collect();
    let title = match short.trim_end() {
        "" => jira_id.clone().unwrap_or_else(|| "—".to_owned()),
        title => title.to_owned(),
    };
    v2["title"] = json!(title);
    v2["jira_id"] = json!(jira_id);
    v2
}

/// The id of an issue tracker in its usual form, such as `UBERPOP-42`, if that is what the words are.
fn jira_id(words: &str) -> Option<String> {
    let id = words.trim().to_ascii_uppercase();
    let (project, number) = id.split_once('-')?;
    let is_project = (1..=20).contains(&project.len())
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.chars().all(|c| c.is_ascii_alphanumeric());
    let is_number = (1..=12).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit());
    (is_project && is_number).then_some(id)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::events::validate;

    const NOBODY: &str = "0193b0a0-0001-7000-8000-000000000001";

    fn v1(title: &str) -> Value {
        json!({ "title": title, "assignee": NOBODY, "assignment": NOBODY, "created_by": NOBODY })
    }

    #[test]
    fn e12_an_old_title_is_split_into_title_and_jira_id() {
        for (old, title, id) in [
            ("[POPUG-1] - Fix", "Fix", Some("POPUG-1")),
            ("[UBERPOP-42] — Поменять", "Поменять", Some("UBERPOP-42")),
            (" [ popug-3 ]: Fix [it] ", "Fix it", Some("POPUG-3")),
            ("Fix", "Fix", None),
            ("Fix [POPUG-1]", "Fix POPUG-1", None),
            ("[срочно] починить", "срочно починить", None),
            ("[-1] Fix", "-1 Fix", None),
            ("[POPUG-1]", "POPUG-1", Some("POPUG-1")),
            ("[]", "—", None),
            ("[POPUG-1", "POPUG-1", None),
        ] {
            let lifted = lift("task.created", 1, &v1(old)).into_owned();
            assert_eq!(
                (&lifted["title"], &lifted["jira_id"]),
                (&json!(title), &json!(id)),
                "{old}"
            );
            assert_eq!(lifted["created_by"], json!(NOBODY), "the rest stays");
        }
    }

    #[test]
    fn e12_whatever_an_old_title_was_the_lifted_event_fits_the_newest_schema() {
        let alphabet: Vec<char> = "[]]- —:aZ9\tжß🦜".chars().collect();
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..5_000 {
            let length = rng.random_range(1..260);
            let title: String = (0..length)
                .filter_map(|_| alphabet.choose(&mut rng))
                .collect();
            let old = v1(&title);
            validate("task.created", 1, &old).unwrap();
            let lifted = lift("task.created", 1, &old);
            assert_eq!(validate("task.created", 2, &lifted), Ok(()), "{title:?}");
        }
    }

    #[test]
    fn the_newest_version_and_an_unknown_type_stay_as_they_are() {
        let data = v1("[POPUG-1] Fix");
        for (event_type, version) in [("task.created", 2), ("task.created", 9), ("nothing", 1)] {
            assert!(
                matches!(lift(event_type, version, &data), Cow::Borrowed(same) if *same == data)
            );
        }
    }
}
