//! Where one can go: the places of all modules with those that belong to everybody, for the palette, the search and the keys.

use crate::auth::{Actor, NavEntry, Operation};
use crate::platform::error::Message;
use crate::platform::i18n;
use crate::platform::web::Frame;
use crate::{accounting, analytics, tasks};

/// What one can begin.
const ACTS: &[NavEntry] = &[
    entry("/tasks/new", "tasks-new", Operation::CreateTask),
    entry("/shuffles/new", "shuffle-new", Operation::Shuffle),
    entry("/admin/users/new", "new-user", Operation::ManageUsers),
];

/// What everybody has.
const OWN: &[NavEntry] = &[
    entry(
        "/account/statements",
        "statements-title",
        Operation::OwnMoney,
    ),
    entry("/profile", "profile", Operation::OwnProfile),
    entry("/profile/credentials", "credentials", Operation::OwnProfile),
    entry("/profile/access", "access", Operation::OwnProfile),
    entry("/profile/feeds", "feeds-title", Operation::OwnProfile),
    entry("/help", "help-title", Operation::OwnProfile),
    entry("/help/shortcuts", "shortcuts-title", Operation::OwnProfile),
    entry(
        "/about/accessibility",
        "accessibility-title",
        Operation::OwnProfile,
    ),
];

/// Where keys lead after `G`.
const LEAPS: [(char, &str); 5] = [
    ('t', "/tasks"),
    ('a', "/account"),
    ('f', "/accounting"),
    ('n', "/analytics"),
    ('u', "/admin/users"),
];

const fn entry(href: &'static str, label: &'static str, operation: Operation) -> NavEntry {
    NavEntry {
        href,
        label,
        operation,
    }
}

/// Every place of the pages.
fn all() -> Vec<NavEntry> {
    [
        tasks::NAV,
        accounting::NAV,
        analytics::NAV,
        super::admin::NAV,
        OWN,
        &super::admin::places(),
    ]
    .concat()
}

/// The places that keys lead to.
pub(super) fn leaps() -> Vec<(char, NavEntry)> {
    let places = all();
    LEAPS
        .into_iter()
        .filter_map(|(key, href)| {
            let place = places.iter().find(|place| place.href == href)?;
            Some((key, *place))
        })
        .collect()
}

/// A place that somebody may go to, in their language.
pub(super) struct Place {
    pub href: &'static str,
    pub label: String,
    /// Whether something begins there.
    pub is_act: bool,
}

/// The places that `words` mean and the actor may go to, what begins something first; all of them without words.
pub(super) fn find(frame: &Frame, actor: &Actor, words: &str) -> Vec<Place> {
    let words = words.to_lowercase();
    let place = |is_act: bool| {
        move |entry: NavEntry| Place {
            href: entry.href,
            label: i18n::text(frame.lang, &Message::new(entry.label)),
            is_act,
        }
    };
    let acts = ACTS
        .iter()
        .copied()
        .filter(|entry| actor.may(entry.operation));
    let places = all().into_iter().filter(|entry| actor.may(entry.operation));
    acts.map(place(true))
        .chain(places.map(place(false)))
        .filter(|place| {
            place.label.to_lowercase().contains(&words) || place.href[1..].contains(&words)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_leads_to_a_place() {
        assert_eq!(leaps().len(), LEAPS.len());
    }
}
