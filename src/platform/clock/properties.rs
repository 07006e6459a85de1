//! T-PROP-3: the bounds of business dates in every zone there is, from 1970 to 2100.

use proptest::prelude::*;

use super::*;
use crate::platform::testing::thousand;

/// Zones whose clocks were moved at, or across, midnight, or by a whole day.
const HARD: &[(Tz, &str)] = &[
    (chrono_tz::Africa::Cairo, "2026-04-24"),
    (chrono_tz::Africa::Monrovia, "1972-01-07"),
    (chrono_tz::America::Havana, "2026-11-01"),
    (chrono_tz::America::Sao_Paulo, "2018-11-04"),
    (chrono_tz::America::St_Johns, "2006-10-29"),
    (chrono_tz::America::Goose_Bay, "2010-11-07"),
    (chrono_tz::Asia::Beirut, "2026-03-29"),
    (chrono_tz::Australia::Lord_Howe, "2026-10-04"),
    (chrono_tz::Pacific::Apia, "2011-12-30"),
    (chrono_tz::Pacific::Kwajalein, "1993-08-21"),
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A zone and a date; every third is near a change that was hard somewhere.
fn places() -> impl Strategy<Value = (Tz, NaiveDate)> {
    let all = chrono_tz::TZ_VARIANTS;
    prop_oneof![
        2 => (0..all.len(), 0..47_847_u64)
            .prop_map(move |(zone, days)| (all[zone], day("1970-01-01") + Days::new(days))),
        1 => (0..HARD.len(), -3..4_i64)
            .prop_map(|(place, days)| (HARD[place].0, day(HARD[place].1) + Duration::days(days))),
    ]
}

/// What must hold of an instant and its date.
fn check(zone: BusinessZone, instant: DateTime<Utc>) -> Result<(), TestCaseError> {
    let date = zone.date_of(instant);
    let (start, end) = (zone.start_of(date), zone.end_of(date));
    prop_assert!(
        start <= instant && instant < end,
        "{instant} is of {date} in {}, which lasts from {start} to {end}",
        zone.0
    );
    Ok(())
}

proptest! {
    #![proptest_config(thousand())]

    #[test]
    fn d06_dates_follow_one_another_without_a_gap_or_an_overlap((zone, date) in places()) {
        let zone = BusinessZone(zone);
        let mut date = date;
        for _ in 0..10 {
            let (start, end) = (zone.start_of(date), zone.end_of(date));
            prop_assert_eq!(end, zone.start_of(next_day(date)));
            // A date that a zone left out lasts for no time at all.
            prop_assert!(start <= end && end - start <= Duration::hours(26), "{date} in {}", zone.0);
            if start < end {
                prop_assert_eq!(zone.date_of(start), date, "the start, in {}", zone.0);
                prop_assert_eq!(zone.date_of(end - Duration::microseconds(1)), date, "the end, in {}", zone.0);
            }
            prop_assert_eq!(previous_day(next_day(date)), date);
            date = next_day(date);
        }
    }

    #[test]
    fn d06_every_instant_lies_within_its_date((zone, date) in places(), seconds in -100_000..200_000_i64) {
        let zone = BusinessZone(zone);
        check(zone, zone.start_of(date) + Duration::seconds(seconds))?;
    }

    #[test]
    fn d06_later_instants_have_no_earlier_date((zone, date) in places(), steps in 1..3_000_i64) {
        let zone = BusinessZone(zone);
        let begin = zone.start_of(date) - Duration::hours(3);
        let mut last = zone.date_of(begin);
        for step in 1..100 {
            let next = zone.date_of(begin + Duration::seconds(step * steps));
            prop_assert!(next >= last, "{next} after {last} in {}", zone.0);
            last = next;
        }
    }

    #[test]
    fn m28_the_hour_of_the_payouts_lies_on_its_date_and_not_before_it((zone, date) in places(), minute in 0..1_440_u32) {
        let zone = BusinessZone(zone);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap();
        let instant = zone.instant_of(date, time);
        prop_assert!(instant >= zone.start_of(date));
        let wall = instant.with_timezone(&zone.0).naive_local();
        prop_assert!(wall >= date.and_time(time), "{wall} is before {time} of {date} in {}", zone.0);
    }
}

#[test]
fn d06_each_quarter_of_a_minute_around_the_hard_changes_lies_within_its_date() {
    for (zone, date) in HARD {
        let zone = BusinessZone(*zone);
        let begin = zone.start_of(day(date)) - Duration::hours(2);
        for quarter in 0..4 * 240 {
            check(zone, begin + Duration::seconds(15 * quarter)).unwrap();
        }
    }
}

#[test]
fn the_first_and_the_last_date_have_neighbours() {
    assert_eq!(next_day(NaiveDate::MAX), NaiveDate::MAX);
    assert_eq!(previous_day(NaiveDate::MIN), NaiveDate::MIN);
}
