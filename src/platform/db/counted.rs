//! How long a list is, counted no further than a bound: a page says "more than 1,000" instead of reading a million rows.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

/// How far lists are counted, in rows.
pub const COUNTED: i64 = 1_000;

/// What is counted at most: one more shows that there are more.
pub const COUNTED_AT_MOST: i64 = COUNTED + 1;

/// What counts the rows of a query, which has its own limit.
#[must_use]
pub fn counting(list: &str) -> String {
    format!("select count(*) as counted from ({list}) as listed")
}

/// The answer of such a query.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Counted {
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

impl Counted {
    /// The number.
    #[must_use]
    pub fn of(rows: &[Self]) -> i64 {
        rows.first().map_or(0, |row| row.counted)
    }
}
