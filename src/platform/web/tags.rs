//! Small pieces of HTML that are written in one way everywhere: amounts, days and instants.
//!
//! They print figures, signs and names of zones only, so they are safe to print as they are.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;

use crate::platform::i18n::{self, Figure, Lang};
use crate::platform::money::Money;

/// An amount as `<data>`, with the class `neg` for debts and charges and `pos` for what was earned.
#[derive(Clone, Debug)]
pub struct MoneyTag<'a> {
    amount: Money,
    figure: Figure<'a>,
    movement: bool,
}

impl<'a> MoneyTag<'a> {
    pub(super) fn balance(lang: Lang, amount: Money, currency: &'a str) -> Self {
        Self {
            amount,
            figure: Figure::balance(lang, amount, currency),
            movement: false,
        }
    }

    pub(super) fn movement(lang: Lang, amount: Money, currency: &'a str) -> Self {
        Self {
            amount,
            figure: Figure::movement(lang, amount, currency),
            movement: true,
        }
    }
}

impl fmt::Display for MoneyTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.amount {
            amount if amount.is_negative() => " neg",
            amount if amount.is_positive() && self.movement => " pos",
            _ => "",
        };
        write!(
            f,
            "<data class=\"money{class}\" value=\"{}\">{}</data>",
            self.amount, self.figure
        )
    }
}

impl HtmlSafe for MoneyTag<'_> {}

/// A day as `<time>`.
#[derive(Clone, Debug)]
pub struct DateTag {
    pub(super) lang: Lang,
    pub(super) date: NaiveDate,
}

impl fmt::Display for DateTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<time datetime=\"{}\">{}</time>",
            self.date,
            i18n::date(self.lang, self.date)
        )
    }
}

impl HtmlSafe for DateTag {}

/// An instant as `<time>`, with its seconds and zone in the title.
#[derive(Clone, Debug)]
pub struct TimeTag {
    pub(super) lang: Lang,
    pub(super) at: DateTime<Utc>,
    pub(super) zone: Tz,
}

impl fmt::Display for TimeTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let local = self
            .at
            .with_timezone(&self.zone)
            .format("%Y-%m-%d %H:%M:%S");
        let text = i18n::instant(self.lang, self.at, self.zone);
        write!(
            f,
            "<time datetime=\"{utc}\" title=\"{local} {}\">{text}</time>",
            self.zone.name()
        )
    }
}

impl HtmlSafe for TimeTag {}
