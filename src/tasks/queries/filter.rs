//! Which tasks of a list are wanted.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::events::TaskStatus;
use crate::platform::clock::BusinessZone;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::money::Money;
use crate::platform::period::Period;
use crate::platform::text::composed;
use crate::platform::web::{Order, SortColumn};

/// The filter of the list of all tasks as words of an address; without anything it takes them all.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::tasks) struct FilterWords {
    pub status: Option<String>,
    pub assignee: Option<String>,
    pub q: Option<String>,
    /// The first business date of creation.
    pub from: Option<String>,
    /// The last business date of creation.
    pub to: Option<String>,
    /// The first business date on which they came to whom they are with.
    pub assigned_from: Option<String>,
    /// The last such date.
    pub assigned_to: Option<String>,
    /// The smallest fee, in whole units of the currency.
    pub fee_from: Option<String>,
    /// The largest fee, in whole units of the currency.
    pub fee_to: Option<String>,
    /// The smallest reward, in whole units of the currency.
    pub reward_from: Option<String>,
    /// The largest reward, in whole units of the currency.
    pub reward_to: Option<String>,
}

impl FilterWords {
    /// Whether dates or prices are asked for: what the form shows only then at once.
    pub fn wants_more(&self) -> bool {
        let more = [
            &self.from,
            &self.to,
            &self.assigned_from,
            &self.assigned_to,
            &self.fee_from,
            &self.fee_to,
            &self.reward_from,
            &self.reward_to,
        ];
        more.into_iter().any(|word| given(word).is_some())
    }
}

/// The filter of the list of all tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tasks) struct TaskFilter {
    pub status: Option<TaskStatus>,
    pub assignee: Option<UserId>,
    pub text: Option<String>,
    pub created: Option<Dates>,
    /// When they came to whom they are with.
    pub assigned: Option<Dates>,
    pub fee_from: Option<Money>,
    pub fee_to: Option<Money>,
    pub reward_from: Option<Money>,
    pub reward_to: Option<Money>,
}

/// Business dates, with the instants that they begin and end at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) struct Dates {
    pub period: Period,
    pub since: DateTime<Utc>,
    pub before: DateTime<Utc>,
}

/// Dates of creation that a list can be ordered by price over.
const SORTED_DATES: i64 = 31;

impl TaskFilter {
    /// Reads the words; empty ones are no filter. `today` ends a period that has no end.
    ///
    /// # Errors
    /// Invalid at the field that names nothing.
    pub fn parse(words: &FilterWords, zone: BusinessZone, today: NaiveDate) -> AppResult<Self> {
        let dates = |from: &Option<String>, to: &Option<String>| match (given(from), given(to)) {
            (None, None) => Ok(None),
            (from, to) => {
                let period = Period::parse(from, to, Period::day(today))?;
                Ok(Some(Dates {
                    period,
                    since: zone.start_of(period.from),
                    before: zone.end_of(period.to),
                }))
            }
        };
        let assigned = dates(&words.assigned_from, &words.assigned_to)
            .map_err(|error| at_assigned(error, words))?;
        Ok(Self {
            status: parse_status(words.status.as_deref())?,
            assignee: given(&words.assignee)
                .map(str::parse)
                .transpose()
                .map_err(|_| AppError::field("assignee", "field-not-understood"))?,
            text: given(&words.q).map(|text| composed(text).chars().take(200).collect()),
            created: dates(&words.from, &words.to)?,
            assigned,
            fee_from: read_units("fee_from", &words.fee_from)?,
            fee_to: read_units("fee_to", &words.fee_to)?,
            reward_from: read_units("reward_from", &words.reward_from)?,
            reward_to: read_units("reward_to", &words.reward_to)?,
        })
    }

    /// Whether the list is short enough, or has an index, to be put in the order of prices.
    pub fn can_be_priced(&self) -> bool {
        let few_dates =
            |created: Dates| (created.period.to - created.period.from).num_days() < SORTED_DATES;
        self.assignee.is_some()
            || matches!(self.status, Some(TaskStatus::Open | TaskStatus::Saving))
            || self.created.is_some_and(few_dates)
    }

    /// The text as a pattern for `ilike`, its own wildcards taken literally.
    pub(super) fn pattern(&self) -> Option<String> {
        let escape = |text: &String| {
            let literal: String = text.chars().fold(String::new(), |mut literal, c| {
                if matches!(c, '%' | '_' | '\\') {
                    literal.push('\\');
                }
                literal.push(c);
                literal
            });
            format!("%{literal}%")
        };
        self.text.as_ref().map(escape)
    }

