//! T-PROP-3: what holds of all amounts.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::platform::testing::thousand;

/// Far more than a company ever moves, and far below the range of 64 bits.
fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![-4_000_i64..4_000, -(1_i64 << 55)..(1_i64 << 55)]
}

/// Reads what [`Money`] prints.
fn read(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, cents) = digits.split_once('.')?;
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain(whole) && is_plain(cents) && cents.len() == 2).then_some(())?;
    Some(sign * (whole.parse::<i128>().ok()? * 100 + cents.parse::<i128>().ok()?))
}

proptest! {
    #![proptest_config(thousand())]

    #[test]
    fn m44_sums_are_those_of_the_integers_in_every_order(minor in vec(amounts(), 0..100)) {
        let exact: i128 = minor.iter().copied().map(i128::from).sum();
        let amounts: Vec<Money> = minor.iter().copied().map(Money::from_minor).collect();
        let forward: Money = amounts.iter().copied().sum();
        let backward: Money = amounts.iter().rev().copied().sum();
        prop_assert_eq!(i128::from(forward.minor()), exact);
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn m44_what_is_added_and_taken_away_leaves_nothing_behind(a in amounts(), b in amounts()) {
        let (a, b) = (Money::from_minor(a), Money::from_minor(b));
        prop_assert_eq!(a + b - b, a);
        prop_assert_eq!(-(-a), a);
        prop_assert_eq!(a - b, -(b - a));
        prop_assert_eq!(a.is_negative(), (-a).is_positive());
        prop_assert_eq!(a < b, (a - b).is_negative());
    }

    #[test]
    fn m44_every_amount_of_64_bits_prints_what_it_is(minor in any::<i64>()) {
        prop_assert_eq!(read(&Money::from_minor(minor).to_string()), Some(i128::from(minor)));
    }

    #[test]
    fn m44_an_amount_crosses_the_wire_unchanged(minor in any::<i64>()) {
        let json = serde_json::to_string(&Money::from_minor(minor)).unwrap();
        prop_assert_eq!(&json, &minor.to_string());
        prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), Money::from_minor(minor));
    }
}

#[test]
fn the_ends_of_the_range_print_without_a_panic() {
    for minor in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
        assert_eq!(
            read(&Money::from_minor(minor).to_string()),
            Some(i128::from(minor))
        );
    }
}
