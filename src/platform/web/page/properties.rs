//! T-PROP-3: cursors come back as they were made, and whatever else is given as one is refused.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use proptest::collection::btree_set;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::platform::testing::thousand;

type Key = (NaiveDate, DateTime<Utc>, i64, String, Uuid);

fn keys() -> impl Strategy<Value = Key> {
    (
        0..47_847_u64,
        0..4_102_444_800_000_000_i64,
        any::<i64>(),
        any::<String>(),
        any::<u128>(),
    )
        .prop_map(|(days, micros, number, text, id)| {
            (
                NaiveDate::default() + Days::new(days),
                DateTime::from_timestamp_micros(micros).unwrap(),
                number,
                text,
                Uuid::from_u128(id),
            )
        })
}

proptest! {
    #![proptest_config(thousand())]

    #[test]
    fn a55_a_cursor_gives_back_its_key_and_fits_into_an_address(key in keys()) {
        let cursor = Cursor::after(&key).0;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        prop_assert!(cursor.bytes().all(is_plain), "{cursor}");
        prop_assert_eq!(Cursor::key::<Key>(Some(&cursor)).unwrap(), Some(key));
    }

    #[test]
    fn a55_what_was_never_a_cursor_is_refused_and_never_panics(given in any::<String>()) {
        let key = Cursor::key::<Key>(Some(&given));
        prop_assert!(matches!(key, Err(AppError::Invalid(_))) || given.is_empty(), "{given:?} is {key:?}");
    }

    #[test]
    fn a55_a_cursor_that_was_changed_is_refused_or_is_another_key(key in keys(), place in any::<prop::sample::Index>(), letter in any::<char>()) {
        let mut letters: Vec<char> = Cursor::after(&key).0.chars().collect();
        let place = place.index(letters.len());
        letters[place] = letter;
        let changed: String = letters.into_iter().collect();
        match Cursor::key::<Key>(Some(&changed)) {
            Ok(found) => prop_assert!(found.is_some()),
            Err(error) => prop_assert!(matches!(error, AppError::Invalid(_))),
        }
    }

    #[test]
    fn a55_a_list_of_any_length_is_read_once_in_pieces_of_any_size(all in btree_set(any::<i64>(), 0..150), size in 1..=MAX_LIMIT) {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..=all.len() {
            let after = Cursor::key::<i64>(cursor.as_deref()).unwrap();
            let rest = all.iter().copied().filter(|row| after.is_none_or(|after| *row > after));
            let wanted = usize::try_from(size).unwrap() + 1;
            let page = PageOf::from_rows(rest.take(wanted).collect(), size, |row| *row);
            prop_assert!(page.items.len() < wanted);
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert!(cursor.is_none(), "it has an end");
        prop_assert_eq!(seen.iter().copied().collect::<BTreeSet<i64>>(), all.clone());
        prop_assert_eq!(seen.len(), all.len());
    }

    #[test]
    fn a55_a_limit_is_one_to_a_hundred_whatever_is_typed(given in any::<String>(), number in any::<i64>()) {
        for text in [given, number.to_string(), (number % 200).to_string()] {
            if let Ok(limit) = limit(Some(&text)) {
                prop_assert!((1..=MAX_LIMIT).contains(&limit));
                prop_assert!(text.is_empty() || text.parse() == Ok(limit));
            }
        }
    }
}
