//! A span of business dates, both ends included, as people and scripts ask for it (M16).

use chrono::{Datelike, Days, NaiveDate};

use super::error::{AppError, AppResult, FieldError};

/// From one business date to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first date.
    pub from: NaiveDate,
    /// The last date.
    pub to: NaiveDate,
}

/// Dates in a table that shows every single day, at most.
const LONGEST_TABLE: i64 = 3_700;

impl Period {
    /// One date.
    #[must_use]
    pub const fn day(date: NaiveDate) -> Self {
        Self {
            from: date,
            to: date,
        }
    }

    /// The `count` dates that end with `last`, it included.
    #[must_use]
    pub fn ending(last: NaiveDate, count: u64) -> Self {
        let before = Days::new(count.saturating_sub(1));
        Self {
            from: last.checked_sub_days(before).unwrap_or(last),
            to: last,
        }
    }

    /// Reads `from` and `to`; what is not said is `default`, stretched to hold what is said.
    ///
    /// # Errors
    /// Invalid at the field that is no date, or at `to` when it lies before `from`.
    pub fn parse(from: Option<&str>, to: Option<&str>, default: Self) -> AppResult<Self> {
        let (from, to) = match (read("from", from), read("to", to)) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => {
                return Err(AppError::Invalid(
                    [from.err(), to.err()].into_iter().flatten().collect(),
                ));
            }
        };
        let period = match (from, to) {
            (Some(from), Some(to)) => Self { from, to },
            (Some(from), None) => Self {
                from,
                to: default.to.max(from),
            },
            (None, Some(to)) => Self {
                from: default.from.min(to),
                to,
            },
            (None, None) => default,
        };
        if period.to < period.from {
            return Err(AppError::field("to", "field-period-reversed"));
        }
        Ok(period)
    }

    /// The same period, if a table with a line for every date of it is not too long.
    ///
    /// # Errors
    /// Invalid at `from`.
    pub fn as_table(self) -> AppResult<Self> {
        if (self.to - self.from).num_days() >= LONGEST_TABLE {
            return Err(AppError::field("from", "field-period-too-long"));
        }
        Ok(self)
    }

    /// Whether it is a single date.
    #[must_use]
    pub fn is_day(self) -> bool {
        self.from == self.to
    }
}

/// A date as `YYYY-MM-DD`, and nothing else.
///
/// # Errors
/// Invalid at `field`.
pub fn parse_date(field: &'static str, text: &str) -> AppResult<NaiveDate> {
    date_of(text).ok_or_else(|| AppError::field(field, "field-not-a-date"))
}

/// A date as `YYYY-MM-DD` that is not after `today`.
///
/// # Errors
/// Invalid at `field`.
pub fn parse_past_date(field: &'static str, text: &str, today: NaiveDate) -> AppResult<NaiveDate> {
    let date = parse_date(field, text)?;
    if date > today {
        return Err(AppError::field(field, "field-date-in-future"));
    }
    Ok(date)
}

fn read(field: &'static str, text: Option<&str>) -> Result<Option<NaiveDate>, FieldError> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => date_of(text)
            .map(Some)
            .ok_or_else(|| FieldError::new(field, "field-not-a-date")),
    }
}

fn date_of(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    ((1..=9_998).contains(&date.year()) && date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn parsed(from: &str, to: &str) -> AppResult<(String, String)> {
        let period = Period::parse(Some(from), Some(to), Period::day(day("2026-03-02")))?;
        Ok((period.from.to_string(), period.to.to_string()))
    }

    #[test]
    fn m16_a_period_is_today_unless_said_otherwise() {
        let pair = |from: &str, to: &str| Ok::<_, String>((from.to_owned(), to.to_owned()));
        let shown = |from, to| parsed(from, to).map_err(|error| error.to_string());
        assert_eq!(shown("", ""), pair("2026-03-02", "2026-03-02"));
        assert_eq!(
            shown("2026-02-01", "2026-02-28"),
            pair("2026-02-01", "2026-02-28")
        );
        assert_eq!(shown("2026-02-01", ""), pair("2026-02-01", "2026-03-02"));
        assert_eq!(shown("", "2026-02-01"), pair("2026-02-01", "2026-02-01"));
        assert_eq!(shown("2026-04-01", ""), pair("2026-04-01", "2026-04-01"));
    }

    #[test]
    fn m16_wrong_and_reversed_dates_are_refused_at_their_field() {
        let field = |from, to| match parsed(from, to) {
            Err(AppError::Invalid(errors)) => {
                errors.iter().map(|error| error.field).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(field("2026-03-03", "2026-03-02"), ["to"]);
        assert_eq!(field("2026-02-30", "tomorrow"), ["from", "to"]);
        assert_eq!(field("02.03.2026", ""), ["from"]);
        assert_eq!(field("+12026-01-01", ""), ["from"]);
        assert_eq!(field("2026-3-2", ""), ["from"]);
    }

    #[test]
    fn m19_a_table_of_days_has_an_end() {
        assert!(
            Period {
                from: day("0001-01-01"),
                to: day("9998-12-31")
            }
            .as_table()
            .is_err()
        );
        assert!(
            Period {
                from: day("2026-01-01"),
                to: day("2030-12-31")
            }
            .as_table()
            .is_ok()
        );
    }
}