    /// The number, when the text is one: `482`, `T-482`, `#482`.
    pub(super) fn number(&self) -> Option<i64> {
        let text = self.text.as_deref()?;
        let figures = ["T-", "t-", "Т-", "т-", "#"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text);
        figures.parse().ok()
    }
}

fn given(word: &Option<String>) -> Option<&str> {
    let word = word.as_deref().map(str::trim);
    word.filter(|word| !word.is_empty())
}

/// What is wrong with a date, at the fields of the assignment.
fn at_assigned(error: AppError, words: &FilterWords) -> AppError {
    let field = if given(&words.assigned_from).is_some() {
        "assigned_from"
    } else {
        "assigned_to"
    };
    match error {
        AppError::Invalid(_) => AppError::field(field, "field-not-understood"),
        other => other,
    }
}

fn read_units(field: &'static str, word: &Option<String>) -> AppResult<Option<Money>> {
    let units = |word: &str| -> Option<Money> {
        let units: u32 = word.parse().ok()?;
        Some(Money::from_minor(i64::from(units) * 100))
    };
    given(word)
        .map(|word| units(word).ok_or_else(|| AppError::field(field, "field-whole-units")))
        .transpose()
}

/// What the list of all tasks can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tasks) enum TaskColumn {
    Created,
    Fee,
    Reward,
}

impl SortColumn for TaskColumn {
    const ALL: &'static [Self] = &[Self::Created, Self::Fee, Self::Reward];

    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Fee => "fee",
            Self::Reward => "reward",
        }
    }

    fn starts_descending(self) -> bool {
        true
    }
}

/// The newest first.
pub(in crate::tasks) const USUAL_ORDER: Order<TaskColumn> = Order {
    column: TaskColumn::Created,
    descending: true,
};

/// The order that an address asks for.
///
/// # Errors
/// Invalid at `sort` when there is no such order, or none by price for so many tasks.
pub(in crate::tasks) fn parse_order(
    word: Option<&str>,
    filter: &TaskFilter,
) -> AppResult<Order<TaskColumn>> {
    let order = Order::parse(word, USUAL_ORDER)?;
    if order.column != TaskColumn::Created && !filter.can_be_priced() {
        return Err(AppError::field("sort", "field-sort-too-many"));
    }
    Ok(order)
}

/// A status by its word; none for none.
///
/// # Errors
/// Invalid at `status` for any other word.
pub(in crate::tasks) fn parse_status(word: Option<&str>) -> AppResult<Option<TaskStatus>> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    TaskStatus::parse(word)
        .map(Some)
        .ok_or_else(|| AppError::field("status", "field-task-status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: FilterWords) -> AppResult<TaskFilter> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        TaskFilter::parse(&words, BusinessZone(chrono_tz::Europe::Moscow), today)
    }

    fn with_text(text: &str) -> TaskFilter {
        parse(FilterWords {
            q: Some(text.into()),
            ..FilterWords::default()
        })
        .unwrap()
    }

    #[test]
    fn a_text_is_taken_literally() {
        assert_eq!(
            with_text(r"100%_\").pattern().as_deref(),
            Some(r"%100\%\_\\%")
        );
        assert_eq!(with_text("  ").pattern(), None);
    }

    #[test]
    fn a_task_is_found_by_its_number() {
        assert_eq!(with_text("T-482").number(), Some(482));
        assert_eq!(with_text("482").number(), Some(482));
        assert_eq!(with_text("UBERPOP-482").number(), None);
    }

    #[test]
    fn t23_only_known_statuses_are_taken() {
        let with_status = |status: &str| {
            parse(FilterWords {
                status: Some(status.into()),
                assignee: Some(String::new()),
                ..FilterWords::default()
            })
        };
        assert!(with_status("closed").is_err());
        assert_eq!(with_status("open").unwrap().status, Some(TaskStatus::Open));
    }

    #[test]
    fn a_long_list_is_not_ordered_by_price() {
        let dear = |words: FilterWords| parse_order(Some("-reward"), &parse(words).unwrap());
        let dates = |from: &str| FilterWords {
            from: Some(from.into()),
            to: Some("2026-11-21".into()),
            ..FilterWords::default()
        };
        assert!(dear(FilterWords::default()).is_err());
        assert!(dear(dates("2026-10-21")).is_err());
        assert_eq!(
            dear(dates("2026-10-22")).unwrap().column,
            TaskColumn::Reward
        );
        assert_eq!(
            parse_order(None, &TaskFilter::default()).unwrap(),
            USUAL_ORDER
        );
    }
}
