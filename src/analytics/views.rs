//! The page as a struct, with every line ready to print.

use askama::Template;
use chrono::{Datelike, NaiveDate};
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::model::Period;
use super::queries::{DayRow, DearestRow, DebtorRow};
use super::service::{Overview, Wanted};
use crate::platform::money::Money;
use crate::platform::web::{FormErrors, Frame};

/// The form for a range of days, as it comes back.
pub(super) struct RangeForm {
    from: String,
    to: String,
    errors: FormErrors,
}

/// A dearest task, for the tile of its period.
struct DearestTile {
    heading: String,
    task: Option<DearestRow>,
}

/// A dearest task in the words of N05: `03.03 — Feed the macaw — 28$`.
struct Line {
    period: String,
    task: Uuid,
    title: String,
    price: String,
}

/// `/analytics`.
#[derive(Template)]
#[template(path = "analytics/index.html")]
pub(super) struct AnalyticsPage {
    frame: Frame,
    earned_today: Money,
    earned_in_days: Money,
    days: Vec<DayRow>,
    debtors: Vec<DebtorRow>,
    debtor_count: i64,
    hidden_debtors: i64,
    tiles: [DearestTile; 3],
    day_lines: Vec<Line>,
    range_line: Option<Line>,
    form: RangeForm,
}

impl RangeForm {
    /// What was typed, or the period that is shown when nothing was.
    pub(super) fn new(wanted: Wanted, shown: Period, errors: FormErrors) -> Self {
        let nothing = wanted.from.is_none() && wanted.to.is_none();
        let value = |typed: Option<String>, shown: NaiveDate| match typed {
            None if nothing => shown.to_string(),
            typed => typed.unwrap_or_default(),
        };
        Self {
            from: value(wanted.from, shown.from),
            to: value(wanted.to, shown.to),
            errors,
        }
    }
}

impl AnalyticsPage {
    pub(super) fn new(frame: Frame, overview: Overview, form: RangeForm) -> Self {
        let Overview {
            earned_today,
            earned_in_days,
            days,
            debtors,
            named: [day, week, month],
            range,
        } = overview;
        let l = frame.l;
        let tile = |heading, task| DearestTile { heading, task };
        let tiles = [
            tile(fl!(l, "analytics-dearest-today"), day),
            tile(fl!(l, "analytics-dearest-week"), week),
            tile(fl!(l, "analytics-dearest-month"), month),
        ];
        let line = |period, row: &DearestRow| Line {
            period,
            task: row.id,
            title: row.title.clone(),
            price: short_price(row.reward(), &frame),
        };
        let day_lines = range.days.iter().map(|row| {
            let date = row.completed_date;
            line(format!("{:02}.{:02}", date.day(), date.month()), row)
        });
        let range_line = range.of_all.as_ref();
        Self {
            earned_today,
            earned_in_days,
            days,
            debtor_count: debtors.count,
            hidden_debtors: debtors.count - debtors.deepest.len() as i64,
            debtors: debtors.deepest,
            tiles,
            day_lines: day_lines.collect(),
            range_line: range_line.map(|row| line(range_words(&frame, range.period), row)),
            form,
            frame,
        }
    }
}

/// `01-03 марта`, `28 февраля - 03 марта`, with the years where they differ.
fn range_words(frame: &Frame, Period { from, to }: Period) -> String {
    let month = |date: NaiveDate| fl!(frame.l, "analytics-of-month", month = date.month());
    let day = |date: NaiveDate| format!("{:02} {}", date.day(), month(date));
    if from == to {
        day(from)
    } else if from.year() != to.year() {
        format!("{} {} - {} {}", day(from), from.year(), day(to), to.year())
    } else if from.month() != to.month() {
        format!("{} - {}", day(from), day(to))
    } else {
        format!("{:02}-{}", from.day(), day(to))
    }
}

/// `38$`: the short form of N05, with cents only where there are some.
fn short_price(price: Money, frame: &Frame) -> String {
    let full = price.to_string();
    let figures = full.strip_suffix(".00").unwrap_or(&full);
    match frame.currency.as_str() {
        "USD" => format!("{figures}$"),
        "EUR" => format!("{figures}€"),
        "RUB" => format!("{figures}₽"),
        code => format!("{figures} {code}"),
    }
}
