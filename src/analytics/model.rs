//! What a page of events changes, summed up before it is written; periods of the calendar.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use uuid::Uuid;

use crate::events::{AuditLogRecordCreated, TransferKind};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::period::{self, parse_date};

/// A task's title with its id in the issue tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    pub title: String,
    pub jira_id: Option<String>,
}

/// When, on which business date and by whom a task was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    pub at: DateTime<Utc>,
    pub date: NaiveDate,
    pub by: Uuid,
}

/// What is new about a task. Each part may come without the others, and before them (E10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TaskChange {
    /// The title it was created with: holds only until a changed one is known.
    pub created: Option<Title>,
    /// The title it was changed to.
    pub updated: Option<Title>,
    pub reward: Option<Money>,
    pub completed: Option<Completion>,
}

/// What is new about somebody's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameChange {
    pub name: String,
    pub version: i64,
}

/// Fees and rewards that were added to a business date, both positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DaySums {
    pub fees: Money,
    pub rewards: Money,
}

/// Everything that a page of events changes, one entry a row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub tasks: BTreeMap<Uuid, TaskChange>,
    pub names: BTreeMap<Uuid, NameChange>,
    pub balances: BTreeMap<Uuid, Money>,
    pub days: BTreeMap<NaiveDate, DaySums>,
    pub closed_days: BTreeMap<NaiveDate, i32>,
}

impl Changes {
    /// Adds a record of a person; an older one than is known changes nothing.
    pub fn add_name(&mut self, employee: Uuid, change: NameChange) {
        match self.names.get(&employee) {
            Some(known) if known.version >= change.version => {}
            _ => drop(self.names.insert(employee, change)),
        }
    }

    /// Adds a transfer of an employee: to the balance, and to its day when it is one of the company's earnings. A payout is not
    /// (decision 8).
    pub fn add_transfer(&mut self, employee: Uuid, transfer: &AuditLogRecordCreated) {
        let balance = self.balances.entry(employee).or_default();
        *balance = *balance + transfer.amount_minor;
        let days = &mut self.days;
        match transfer.kind {
            TransferKind::AssignmentFee => {
                let day = days.entry(transfer.business_date).or_default();
                day.fees = day.fees - transfer.amount_minor;
            }
            TransferKind::CompletionReward => {
                let day = days.entry(transfer.business_date).or_default();
                day.rewards = day.rewards + transfer.amount_minor;
            }
            TransferKind::Payout | TransferKind::Adjustment => {}
        }
    }
}

/// Days of the calendar, the first and the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// The periods that have a name (decision 24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Day,
    Week,
    Month,
}

impl Named {
    /// The period of that word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// The calendar day, the week from Monday, or the calendar month that `today` is in.
    pub fn around(self, today: NaiveDate) -> Period {
        match self {
            Self::Day => Period {
                from: today,
                to: today,
            },
            Self::Week => {
                let monday = today - Days::new(today.weekday().num_days_from_monday().into());
                Period {
                    from: monday,
                    to: monday + Days::new(6),
                }
            }
            Self::Month => {
                let first = today - Days::new(today.day0().into());
                Period {
                    from: first,
                    to: first + Months::new(1) - Days::new(1),
                }
            }
        }
    }
}

impl Period {
    /// The `count` days that end with `today`.
    pub fn last_days(count: u64, today: NaiveDate) -> Self {
        Self {
            from: today - Days::new(count.saturating_sub(1)),
            to: today,
        }
    }

    /// The period between two dates as somebody wrote them.
    ///
    /// # Errors
    /// Invalid at `from` or `to`: missing, no date, or the wrong way round.
    pub fn parse(from: Option<&str>, to: Option<&str>) -> AppResult<Self> {
        let period = Self {
            from: date("from", from)?,
            to: date("to", to)?,
        };
        if period.to < period.from {
            return Err(AppError::field("to", "field-period-reversed"));
        }
        let days = period::Period {
            from: period.from,
            to: period.to,
        };
        days.as_table().map(|_| period)
    }
}

fn date(field: &'static str, text: Option<&str>) -> AppResult<NaiveDate> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| AppError::field(field, "field-required"))?;
    parse_date(field, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn transfer(kind: TransferKind, minor: i64) -> AuditLogRecordCreated {
        AuditLogRecordCreated {
            transfer: Uuid::nil(),
            kind,
            amount_minor: Money::from_minor(minor),
            balance_minor: Money::ZERO,
            task: None,
            business_date: day("2026-03-02"),
        }
    }

    #[test]
    fn n02_payouts_are_no_earnings_but_move_the_balance() {
        let (mut changes, popug) = (Changes::default(), Uuid::from_u128(1));
        for (kind, minor) in [
            (TransferKind::AssignmentFee, -1500),
            (TransferKind::CompletionReward, 3000),
            (TransferKind::Payout, -1500),
        ] {
            changes.add_transfer(popug, &transfer(kind, minor));
        }
        let sums = DaySums {
            fees: Money::from_whole(15),
            rewards: Money::from_whole(30),
        };
        assert_eq!(changes.days, BTreeMap::from([(day("2026-03-02"), sums)]));
        assert_eq!(changes.balances[&popug], Money::ZERO);
    }

    #[test]
    fn an_older_record_never_replaces_a_newer_one() {
        let mut changes = Changes::default();
        for (name, version) in [("new", 3), ("old", 2)] {
            let name = name.to_owned();
            changes.add_name(Uuid::nil(), NameChange { name, version });
        }
        assert_eq!(changes.names[&Uuid::nil()].name, "new");
    }

    #[test]
    fn n04_weeks_begin_on_monday_and_months_end_where_the_calendar_says() {
        let period = |from: &str, to: &str| Period {
            from: day(from),
            to: day(to),
        };
        for (today, named, expected) in [
            ("2026-03-01", Named::Day, period("2026-03-01", "2026-03-01")),
            (
                "2026-03-01",
                Named::Week,
                period("2026-02-23", "2026-03-01"),
            ),
            (
                "2026-03-02",
                Named::Week,
                period("2026-03-02", "2026-03-08"),
            ),
            (
                "2028-02-29",
                Named::Month,
                period("2028-02-01", "2028-02-29"),
            ),
            (
                "2026-12-31",
                Named::Month,
                period("2026-12-01", "2026-12-31"),
            ),
        ] {
            assert_eq!(named.around(day(today)), expected, "{today} {named:?}");
        }
    }

    #[test]
    fn n05_a_range_needs_two_dates_in_order() {
        let field = |from, to| match Period::parse(from, to) {
            Err(AppError::Invalid(errors)) => Some(errors[0].field),
            _ => None,
        };
        assert_eq!(field(Some("2026-03-01"), Some("2026-03-03")), None);
        assert_eq!(field(Some("2026-03-01"), Some("2026-02-28")), Some("to"));
        assert_eq!(field(Some("2026-02-30"), Some("2026-03-01")), Some("from"));
        assert_eq!(field(Some("2026-03-01"), Some(" ")), Some("to"));
        assert_eq!(field(None, Some("2026-03-01")), Some("from"));
    }
}
