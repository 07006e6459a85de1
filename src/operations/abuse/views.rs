//! The page and the lines of its files.

use actix_web::web::Bytes;
use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use super::store::{CreatorRow, EffectRow, PairRow, PresserRow};
use crate::platform::config::AbuseLimits;
use crate::platform::csv::{Cell, Csv};
use crate::platform::error::AppResult;
use crate::platform::i18n::decimal;
use crate::platform::period::Period;
use crate::platform::web::{FormErrors, Frame, Pieces, address};

/// What the page shows.
pub(super) struct Reports {
    pub creators: Vec<CreatorRow>,
    pub pairs: Vec<PairRow>,
    pub pressers: Vec<PresserRow>,
    pub effects: Vec<EffectRow>,
}

/// What was asked for.
pub(super) struct AbuseForm {
    /// Only where it was wrong.
    pub from: Option<String>,
    /// Only where it was wrong.
    pub to: Option<String>,
    pub creators: &'static str,
    pub pressers: &'static str,
    pub errors: FormErrors,
}

/// `/admin/abuse`.
#[derive(Template)]
#[template(path = "operations/abuse.html")]
pub(super) struct AbusePage {
    frame: Frame,
    period: Period,
    from: String,
    to: String,
    creators_by: &'static str,
    pressers_by: &'static str,
    errors: FormErrors,
    reports: Reports,
    limits: Vec<String>,
}

impl AbusePage {
    pub fn new(
        frame: Frame,
        period: Period,
        form: AbuseForm,
        reports: Reports,
        limits: AbuseLimits,
    ) -> Self {
        let l = frame.l;
        let limits = [
            limits
                .creations_per_day
                .map(|count| fl!(l, "abuse-limit-creations", count = count)),
            limits
                .completion_age
                .map(|age| fl!(l, "abuse-limit-age", seconds = age.num_seconds())),
            limits
                .presses_per_day
                .map(|count| fl!(l, "abuse-limit-presses", count = count)),
        ];
        Self {
            from: form.from.unwrap_or_else(|| period.from.to_string()),
            to: form.to.unwrap_or_else(|| period.to.to_string()),
            creators_by: form.creators,
            pressers_by: form.pressers,
            errors: form.errors,
            limits: limits.into_iter().flatten().collect(),
            period,
            reports,
            frame,
        }
    }

    /// A file of the same period in the same order.
    fn file(&self, report: &str) -> String {
        self.link(
            &format!("/admin/abuse/{report}.csv"),
            self.creators_by,
            self.pressers_by,
        )
    }

    /// The creators in another order.
    fn creators_link(&self, order: &str) -> String {
        format!(
            "{}#creators",
            self.link("/admin/abuse", order, self.pressers_by)
        )
    }

    /// The pressers in another order.
    fn pressers_link(&self, order: &str) -> String {
        format!(
            "{}#pressers",
            self.link("/admin/abuse", self.creators_by, order)
        )
    }

    fn link(&self, path: &str, creators: &str, pressers: &str) -> String {
        let (from, to) = (self.period.from.to_string(), self.period.to.to_string());
        let pairs = [
            ("from", from.as_str()),
            ("to", &to),
            ("creators", creators),
            ("pressers", pressers),
        ];
        address(path, &pairs)
    }

    /// A span of seconds in the largest unit that leaves a whole number worth reading.
    fn age(&self, age: &i64) -> String {
        let (l, seconds) = (self.frame.l, *age);
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        match seconds {
            0..120 => fl!(l, "age-seconds", count = seconds),
            120..7_200 => fl!(l, "age-minutes", count = minutes),
            7_200..172_800 => fl!(l, "age-hours", count = hours),
            _ => fl!(l, "age-days", count = days),
        }
    }
}

/// A share as whole per cents.
fn percent(share: f64) -> String {
    format!("{:.0}\u{a0}%", share * 100.0)
}

impl PairRow {
    fn percent(&self) -> String {
        percent(self.share)
    }

    fn sigmas(&self, frame: &Frame) -> String {
        decimal(frame.lang, self.deviation)
    }
}

/// Rows in a piece of a file.
const PIECE: usize = 1_000;

