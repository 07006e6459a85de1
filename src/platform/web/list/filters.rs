//! The filters of a list that are on.

use super::address::ListAddress;
use crate::platform::error::{AppError, AppResult};

/// What an address says of a filter that has fixed choices; none when it says nothing.
///
/// # Errors
/// Invalid at `field` when `find` knows no such choice: the whole list would pass for the part that was asked for.
pub fn one_of<T>(
    field: &'static str,
    said: Option<&str>,
    find: impl FnOnce(&str) -> Option<T>,
) -> AppResult<Option<T>> {
    let Some(word) = said.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    let found = find(word).ok_or_else(|| AppError::field(field, "field-not-understood"))?;
    Ok(Some(found))
}

/// A filter that is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterChip {
    /// What it lets through.
    pub text: String,
    /// The same list without it.
    pub without: String,
}

/// The filters of a list that are on, each with the way to be rid of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiltersOn {
    /// The filters.
    pub chips: Vec<FilterChip>,
    /// The list without any.
    pub clear: String,
}

impl FiltersOn {
    /// None yet; `clear` is the list without any.
    #[must_use]
    pub fn new(clear: impl Into<String>) -> Self {
        Self {
            chips: Vec::new(),
            clear: clear.into(),
        }
    }

    /// One more, if it is on: `text` says what it lets through, and `here` without the parameters `names` is the list without it.
    #[must_use]
    pub fn and(mut self, text: Option<String>, here: &ListAddress, names: &[&str]) -> Self {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.chips.push(FilterChip {
                text,
                without: here.without_all(names).first(),
            });
        }
        self
    }

    /// Whether the list is whole.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chips.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_takes_its_own_filter_away_and_no_other() {
        let here = ListAddress::new("/things")
            .with("from", "a")
            .with("to", "b")
            .with("q", "c");
        let on = FiltersOn::new("/things")
            .and(Some("a to b".into()), &here, &["from", "to"])
            .and(None, &here, &["of"])
            .and(Some("c".into()), &here, &["q"]);
        let hrefs: Vec<&str> = on.chips.iter().map(|chip| chip.without.as_str()).collect();
        assert_eq!(hrefs, ["/things?q=c", "/things?from=a&to=b"]);
    }
}
