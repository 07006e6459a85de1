//! The places of the navigation, and which of them somebody sees.

use crate::auth::{Actor, Operation};
use crate::platform::web::NavLink;

/// Places in the navigation at most.
const NAV_LIMIT: usize = 6;

/// A place of the navigation, for those who may go there.
#[derive(Clone, Copy, Debug)]
pub struct NavEntry {
    /// Its path.
    pub href: &'static str,
    /// The id of its text.
    pub label: &'static str,
    /// What one must be allowed to do there.
    pub operation: Operation,
}

/// All places of the navigation and of the admin section, in order, and those that keys lead to; the app puts it into its data.
#[derive(Clone, Debug)]
pub struct Navigation {
    entries: Vec<NavEntry>,
    section: Vec<NavEntry>,
    leaps: Vec<(char, NavEntry)>,
}

impl Navigation {
    /// The navigation with these places, and these in the admin section.
    #[must_use]
    pub fn new(entries: Vec<NavEntry>) -> Self {
        Self {
            entries,
            section: Vec::new(),
            leaps: Vec::new(),
        }
    }

    /// The same navigation with places of the admin section.
    #[must_use]
    pub fn with_section(mut self, section: Vec<NavEntry>) -> Self {
        self.section = section;
        self
    }

    /// The same navigation with places that keys lead to after `G`.
    #[must_use]
    pub fn with_leaps(mut self, leaps: Vec<(char, NavEntry)>) -> Self {
        self.leaps = leaps;
        self
    }

    /// The places that keys lead somebody to: those where they may go.
    pub(super) fn leaps(&self, actor: &Actor) -> Vec<(char, &'static str)> {
        self.leaps
            .iter()
            .filter(|(_, entry)| actor.may(entry.operation))
            .map(|(key, entry)| (*key, entry.href))
            .collect()
    }

    /// The places of somebody's navigation. One's own tasks stand there for those who can get any; the only place that somebody has
    /// in the admin section stands there too, since a section of one place has no list of its own.
    pub(super) fn of(&self, actor: &Actor) -> Vec<NavLink> {
        let mut entries = self.entries.clone();
        if !actor.roles.is_assignable() {
            entries.retain(|entry| entry.operation != Operation::OwnTasks);
        }
        let mut links = links(&entries, actor);
        if let [alone] = self.section_of(actor).as_slice() {
            links.push(*alone);
        }
        links.truncate(NAV_LIMIT);
        links
    }

    pub(super) fn section_of(&self, actor: &Actor) -> Vec<NavLink> {
        links(&self.section, actor)
    }
}

fn links(entries: &[NavEntry], actor: &Actor) -> Vec<NavLink> {
    entries
        .iter()
        .filter(|entry| actor.may(entry.operation))
        .map(|entry| NavLink {
            href: entry.href,
            label: entry.label,
        })
        .collect()
}
