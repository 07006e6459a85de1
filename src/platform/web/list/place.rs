//! Where in a list the reader stands: which rows these are of how many, the way on, and the way back.

use i18n_embed_fl::fl;
use serde::Deserialize;

use super::address::ListAddress;
use crate::platform::db::COUNTED;
use crate::platform::i18n;
use crate::platform::web::Frame;
use crate::platform::web::page::PageOf;

/// Pieces that an address remembers for the way back; whoever went further goes back to the beginning from the tenth.
const REMEMBERED: usize = 10;

/// Between the cursors of a trail: no cursor has it.
const BETWEEN: char = '.';

/// A place in a list, as an address carries it: its cursor, the number of its first row, and the cursors of the pieces before it. Keys
/// know nothing of numbers and of the way that led to them, and so the address does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ListPlace {
    cursor: Option<String>,
    at: Option<String>,
    trail: Option<String>,
}

impl ListPlace {
    /// The names of its parameters.
    pub const NAMES: [&str; 3] = ["cursor", "at", "trail"];

    /// The cursor, if this is not the beginning.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|cursor| !cursor.is_empty())
    }

    /// Whether the list begins here.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.cursor().is_none()
    }

    /// The number of the first row, counted from one; none when the address does not say it.
    fn at(&self) -> Option<i64> {
        if self.is_first() {
            return Some(1);
        }
        let at = self.at.as_deref()?.parse().ok()?;
        // No list is as long as that; what is larger was typed.
        (2..1_000_000_000_000).contains(&at).then_some(at)
    }

    fn trail(&self) -> Vec<&str> {
        let trail = self.trail.as_deref().unwrap_or_default();
        trail.split(BETWEEN).filter(|it| !it.is_empty()).collect()
    }

    /// The next piece of the list `here`.
    fn on(&self, here: &ListAddress, rows: i64, next: &str) -> String {
        let mut trail = self.trail();
        trail.extend(self.cursor());
        let kept = &trail[trail.len().saturating_sub(REMEMBERED)..];
        here.with("cursor", next)
            .with_some("at", self.at().map(|at| at + rows))
            .with("trail", kept.join(&BETWEEN.to_string()))
            .first()
    }

    /// The piece before this one, in a list of pieces of `per` rows; empty where the address does not know it.
    fn back(&self, here: &ListAddress, per: i64) -> String {
        if self.is_first() {
            return String::new();
        }
        let before = self.at().map(|at| at - per);
        let mut trail = self.trail();
        match (trail.pop(), before) {
            (Some(cursor), before) => here
                .with("cursor", cursor)
                .with_some("at", before.filter(|at| *at > 1))
                .with("trail", trail.join(&BETWEEN.to_string()))
                .first(),
            (None, Some(1)) => here.first(),
            (None, _) => String::new(),
        }
    }
}

/// What stands below a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pager {
    /// `1–50 of 120`; empty when the address does not say where it is.
    pub shown: String,
    /// The beginning; empty for those who are there, or one step from it.
    pub first: String,
    /// The piece before; empty when there is none.
    pub back: String,
    /// The piece after; empty when there is none.
    pub on: String,
}

impl Pager {
    /// The pager of a piece of the list `here`, which has `per` rows at once.
    #[must_use]
    pub fn new<T>(
        frame: &Frame,
        here: &ListAddress,
        place: &ListPlace,
        per: i64,
        page: &PageOf<T>,
    ) -> Self {
        let rows = i64::try_from(page.items.len()).unwrap_or(per);
        let back = place.back(here, per);
        let first = here.back_to_first(place.is_first());
        Self {
            shown: shown(frame, place.at(), rows, page),
            first: if first == back { String::new() } else { first },
            back,
            on: page
                .next
                .as_deref()
                .map_or_else(String::new, |next| place.on(here, rows, next)),
        }
    }

    /// Whether there is nowhere to go.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.first.is_empty() && self.back.is_empty() && self.on.is_empty()
    }
}

/// Which rows these are of how many.
fn shown<T>(frame: &Frame, at: Option<i64>, rows: i64, page: &PageOf<T>) -> String {
    let Some(at) = at.filter(|_| rows > 0) else {
        return String::new();
    };
    let number = |number: i64| i18n::number(frame.lang, number);
    let last = at + rows - 1;
    let (from, to) = (number(at), number(last));
    let counted = match (&page.next, page.counted) {
        (None, _) => Some(last),
        (Some(_), Some(counted)) if counted <= COUNTED => Some(counted.max(last + 1)),
        (Some(_), _) => None,
    };
    match counted {
        Some(all) => {
            let all = number(all);
            fl!(frame.l, "list-shown", from = from, to = to, all = all)
        }
        None => {
            let bound = number(COUNTED.max(last));
            fl!(
                frame.l,
                "list-shown-over",
                from = from,
                to = to,
                bound = bound
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(query: &str) -> ListPlace {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let mut place = ListPlace::default();
        for (name, value) in pairs {
            let value = Some(value.into_owned());
            match &*name {
                "cursor" => place.cursor = value,
                "at" => place.at = value,
                "trail" => place.trail = value,
                _ => {}
            }
        }
        place
    }

    fn query(address: &str) -> &str {
        address.split_once('?').map_or("", |(_, query)| query)
    }

    #[test]
    fn the_way_back_is_the_way_that_was_gone() {
        let here = ListAddress::new("/things").with("q", "c");
        let mut addresses = vec![here.first()];
        for step in 1..=REMEMBERED + 3 {
            let there = place(query(addresses.last().unwrap()));
            addresses.push(there.on(&here, 50, &format!("c{step}")));
        }
        let last = addresses.len() - 1;
        assert!(addresses[last].len() < 120, "{}", addresses[last]);
        for step in (last - REMEMBERED + 1..=last).rev() {
            let back = place(query(&addresses[step])).back(&here, 50);
            let (one, other) = (place(query(&back)), place(query(&addresses[step - 1])));
            assert_eq!((one.cursor(), one.at()), (other.cursor(), other.at()));
        }
        let second = place(query(&addresses[1]));
        assert_eq!(second.back(&here, 50), "/things?q=c");
    }

    #[test]
    fn an_address_that_says_nothing_of_the_way_leads_to_the_beginning_alone() {
        let here = ListAddress::new("/things");
        assert_eq!(place("cursor=x").back(&here, 50), "");
        assert_eq!(place("cursor=x&at=nonsense").at(), None);
        assert_eq!(place("cursor=x&at=-4").at(), None);
        assert_eq!(place("cursor=x&at=99999999999999999").at(), None);
        assert_eq!(place("at=51").at(), Some(1));
    }
}
