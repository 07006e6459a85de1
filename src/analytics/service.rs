//! The use cases: each asks whether the person may see analytics, then reads. Page and API share them.

use chrono::NaiveDate;
use diesel::pg::PgConnection;

use super::model::{Named, Period};
use super::queries::{self, DayRow, DearestRow, DebtorRow};
use crate::auth::{Actor, Operation};
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;

/// Days that the page shows unless a range is asked for.
const TABLE_DAYS: u64 = 7;

/// Names that the page shows of the people in the minus.
const NAMES_SHOWN: i64 = 50;

/// The people in the minus.
pub(super) struct Debtors {
    /// How many they are.
    pub count: i64,
    /// The deepest ones.
    pub deepest: Vec<DebtorRow>,
}

/// The dearest closed tasks of a period: of each of its days, newest first, and of all of it.
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

/// All that the page shows.
pub(super) struct Overview {
    /// What the company earned today.
    pub earned_today: Money,
    /// The same of the last days together.
    pub earned_in_days: Money,
    /// Every day of the range, newest first (N06).
    pub days: Vec<DayRow>,
    pub debtors: Debtors,
    /// The dearest tasks of day, week and month.
    pub named: [Option<DearestRow>; 3],
    /// The dearest tasks of the range that was asked for.
    pub range: Dearest,
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

/// All that the page shows.
///
/// # Errors
/// Forbidden; invalid at `from` or `to`; those of the database.
pub(super) fn overview(
    conn: &mut PgConnection,
    actor: &Actor,
    today: NaiveDate,
    wanted: &Wanted,
) -> AppResult<Overview> {
    actor.allow(Operation::Analytics)?;
    let table = Period::last_days(TABLE_DAYS, today);
    let range = wanted.resolve(today, table)?;
    let mut of = |named: Named| queries::find_dearest(conn, named.around(today));
    let named = [of(Named::Day)?, of(Named::Week)?, of(Named::Month)?];
    let last = queries::list_days(conn, table)?;
    Ok(Overview {
        earned_today: last.first().map(DayRow::earned).unwrap_or_default(),
        earned_in_days: last.iter().map(DayRow::earned).sum(),
        days: queries::list_days(conn, range)?,
        debtors: debtors(conn, NAMES_SHOWN)?,
        named,
        range: dearest(conn, range)?,
    })
}

impl Wanted {
    /// Without anything, so that the default holds.
    pub fn nothing() -> Self {
        Self::default()
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
