//! The page as a struct, with every line ready to print.

use askama::Template;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::model::Period;
use super::queries::{DayRow, DearestRow, DebtorRow};
use super::service::{Age, Dearest, Minus, Overview, Recent, Wanted};
use crate::platform::db::Part;
use crate::platform::money::Money;
use crate::platform::web::{ChartTag, FormErrors, Frame, Measure};

/// How long an event may be unknown to the figures before the page says so.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

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

/// The people in the minus, as the page tells of them.
struct MinusTile {
    count: i64,
    people: i64,
    /// Of a hundred people, rounded.
    share: i64,
    debtors: Vec<DebtorRow>,
    hidden: i64,
}

/// The dearest tasks of each day of the range, and of all of it.
struct RangeLines {
    days: Vec<Line>,
    whole: Option<Line>,
}

/// How old the figures are, as a chip.
struct AgeChip {
    kind: &'static str,
    text: String,
}

/// A closed date with how many were in the minus.
struct ClosedDay {
    date: NaiveDate,
    count: i32,
}

/// `/analytics`.
#[derive(Template)]
#[template(path = "analytics/index.html")]
pub(super) struct AnalyticsPage {
    frame: Frame,
    recent: Part<Recent>,
    days: Part<Vec<DayRow>>,
    /// What the days of the range earned together.
    total: Money,
    earned_chart: Option<ChartTag>,
    closed_days: Vec<ClosedDay>,
    minus_chart: Option<ChartTag>,
    minus: Part<MinusTile>,
    dearest_today: Part<Option<DearestRow>>,
    tiles: Part<[DearestTile; 3]>,
    range: Part<RangeLines>,
    age: Part<AgeChip>,
    form: RangeForm,
    /// Whether the reader may look at somebody's account.
    sees_accounts: bool,
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
    pub(super) fn new(
        frame: Frame,
        overview: &Overview,
        form: RangeForm,
        range: Period,
        now: DateTime<Utc>,
        sees_accounts: bool,
    ) -> Self {
        let l = frame.l;
        let days = overview.days.clone();
        let shown = days.get().map(Vec::as_slice).unwrap_or_default();
        let earned: Vec<(NaiveDate, i64)> = shown
            .iter()
            .map(|day| (day.business_date, day.earned().minor()))
            .collect();
        let closed_days: Vec<ClosedDay> = shown
            .iter()
            .filter_map(|day| {
                day.negative_balances.map(|count| ClosedDay {
                    date: day.business_date,
                    count,
                })
            })
            .collect();
        let closed: Vec<(NaiveDate, i64)> = closed_days
            .iter()
            .map(|day| (day.date, day.count.into()))
            .collect();
        let named = overview.named.clone();
        Self {
            recent: overview.recent,
            total: shown.iter().map(DayRow::earned).sum(),
            earned_chart: frame.day_chart(
                "chart-earned",
                fl!(l, "analytics-by-day"),
                Measure::Money,
                &earned,
            ),
            minus_chart: frame.day_chart(
                "chart-minus",
                fl!(l, "analytics-minus-by-day"),
                Measure::Count,
                &closed,
            ),
            closed_days,
            days,
            minus: overview.minus.clone().map(MinusTile::from),
            dearest_today: named.clone().map(|[day, ..]| day),
            tiles: named.map(|[day, week, month]| {
                let tile = |heading, task| DearestTile { heading, task };
                [
                    tile(fl!(l, "analytics-dearest-today"), day),
                    tile(fl!(l, "analytics-dearest-week"), week),
                    tile(fl!(l, "analytics-dearest-month"), month),
                ]
            }),
            range: overview
                .range
                .clone()
                .map(|dearest| RangeLines::new(&frame, &dearest, range)),
            age: overview.age.map(|age| AgeChip::new(&frame, age, now)),
            form,
            sees_accounts,
            frame,
        }
    }
}

impl From<Minus> for MinusTile {
    fn from(minus: Minus) -> Self {
        let Minus { debtors, people } = minus;
        Self {
            count: debtors.count,
            people,
            share: (100 * debtors.count + people / 2)
                .checked_div(people)
                .unwrap_or_default(),
            hidden: debtors.count - debtors.deepest.len() as i64,
            debtors: debtors.deepest,
        }
    }
}

impl RangeLines {
    fn new(frame: &Frame, dearest: &Dearest, range: Period) -> Self {
        let line = |period, row: &DearestRow| Line {
            period,
            task: row.id,
            title: row.title.clone(),
            price: short_price(row.reward(), frame),
        };
        let of_day = |row: &DearestRow| {
            let date = row.completed_date;
            line(format!("{:02}.{:02}", date.day(), date.month()), row)
        };
        Self {
            days: dearest.days.iter().map(of_day).collect(),
            whole: dearest
                .of_all
                .as_ref()
                .map(|row| line(range_words(frame, range), row)),
        }
    }
}

impl AgeChip {
    fn new(frame: &Frame, age: Age, now: DateTime<Utc>) -> Self {
        let behind = age.waiting_since.filter(|since| now - *since > PATIENCE);
        match behind {
            Some(since) => Self {
                kind: "wait",
                text: fl!(frame.l, "analytics-behind", at = frame.time_text(&since)),
            },
            None => Self {
                kind: "ok",
                text: fl!(
                    frame.l,
                    "analytics-as-of",
                    at = frame.time_text(&age.read_at)
                ),
            },
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
