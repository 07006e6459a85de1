//! T-PROP-3: a period is never reversed, whatever is typed, and is what was typed when that makes sense.

use chrono::{Datelike, Days, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::platform::testing::thousand;

fn dates() -> impl Strategy<Value = NaiveDate> {
    (0..3_651_000_u64)
        .prop_map(|days| NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default() + Days::new(days))
}

/// Dates, almost dates, and anything.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => dates().prop_map(|date| date.to_string()),
        1 => "[ 0-9+-]{0,12}",
        1 => "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
        1 => any::<String>(),
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(thousand())]

    #[test]
    fn m16_whatever_is_typed_gives_a_period_in_order_or_an_error_at_a_field(
        from in typed(), to in typed(), default in dates()
    ) {
        match Period::parse(Some(&from), Some(&to), Period::day(default)) {
            Ok(period) => {
                prop_assert!(period.from <= period.to);
                let is_kept = |text: &str, date: NaiveDate| text.trim().is_empty() || text.trim() == date.to_string();
                prop_assert!(is_kept(&from, period.from) && is_kept(&to, period.to), "{period:?}");
                prop_assert!((1..=9_998).contains(&period.from.year()) || period.from == default);
                prop_assert_eq!(period.is_day(), period.from == period.to);
            }
            Err(AppError::Invalid(errors)) => {
                prop_assert!(!errors.is_empty() && errors.len() <= 2);
                prop_assert!(errors.iter().all(|error| matches!(error.field, "from" | "to")));
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn m16_two_dates_in_order_are_the_period_and_reversed_ones_are_refused(one in dates(), other in dates()) {
        let (first, last) = (one.min(other), one.max(other));
        let parse = |from: NaiveDate, to: NaiveDate| {
            Period::parse(Some(&from.to_string()), Some(&to.to_string()), Period::day(one))
        };
        prop_assert_eq!(parse(first, last).ok(), Some(Period { from: first, to: last }));
        prop_assert_eq!(parse(last, first).is_ok(), first == last);
        let table = Period { from: first, to: last }.as_table();
        prop_assert_eq!(table.is_ok(), (last - first).num_days() < LONGEST_TABLE);
    }

    #[test]
    fn m16_a_date_is_read_only_as_it_is_written(text in typed()) {
        if let Ok(date) = parse_date("date", &text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}
