//! What all lists share: an address that says what narrows and orders them, chips for the filters that are on, and heads of columns that
//! sort (M-6).

use std::fmt::Display;

use url::form_urlencoded::Serializer;

use super::page::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::platform::error::{AppError, AppResult};

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

/// How many rows of a list a reader may have at once.
const SIZES: [i64; 3] = [25, DEFAULT_LIMIT, MAX_LIMIT];

/// How many rows a reader wants at once: 25, 50 or 100; 50 when not said.
///
/// # Errors
/// Invalid at `per` for anything else.
pub fn rows_per(word: Option<&str>) -> AppResult<i64> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(DEFAULT_LIMIT);
    };
    let size = SIZES.into_iter().find(|size| size.to_string() == word);
    size.ok_or_else(|| AppError::field("per", "field-not-understood"))
}

/// A size to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeChoice {
    /// Rows at once.
    pub rows: i64,
    /// The list in that size; empty for the size it has.
    pub href: String,
}

impl SizeChoice {
    /// All sizes of the list at `here`, which has `per` rows at once.
    #[must_use]
    pub fn all(here: &ListAddress, per: i64) -> Vec<Self> {
        let choice = |rows| Self {
            rows,
            href: if rows == per {
                String::new()
            } else {
                here.with_some("per", Some(rows).filter(|rows| *rows != DEFAULT_LIMIT))
                    .first()
            },
        };
        SIZES.map(choice).into()
    }
}

/// The columns that a list can be ordered by.
pub trait SortColumn: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// Its word in addresses.
    fn word(self) -> &'static str;

    /// Whether a reader who chooses it wants the largest first: for amounts and dates, not for names.
    fn starts_descending(self) -> bool;
}

/// How a list is ordered: `reward` in an address is the smallest first, `-reward` the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<C> {
    /// By what.
    pub column: C,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl<C: SortColumn> Order<C> {
    /// By a column, in the direction that readers want first.
    #[must_use]
    pub fn by(column: C) -> Self {
        Self {
            column,
            descending: column.starts_descending(),
        }
    }

    /// The order that an address asks for, `usual` when it asks for none.
    ///
    /// # Errors
    /// Invalid at `sort` when there is no such column.
    pub fn parse(word: Option<&str>, usual: Self) -> AppResult<Self> {
        let Some(word) = word.filter(|word| !word.is_empty()) else {
            return Ok(usual);
        };
        let (descending, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let column = C::ALL.iter().find(|column| column.word() == name);
        let column = *column.ok_or_else(|| AppError::field("sort", "field-not-understood"))?;
        Ok(Self { column, descending })
    }

    /// The same as SQL: how what comes after a row compares with it, and the direction.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        if self.descending {
            ("<", "desc")
        } else {
            (">", "asc")
        }
    }

    /// Its word in an address; empty for the usual one.
    #[must_use]
    pub fn word(self, usual: Self) -> String {
        let sign = if self.descending { "-" } else { "" };
        if self == usual {
            String::new()
        } else {
            format!("{sign}{}", self.column.word())
        }
    }

    /// The head of a column, which orders the list by it, or turns the order when it is ordered by it already.
    #[must_use]
    pub fn head(self, column: C, here: &ListAddress, usual: Self) -> SortHead {
        let is_current = self.column == column;
        let next = if is_current {
            Self {
                column,
                descending: !self.descending,
            }
        } else {
            Self::by(column)
        };
        SortHead {
            href: here.with("sort", next.word(usual)).first(),
            aria: match (is_current, self.descending) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    }
}

/// The head of a column that sorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortHead {
    /// The list in the order that a click brings; empty where the column cannot order this list.
    pub href: String,
    /// `aria-sort` of the column; empty if the list is not ordered by it.
    pub aria: &'static str,
}

impl SortHead {
    /// A head that does not sort.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            href: String::new(),
            aria: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Column {
        Name,
        Price,
    }

    impl SortColumn for Column {
        const ALL: &'static [Self] = &[Self::Name, Self::Price];

        fn word(self) -> &'static str {
            match self {
                Self::Name => "name",
                Self::Price => "price",
            }
        }

        fn starts_descending(self) -> bool {
            self == Self::Price
        }
    }

    fn usual() -> Order<Column> {
        Order::by(Column::Name)
    }

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

    #[test]
    fn an_order_is_read_turned_and_left_out_when_it_is_the_usual() {
        let here = ListAddress::new("/things").with("q", "c");
        let dear = Order::parse(Some("-price"), usual()).unwrap();
        assert_eq!(dear, Order::by(Column::Price));
        assert!(Order::parse(Some("weight"), usual()).is_err());
        let head = dear.head(Column::Price, &here, usual());
        assert_eq!(
            (head.href.as_str(), head.aria),
            ("/things?q=c&sort=price", "descending")
        );
        let head = dear.head(Column::Name, &here, usual());
        assert_eq!((head.href.as_str(), head.aria), ("/things?q=c", ""));
    }
}