/// A report on its way into a file: it was read at once, as it is one sum over its period, and is written as it leaves.
struct Rows<R> {
    csv: Csv,
    rows: std::vec::IntoIter<R>,
    cells: fn(R) -> Vec<Cell>,
    begun: bool,
}

impl<R> Rows<R> {
    fn new(titles: &[String], rows: Vec<R>, cells: fn(R) -> Vec<Cell>) -> Self {
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        Self {
            csv: Csv::new(&titles),
            rows: rows.into_iter(),
            cells,
            begun: false,
        }
    }
}

impl<R: 'static> Pieces for Rows<R> {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        if self.begun && self.rows.len() == 0 {
            return Ok(None);
        }
        self.begun = true;
        for row in self.rows.by_ref().take(PIECE) {
            self.csv.row(&(self.cells)(row));
        }
        Ok(Some(self.csv.take().into()))
    }
}

/// A line a creator.
pub(super) fn csv_of_creators(
    l: &'static FluentLanguageLoader,
    rows: Vec<CreatorRow>,
) -> impl Pieces {
    let titles = [
        fl!(l, "abuse-creator"),
        fl!(l, "abuse-uid"),
        fl!(l, "abuse-created"),
        fl!(l, "abuse-completed"),
        fl!(l, "abuse-self"),
        fl!(l, "abuse-rewards"),
        fl!(l, "abuse-fees"),
        fl!(l, "abuse-net"),
        fl!(l, "abuse-age-seconds"),
    ];
    Rows::new(&titles, rows, |row| {
        vec![
            Cell::Text(row.name.clone()),
            Cell::Text(row.uid.to_string()),
            Cell::Int(row.created),
            Cell::Int(row.completed),
            Cell::Int(row.self_completed),
            Cell::Amount(row.rewards.minor()),
            Cell::Amount(row.fees.minor()),
            Cell::Amount(row.net().minor()),
            row.shortest_age
                .map_or_else(|| Cell::Text(String::new()), Cell::Int),
        ]
    })
}

/// A line a pair.
pub(super) fn csv_of_pairs(l: &'static FluentLanguageLoader, rows: Vec<PairRow>) -> impl Pieces {
    let titles = [
        fl!(l, "abuse-creator"),
        fl!(l, "abuse-completer"),
        fl!(l, "abuse-assigned"),
        fl!(l, "abuse-completed"),
        fl!(l, "abuse-share"),
        fl!(l, "abuse-deviation"),
        fl!(l, "abuse-rewards"),
    ];
    Rows::new(&titles, rows, |row| {
        vec![
            Cell::Text(row.creator_name.clone()),
            Cell::Text(row.completer_name.clone()),
            Cell::Int(row.assigned),
            Cell::Int(row.completed),
            Cell::Text(row.percent()),
            Cell::Text(format!("{:.1}", row.deviation)),
            Cell::Amount(row.rewards.minor()),
        ]
    })
}

/// A line a presser.
pub(super) fn csv_of_pressers(
    l: &'static FluentLanguageLoader,
    rows: Vec<PresserRow>,
) -> impl Pieces {
    let titles = [
        fl!(l, "abuse-presser"),
        fl!(l, "abuse-uid"),
        fl!(l, "abuse-presses"),
        fl!(l, "abuse-moved"),
        fl!(l, "abuse-people"),
        fl!(l, "abuse-fees"),
    ];
    Rows::new(&titles, rows, |row| {
        vec![
            Cell::Text(row.name.clone()),
            Cell::Text(row.uid.to_string()),
            Cell::Int(row.presses),
            Cell::Int(row.moved),
            Cell::Int(row.people),
            Cell::Amount(row.fees.minor()),
        ]
    })
}

/// A line a presser and person.
pub(super) fn csv_of_effects(
    l: &'static FluentLanguageLoader,
    rows: Vec<EffectRow>,
) -> impl Pieces {
    let titles = [
        fl!(l, "abuse-presser"),
        fl!(l, "abuse-person"),
        fl!(l, "abuse-given"),
        fl!(l, "abuse-taken"),
        fl!(l, "abuse-fees"),
    ];
    Rows::new(&titles, rows, |row| {
        vec![
            Cell::Text(row.presser_name),
            Cell::Text(row.person_name),
            Cell::Int(row.given),
            Cell::Int(row.taken),
            Cell::Amount(row.fees.minor()),
        ]
    })
}
