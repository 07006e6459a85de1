//! The use cases: each asks whether the person may see analytics, then reads. Page and API share them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::PgConnection;

use super::model::{Named, Period};
use super::queries::{self, DayRow, DearestRow, DebtorRow};
use super::{PROJECTION, ROLE};
use crate::auth::{Actor, Operation};
use crate::bus;
use crate::platform::db::{Part, Parts};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::reports::Report;

/// Days that the page shows unless a range is asked for.
const TABLE_DAYS: u64 = 7;

/// Days of a range of the page at most: a longer one is no picture any more.
const LONGEST_RANGE: i64 = 366;

/// Names that the page shows of the people in the minus.
const NAMES_SHOWN: i64 = 50;

/// The people in the minus.
#[derive(Clone, Debug)]
pub(super) struct Debtors {
    /// How many they are.
    pub count: i64,
    /// The deepest ones.
    pub deepest: Vec<DebtorRow>,
}

/// The dearest closed tasks of a period: of each of its days, newest first, and of all of it.
#[derive(Clone, Debug)]
pub(super) struct Dearest {
    pub period: Period,
    pub days: Vec<DearestRow>,
    pub of_all: Option<DearestRow>,
}

/// The period that somebody asks for: by its name or by its ends, in their own words.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub period: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Who is in the minus, for the page.
#[derive(Clone, Debug)]
pub(super) struct Minus {
    pub debtors: Debtors,
    /// Everybody who has an account.
    pub people: i64,
}

/// The last days.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent {
    /// What the company earned today.
    pub today: Money,
    /// The same of the last days together.
    pub days: Money,
}

/// How far the figures have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Age {
    /// When they were read.
    pub read_at: DateTime<Utc>,
    /// When the first event was recorded that they do not know of yet; none when they know of all.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// All that the page shows; what could not be had in time is missing.
#[derive(Debug)]
pub(super) struct Overview {
    pub recent: Part<Recent>,
    /// Every day of the range, newest first (N06).
    pub days: Part<Vec<DayRow>>,
    pub minus: Part<Minus>,
    /// The dearest tasks of day, week and month.
    pub named: Part<[Option<DearestRow>; 3]>,
    /// The dearest tasks of the range that was asked for.
    pub range: Part<Dearest>,
    pub age: Part<Age>,
}

impl Report for Overview {
    fn is_whole(&self) -> bool {
        !(self.recent.is_missing()
            || self.days.is_missing()
            || self.minus.is_missing()
            || self.named.is_missing()
            || self.range.is_missing()
            || self.age.is_missing())
    }
}

/// What the company earned today (N02).
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn today_income(
    conn: &mut PgConnection,
    actor: &Actor,
    today: NaiveDate,
) -> AppResult<Money> {
    actor.allow(Operation::Analytics)?;
    let days = queries::list_days(conn, Period::last_days(1, today))?;
    Ok(days.iter().map(DayRow::earned).sum())
}

/// Who is in the minus now (N03).
///
/// # Errors
/// Forbidden, and those of the database.
pub(super) fn negative_balances(conn: &mut PgConnection, actor: &Actor) -> AppResult<Debtors> {
    actor.allow(Operation::Analytics)?;
    debtors(conn, i64::MAX)
}

/// The dearest closed tasks of the period that was asked for; today when none was (N04, N05).
///
/// # Errors
/// Forbidden; invalid at `period`, `from` or `to`; those of the database.
pub(super) fn show_the_most_expensive_task(
    conn: &mut PgConnection,
    actor: &Actor,
    today: NaiveDate,
    wanted: &Wanted,
) -> AppResult<Dearest> {
    actor.allow(Operation::Analytics)?;
    let default = Named::Day.around(today);
    dearest(conn, wanted.resolve(today, default)?)
}

/// All that the page shows of a range, part by part (G06).
///
/// # Errors
/// Forbidden, and 503 when the connection is lost.
pub(super) fn overview(
    parts: &mut Parts<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    today: NaiveDate,
    range: Period,
) -> AppResult<Overview> {
    actor.allow(Operation::Analytics)?;
    Ok(Overview {
        recent: parts.read(ROLE, "analytics.recent", |conn| {
            let days = queries::list_days(conn, usual_range(today))?;
            Ok(Recent {
                today: days.first().map(DayRow::earned).unwrap_or_default(),
                days: days.iter().map(DayRow::earned).sum(),
            })
        })?,
        minus: parts.read(ROLE, "analytics.minus", |conn| {
            Ok(Minus {
                debtors: debtors(conn, NAMES_SHOWN)?,
                people: queries::count_people(conn)?,
            })
        })?,
        named: parts.read(ROLE, "analytics.dearest", |conn| {
            let mut of = |named: Named| queries::find_dearest(conn, named.around(today));
            Ok([of(Named::Day)?, of(Named::Week)?, of(Named::Month)?])
        })?,
        range: parts.read(ROLE, "analytics.range", |conn| dearest(conn, range))?,
        days: parts.read(ROLE, "analytics.days", |conn| {
            queries::list_days(conn, range)
        })?,
        age: parts.read(bus::ROLE, "analytics.age", |conn| {
            let all = bus::statuses(conn)?;
            let own = all.into_iter().find(|row| row.name == PROJECTION);
            Ok(Age {
                read_at: now,
                waiting_since: own.and_then(|row| row.waiting_since),
            })
        })?,
    })
}

/// The days that the page shows unless others are asked for.
pub(super) fn usual_range(today: NaiveDate) -> Period {
    Period::last_days(TABLE_DAYS, today)
}

impl Wanted {
    /// The range of the page: the one that was asked for, or the usual one.
    ///
    /// # Errors
    /// Invalid at `from` or `to`: no date, the wrong way round, or too long to be looked at.
    pub fn range(&self, today: NaiveDate) -> AppResult<Period> {
        let range = self.resolve(today, usual_range(today))?;
        if (range.to - range.from).num_days() >= LONGEST_RANGE {
            return Err(AppError::field("from", "analytics-error-range-too-long"));
        }
        Ok(range)
    }

    fn resolve(&self, today: NaiveDate, default: Period) -> AppResult<Period> {
        match (&self.period, &self.from, &self.to) {
            (None, None, None) => Ok(default),
            (Some(word), None, None) => Named::parse(word)
                .map(|named| named.around(today))
                .ok_or_else(|| AppError::field("period", "analytics-error-period")),
            (Some(_), ..) => Err(AppError::field(
                "period",
                "analytics-error-period-and-range",
            )),
            (None, from, to) => Period::parse(from.as_deref(), to.as_deref()),
        }
    }
}

fn debtors(conn: &mut PgConnection, limit: i64) -> AppResult<Debtors> {
    Ok(Debtors {
        count: queries::count_debtors(conn)?,
        deepest: queries::list_debtors(conn, limit)?,
    })
}

fn dearest(conn: &mut PgConnection, period: Period) -> AppResult<Dearest> {
    Ok(Dearest {
        period,
        days: queries::list_dearest_by_day(conn, period)?,
        of_all: queries::find_dearest(conn, period)?,
    })
}
