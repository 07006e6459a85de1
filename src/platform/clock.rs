//! Time: the one clock of the program, and the business date in the company's zone (D06).

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// Where the program takes the time from. Everything below the edge receives `now` as a value.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The system clock, which is what the product runs on.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved: for the demo's history and for tests.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The present instant in UTC, cut to microseconds as Postgres stores it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            Source::System => system_now(),
            Source::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        };
        chrono::SubsecRound::trunc_subsecs(now, 6)
    }

    /// Sets a fixed clock to another instant; does nothing to the system clock.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Fixed(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a fixed clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the system clock is read"
)]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// The zone in which the company's days begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusinessZone(pub Tz);

impl BusinessZone {
    /// The business date on which an instant falls: the one that has begun and not ended. That is the date on the wall, but for zones
    /// that put their clocks back from just after midnight: the hour before it that then comes again belongs to the new date.
    #[must_use]
    pub fn date_of(self, instant: DateTime<Utc>) -> NaiveDate {
        let date = instant.with_timezone(&self.0).date_naive();
        if instant < self.end_of(date) {
            date
        } else {
            next_day(date)
        }
    }

    /// The instant at which a business date begins.
    #[must_use]
    pub fn start_of(self, date: NaiveDate) -> DateTime<Utc> {
        self.instant_of(date, NaiveTime::MIN)
    }

    /// The instant at which a business date ends, which is the start of the next one.
    #[must_use]
    pub fn end_of(self, date: NaiveDate) -> DateTime<Utc> {
        self.start_of(next_day(date))
    }

    /// The first instant at or after a wall-clock time of a date: where the hour is missing, the first instant that exists;
    /// where it happens twice, the first of the two.
    #[must_use]
    pub fn instant_of(self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let wanted = date.and_time(time);
        let at = |wall| self.0.from_local_datetime(&wall).earliest();
        let mut wall = wanted;
        let mut instant = loop {
            match at(wall) {
                Some(instant) => break instant,
                None => wall += Duration::minutes(1),
            }
        };
        // Gaps of the past did not all end at a full minute.
        while wall > wanted
            && let Some(earlier) = at(wall - Duration::seconds(1))
        {
            wall -= Duration::seconds(1);
            instant = earlier;
        }
        instant.with_timezone(&Utc)
    }
}

/// The calendar day after `date`.
#[must_use]
pub fn next_day(date: NaiveDate) -> NaiveDate {
    date.checked_add_days(Days::new(1))
        .unwrap_or(NaiveDate::MAX)
}

/// The calendar day before `date`.
#[must_use]
pub fn previous_day(date: NaiveDate) -> NaiveDate {
    date.checked_sub_days(Days::new(1))
        .unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hours_of(zone: Tz, date: &str) -> i64 {
        let zone = BusinessZone(zone);
        (zone.end_of(day(date)) - zone.start_of(day(date))).num_minutes()
    }

    #[test]
    fn days_of_the_clock_change_have_23_and_25_hours() {
        assert_eq!(hours_of(chrono_tz::Europe::Berlin, "2026-10-25"), 25 * 60);
        assert_eq!(hours_of(chrono_tz::Europe::Berlin, "2027-03-28"), 23 * 60);
        assert_eq!(hours_of(chrono_tz::Europe::Moscow, "2026-10-25"), 24 * 60);
        assert_eq!(
            hours_of(chrono_tz::Australia::Lord_Howe, "2026-10-04"),
            23 * 60 + 30
        );
    }

    #[test]
    fn a_day_without_midnight_begins_at_its_first_instant() {
        let zone = BusinessZone(chrono_tz::Africa::Cairo);
        let date = day("2026-04-24");
        assert_eq!(zone.date_of(zone.start_of(date)), date);
        assert_eq!(
            zone.date_of(zone.start_of(date) - Duration::microseconds(1)),
            previous_day(date)
        );
    }
}
