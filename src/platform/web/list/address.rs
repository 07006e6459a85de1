//! An address that says what narrows and orders a list.

use std::fmt::Display;

use url::form_urlencoded::Serializer;

/// A path with those of the parameters that say something.
#[must_use]
pub fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// Where a list is, with what narrows and orders it; not where in it the reader stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAddress {
    path: String,
    pairs: Vec<(&'static str, String)>,
}

impl ListAddress {
    /// The whole list.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            pairs: Vec::new(),
        }
    }

    /// The same with a parameter set; an empty value takes it away.
    #[must_use]
    pub fn with(&self, name: &'static str, value: impl Display) -> Self {
        let mut other = self.without(name);
        let value = value.to_string();
        if !value.is_empty() {
            other.pairs.push((name, value));
        }
        other
    }

    /// The same with a parameter set, if there is a value.
    #[must_use]
    pub fn with_some(&self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self.without(name),
        }
    }

    /// The same without a parameter.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        self.without_all(&[name])
    }

    /// The same without several parameters.
    #[must_use]
    pub fn without_all(&self, names: &[&str]) -> Self {
        let mut other = self.clone();
        other.pairs.retain(|(name, _)| !names.contains(name));
        other
    }

    /// The same parameters at another path: a list as a file.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        let pairs: Vec<(&str, &str)> = self
            .pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        address(path, &pairs)
    }

    /// The list as it begins.
    #[must_use]
    pub fn first(&self) -> String {
        self.at(&self.path)
    }

    /// The piece of it after a cursor; empty without one.
    #[must_use]
    pub fn after(&self, cursor: Option<String>) -> String {
        cursor.map_or_else(String::new, |cursor| self.with("cursor", cursor).first())
    }

    /// The way back to the beginning; empty for those who are there.
    #[must_use]
    pub fn back_to_first(&self, is_first: bool) -> String {
        if is_first {
            String::new()
        } else {
            self.first()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_is_said_and_nothing_else() {
        let list = ListAddress::new("/things")
            .with("q", "a b&c")
            .with("of", "");
        assert_eq!(list.first(), "/things?q=a+b%26c");
        assert_eq!(list.with("q", "d").at("/things.csv"), "/things.csv?q=d");
        assert_eq!(list.without("q").first(), "/things");
        assert_eq!(list.after(None), "");
        assert_eq!(list.after(Some("x".into())), "/things?q=a+b%26c&cursor=x");
        assert_eq!(list.back_to_first(true), "");
    }
}
