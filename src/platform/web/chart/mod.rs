//! Charts of figures by day, as pictures inside the page: bars whose colours follow the theme, with a title and a sentence for those
//! who do not see them, without style, script or request of their own. The table of the same figures stands beside each on the page.

mod drawing;

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{Datelike, NaiveDate};

use super::Frame;
use crate::platform::error::Message;
use crate::platform::i18n;
use crate::platform::money::Money;
use drawing::{Bar, Canvas, draw};

/// Days up to which each has a bar of its own; of more, the months have.
const DAYS_APART: usize = 62;

/// A picture on a screen of a desk, and the same for a phone: text scales with a picture, so each has a size of its own.
const CANVASES: [Canvas; 2] = [
    Canvas {
        class: "wide",
        width: 960.0,
        height: 280.0,
        text: 13,
    },
    Canvas {
        class: "narrow",
        width: 300.0,
        height: 220.0,
        text: 14,
    },
];

/// What the bars measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Minor units of the currency; the days of a month add up.
    Money,
    /// How many; a month shows its highest day.
    Count,
}

impl Measure {
    /// The colours of what is above zero and of what is below: credits and debits for money, and neither for a number.
    fn colours(self) -> [&'static str; 2] {
        match self {
            Self::Money => ["var(--accent)", "var(--neg)"],
            Self::Count => ["var(--link)"; 2],
        }
    }
}

/// A chart, ready to be printed on a page.
#[derive(Clone, Debug)]
pub struct ChartTag {
    id: &'static str,
    title: String,
    trend: String,
    pictures: Vec<(Canvas, String)>,
}

impl Frame {
    /// A bar for each of some days, or for each month when they are many; none without any day. `id` is the chart's own on the page.
    #[must_use]
    pub fn day_chart(
        &self,
        id: &'static str,
        title: String,
        measure: Measure,
        days: &[(NaiveDate, i64)],
    ) -> Option<ChartTag> {
        let mut days = days.to_vec();
        days.sort_unstable_by_key(|(date, _)| *date);
        let (first, last) = (days.first()?.0, days.last()?.0);
        let trend = self.trend(measure, &days, first, last);
        let bars = self.bars(measure, &days);
        let pictures = CANVASES
            .map(|canvas| (canvas, draw(canvas, &bars, measure, self.lang)))
            .into();
        Some(ChartTag {
            id,
            title,
            trend,
            pictures,
        })
    }

    fn bars(&self, measure: Measure, days: &[(NaiveDate, i64)]) -> Vec<Bar> {
        let scaled = |value: i64| match measure {
            Measure::Money => value as f64 / 100.0,
            Measure::Count => value as f64,
        };
        if days.len() <= DAYS_APART {
            let bar = |(date, value): &(NaiveDate, i64)| Bar {
                label: i18n::day(self.lang, *date),
                value: scaled(*value),
            };
            return days.iter().map(bar).collect();
        }
        let month_of = |date: NaiveDate| (date.year(), date.month());
        days.chunk_by(|(left, _), (right, _)| month_of(*left) == month_of(*right))
            .map(|month| {
                let values = month.iter().map(|(_, value)| *value);
                let value = match measure {
                    Measure::Money => values.sum(),
                    Measure::Count => values.max().unwrap_or_default(),
                };
                Bar {
                    label: i18n::month(self.lang, month[0].0),
                    value: scaled(value),
                }
            })
            .collect()
    }

    /// What the picture shows, in a sentence.
    fn trend(
        &self,
        measure: Measure,
        days: &[(NaiveDate, i64)],
        first: NaiveDate,
        last: NaiveDate,
    ) -> String {
        let said = |value: i64| match measure {
            // The sign of an amount does not stay behind at the end of a line.
            Measure::Money => self
                .signed_text(&Money::from_minor(value))
                .replace('\u{2212}', "\u{2212}\u{2060}"),
            Measure::Count => i18n::number(self.lang, value),
        };
        let by_value = |(date, value): &&(NaiveDate, i64)| (*value, *date);
        let highest = days.iter().max_by_key(by_value);
        let lowest = days.iter().min_by_key(by_value);
        let id = match measure {
            Measure::Money => "chart-trend-money",
            Measure::Count => "chart-trend-count",
        };
        let total: i64 = days.iter().map(|(_, value)| *value).sum();
        let mut message = Message::new(id)
            .with("from", self.date_text(&first))
            .with("to", self.date_text(&last))
            .with("total", said(total));
        if let (Some(highest), Some(lowest)) = (highest, lowest) {
            message = message
                .with("highest", said(highest.1))
                .with("highest-day", self.date_text(&highest.0))
                .with("lowest", said(lowest.1))
                .with("lowest-day", self.date_text(&lowest.0));
        }
        self.text(&message)
    }
}

impl fmt::Display for ChartTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, trend) = (escaped(&self.title), escaped(&self.trend));
        write!(f, "<figure class=\"chart\" id=\"{}\">", self.id)?;
        for (canvas, content) in &self.pictures {
            let (width, height, class) = (canvas.width, canvas.height, canvas.class);
            let id = format!("{}-{class}", self.id);
            write!(
                f,
                "<svg class=\"{class}\" fill=\"currentColor\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-trend\">\
                 <title id=\"{id}-title\">{title}</title><desc id=\"{id}-trend\">{trend}</desc>{content}</svg>"
            )?;
        }
        write!(f, "<figcaption>{trend}</figcaption></figure>")
    }
}

fn escaped(text: &str) -> String {
    let Ok(safe) = askama::filters::escape(text, askama::filters::Html);
    safe.to_string()
}

impl HtmlSafe for ChartTag {}

#[cfg(test)]
mod tests;
