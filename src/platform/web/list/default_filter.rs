//! The filter that somebody wants a list to begin with (S-4). It stays in the address: whoever asks for a list without saying
//! anything of it is led to the address with the filter.

use url::form_urlencoded::{Serializer, parse};

use super::place::ListPlace;

/// The lists that can begin with a filter: the path, and the id of the text that names it.
pub const LISTS: [(&str, &str); 12] = [
    ("/tasks/all", "tasks-all-title"),
    ("/account", "account-title"),
    ("/accounting/balances", "balances-title"),
    ("/accounting/corrections", "corrections-title"),
    ("/accounting/payouts", "payouts-title"),
    ("/admin/account-mails", "nav-account-mails"),
    ("/admin/audit", "audit-title"),
    ("/admin/dead-letters", "letters-title"),
    ("/admin/events", "events-title"),
    ("/admin/mails", "mails-title"),
    ("/admin/runs", "runs-title"),
    ("/admin/users", "nav-users"),
];

/// What an address says to have a list whole, whatever filter it begins with.
pub const DEFAULT_OFF: &str = "default=off";

/// What is not kept: a place in the list, dates, which would be old ones soon, and whose list it is.
const NOT_KEPT: [&str; 6] = ["default", "from", "to", "date", "user", "correlation"];

/// The longest filter that is kept, in bytes.
const LONGEST: usize = 500;

/// What of a query can be kept: filters, order, columns and rows at once; none when there is nothing of these or far too much.
#[must_use]
pub fn kept_part(query: &str) -> Option<String> {
    let mut kept = Serializer::new(String::new());
    for (name, value) in parse(query.as_bytes()) {
        let is_kept = !NOT_KEPT.contains(&&*name) && !ListPlace::NAMES.contains(&&*name);
        if is_kept && !value.is_empty() {
            kept.append_pair(&name, &value);
        }
    }
    let kept = kept.finish();
    (!kept.is_empty() && kept.len() <= LONGEST).then_some(kept)
}

/// What a list's page says of the filter that it begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultFilter {
    /// The list with the filter that is kept; empty when none is.
    pub saved: String,
    /// Whether the list shows just that.
    pub is_on: bool,
    /// Whether what the list shows can be kept.
    pub can_save: bool,
}

impl DefaultFilter {
    /// For the list at `path` with what `query` says, where `saved` is kept.
    #[must_use]
    pub fn of(path: &str, query: &str, saved: Option<&str>) -> Self {
        if LISTS.iter().all(|(list, _)| *list != path) {
            return Self::default();
        }
        let now = kept_part(query);
        let is_on = saved.is_some() && now.as_deref() == saved;
        Self {
            saved: saved.map_or_else(String::new, |saved| format!("{path}?{saved}")),
            is_on,
            can_save: now.is_some() && !is_on,
        }
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.saved.is_empty() && !self.can_save
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_kept_without_place_dates_and_empty_words() {
        let typed =
            "status=open&assignee=&q=a+b&from=2026-11-01&cursor=x&at=51&trail=y&per=25&default=off";
        assert_eq!(
            kept_part(typed).as_deref(),
            Some("status=open&q=a+b&per=25")
        );
        assert_eq!(kept_part("cursor=x&from=2026-11-01&q="), None);
        assert_eq!(kept_part(&format!("q={}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn a_page_says_what_can_be_done_with_its_filter() {
        let said = |path, query, saved| DefaultFilter::of(path, query, saved);
        assert!(said("/tasks", "status=done", None).is_silent());
        assert!(said("/tasks/all", "", None).is_silent());
        assert!(said("/tasks/all", "status=open", None).can_save);
        let on = said("/tasks/all", "cursor=x&status=open", Some("status=open"));
        assert!(on.is_on && !on.can_save);
        let off = said("/tasks/all", "default=off", Some("status=open"));
        assert_eq!(off.saved, "/tasks/all?status=open");
        assert!(!off.is_on && !off.can_save);
    }
}
