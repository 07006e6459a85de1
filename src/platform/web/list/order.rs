//! How a list is ordered, and the heads of columns that sort it.

use super::address::ListAddress;
use crate::platform::error::{AppError, AppResult};

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
        let column = *column.ok_or_else(|| AppError::field("sort", "field-sort-unknown"))?;
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

/// The one column of lists that nothing but time puts in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByTime;

impl ByTime {
    /// The newest first.
    pub const NEWEST: Order<Self> = Order {
        column: Self,
        descending: true,
    };
}

impl SortColumn for ByTime {
    const ALL: &'static [Self] = &[Self];

    fn word(self) -> &'static str {
        "time"
    }

    fn starts_descending(self) -> bool {
        true
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
