//! How many rows of a list are shown at once.

use super::address::ListAddress;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::page::{DEFAULT_LIMIT, MAX_LIMIT};

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
