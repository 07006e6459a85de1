//! Lists by pieces: the key of the last row leads to the next piece, so deep pages cost no more than the first (A55).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::platform::error::{AppError, AppResult};

/// Rows of a piece when the caller does not say.
pub const DEFAULT_LIMIT: i64 = 50;
/// Rows of a piece at most.
pub const MAX_LIMIT: i64 = 100;

/// How many rows a caller wants: 1 to 100, 50 when not said.
///
/// # Errors
/// Invalid at `limit` for anything else.
pub fn limit(wanted: Option<&str>) -> AppResult<i64> {
    let Some(wanted) = wanted.filter(|text| !text.is_empty()) else {
        return Ok(DEFAULT_LIMIT);
    };
    wanted
        .parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| AppError::field("limit", "field-limit"))
}

/// Where the next piece begins: the sort key of the last row seen, opaque to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor that stands after a row with this key.
    #[must_use]
    pub fn after(key: &impl Serialize) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// The key inside a cursor that a caller gave back; none for none.
    ///
    /// # Errors
    /// Invalid at `cursor` when it was not made for this list.
    pub fn key<K: DeserializeOwned>(given: Option<&str>) -> AppResult<Option<K>> {
        let Some(given) = given.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        BASE64_URL_SAFE_NO_PAD
            .decode(given)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .map(Some)
            .ok_or_else(|| AppError::field("cursor", "field-cursor"))
    }
}

/// One piece of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next piece, if there is one.
    pub next: Option<String>,
    /// How many rows the whole list has, counted no further than a bound; none where nobody asked.
    pub counted: Option<i64>,
}

impl<T> Default for PageOf<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            next: None,
            counted: None,
        }
    }
}

impl<T> PageOf<T> {
    /// The piece made of rows of which one more than `limit` was asked for; `key` is the sort key of a row.
    #[must_use]
    pub fn from_rows<K: Serialize>(
        mut rows: Vec<T>,
        limit: i64,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|row| Cursor::after(&key(row)).0);
        Self {
            items: rows,
            next,
            counted: None,
        }
    }

    /// The same piece with the length of its list, which is asked for only where the piece does not show it by itself.
    ///
    /// # Errors
    /// Those of the count.
    pub fn with_count(mut self, count: impl FnOnce() -> AppResult<i64>) -> AppResult<Self> {
        if self.next.is_some() {
            self.counted = Some(count()?);
        }
        Ok(self)
    }

    /// The same piece with each row turned into something else.
    #[must_use]
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> PageOf<U> {
        PageOf {
            items: self.items.into_iter().map(turn).collect(),
            next: self.next,
            counted: self.counted,
        }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a55_a_list_is_read_to_its_end_piece_by_piece() {
        let all: Vec<i64> = (1..=7).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let after = Cursor::key::<i64>(cursor.as_deref()).unwrap().unwrap_or(0);
            let rows: Vec<i64> = all
                .iter()
                .copied()
                .filter(|row| *row > after)
                .take(4)
                .collect();
            let page = PageOf::from_rows(rows, 3, |row| *row);
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a55_limits_and_cursors_out_of_range_are_refused() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("100")).unwrap(), 100);
        for wrong in ["0", "101", "-1", "ten", "99999999999999999999"] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(Cursor::key::<i64>(Some("!")).is_err());
        assert!(Cursor::key::<(i64, String)>(Some("MQ")).is_err());
    }
}
