//! Amounts, days and instants as people of a language write them. Small and by hand for two languages; the `icu` crate may
//! take its place when there are more.

use std::fmt::{self, Write};

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

use super::Lang;
use crate::platform::money::Money;

const NO_BREAK_SPACE: char = '\u{a0}';
const MINUS: char = '\u{2212}';

const EN_MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const RU_MONTHS: [&str; 12] = [
    "янв.",
    "февр.",
    "марта",
    "апр.",
    "мая",
    "июня",
    "июля",
    "авг.",
    "сент.",
    "окт.",
    "нояб.",
    "дек.",
];

/// An amount with its sign and currency. It prints into what it is written to, without a text of its own: a page has many.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    lang: Lang,
    amount: Money,
    currency: &'a str,
    plus: &'static str,
}

impl<'a> Figure<'a> {
    /// An amount as a balance is shown: a minus (U+2212) for debts, no sign otherwise; always two decimals.
    #[must_use]
    pub fn balance(lang: Lang, amount: Money, currency: &'a str) -> Self {
        Self {
            lang,
            amount,
            currency,
            plus: "",
        }
    }

    /// An amount as a movement is shown: always with its sign, except for nothing at all.
    #[must_use]
    pub fn movement(lang: Lang, amount: Money, currency: &'a str) -> Self {
        Self {
            plus: "+",
            ..Self::balance(lang, amount, currency)
        }
    }
}

impl fmt::Display for Figure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.amount.is_negative() {
            f.write_char(MINUS)?;
        } else if self.amount.is_positive() {
            f.write_str(self.plus)?;
        }
        let minor = self.amount.minor().unsigned_abs();
        let whole = Grouped(self.lang, minor / 100);
        let cents = minor % 100;
        let symbol = symbol(self.currency);
        match (self.lang, symbol) {
            (Lang::En, Some(symbol)) => write!(f, "{symbol}{whole}.{cents:02}"),
            (Lang::En, None) => {
                write!(f, "{}{NO_BREAK_SPACE}{whole}.{cents:02}", self.currency)
            }
            (Lang::Ru, symbol) => {
                let currency = symbol.unwrap_or(self.currency);
                write!(f, "{whole},{cents:02}{NO_BREAK_SPACE}{currency}")
            }
        }
    }
}

/// A balance as a text of its own, see [`Figure::balance`].
#[must_use]
pub fn money(lang: Lang, amount: Money, currency: &str) -> String {
    Figure::balance(lang, amount, currency).to_string()
}

/// A movement as a text of its own, see [`Figure::movement`].
#[must_use]
pub fn signed(lang: Lang, amount: Money, currency: &str) -> String {
    Figure::movement(lang, amount, currency).to_string()
}

/// A day: `21 Nov 2026`, `21 нояб. 2026`.
#[must_use]
pub fn date(lang: Lang, date: NaiveDate) -> String {
    format!("{}{NO_BREAK_SPACE}{}", day(lang, date), date.year())
}

/// A day without its year, for the axis of a chart: `21 Nov`, `21 нояб.`.
#[must_use]
pub fn day(lang: Lang, date: NaiveDate) -> String {
    format!("{}{NO_BREAK_SPACE}{}", date.day(), month_word(lang, date))
}

/// A month, for the axis of a chart: `Nov 2026`, `11.2026`.
#[must_use]
pub fn month(lang: Lang, date: NaiveDate) -> String {
    match lang {
        Lang::En => format!("{}{NO_BREAK_SPACE}{}", month_word(lang, date), date.year()),
        Lang::Ru => format!("{:02}.{}", date.month(), date.year()),
    }
}

fn month_word(lang: Lang, date: NaiveDate) -> &'static str {
    let months = if lang == Lang::Ru {
        RU_MONTHS
    } else {
        EN_MONTHS
    };
    months[date.month0() as usize]
}

/// An instant on the clock of a zone, to the minute: `21 Nov 2026, 07:34`.
#[must_use]
pub fn instant(lang: Lang, at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!(
        "{}, {:02}:{:02}",
        date(lang, local.date_naive()),
        local.hour(),
        local.minute()
    )
}

/// A whole number, its thousands set apart.
#[must_use]
pub fn number(lang: Lang, number: i64) -> String {
    let sign = if number < 0 { "\u{2212}" } else { "" };
    format!("{sign}{}", Grouped(lang, number.unsigned_abs()))
}

/// A number with one decimal.
#[must_use]
pub fn decimal(lang: Lang, number: f64) -> String {
    let text = format!("{number:.1}").replace('-', "\u{2212}");
    match lang {
        Lang::En => text,
        Lang::Ru => text.replace('.', ","),
    }
}

/// A whole number, its thousands set apart.
struct Grouped(Lang, u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(lang, whole) = self;
        if whole < 1_000 {
            return whole.fmt(f);
        }
        let separator = if lang == Lang::Ru {
            NO_BREAK_SPACE
        } else {
            ','
        };
        let (thousands, rest) = (Self(lang, whole / 1_000), whole % 1_000);
        write!(f, "{thousands}{separator}{rest:03}")
    }
}

fn symbol(currency: &str) -> Option<&'static str> {
    match currency {
        "USD" => Some("$"),
        "RUB" => Some("₽"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_language_and_always_show_cents() {
        let amount = Money::from_minor(-123_456_789);
        assert_eq!(money(Lang::En, amount, "USD"), "−$1,234,567.89");
        assert_eq!(
            money(Lang::Ru, amount, "USD"),
            "−1\u{a0}234\u{a0}567,89\u{a0}$"
        );
        assert_eq!(money(Lang::Ru, Money::from_whole(5), "RUB"), "5,00\u{a0}₽");
        assert_eq!(
            money(Lang::En, Money::from_whole(100), "CHF"),
            "CHF\u{a0}100.00"
        );
        assert_eq!(money(Lang::En, Money::ZERO, "USD"), "$0.00");
    }

    #[test]
    fn a_decimal_follows_the_language() {
        assert_eq!(decimal(Lang::En, 2.74), "2.7");
        assert_eq!(decimal(Lang::Ru, -2.74), "\u{2212}2,7");
    }

    #[test]
    fn movements_always_show_their_sign() {
        assert_eq!(signed(Lang::En, Money::from_whole(25), "USD"), "+$25.00");
        assert_eq!(signed(Lang::En, Money::from_minor(-5), "USD"), "−$0.05");
        assert_eq!(signed(Lang::En, Money::ZERO, "USD"), "$0.00");
    }

    #[test]
    fn an_instant_is_shown_on_the_clock_of_its_zone() {
        let at = "2026-11-20T22:34:59Z".parse().unwrap();
        assert_eq!(
            instant(Lang::En, at, chrono_tz::Europe::Moscow),
            "21\u{a0}Nov\u{a0}2026, 01:34"
        );
        assert_eq!(
            instant(Lang::Ru, at, chrono_tz::UTC),
            "20\u{a0}нояб.\u{a0}2026, 22:34"
        );
    }

    #[test]
    fn every_group_of_three_has_its_zeros_and_the_lowest_amount_prints_too() {
        for (minor, en, ru) in [
            (-1, "−$0.01", "−0,01\u{a0}$"),
            (99_999, "$999.99", "999,99\u{a0}$"),
            (100_000, "$1,000.00", "1\u{a0}000,00\u{a0}$"),
            (
                100_000_705,
                "$1,000,007.05",
                "1\u{a0}000\u{a0}007,05\u{a0}$",
            ),
            (
                i64::MIN,
                "−$92,233,720,368,547,758.08",
                "−92\u{a0}233\u{a0}720\u{a0}368\u{a0}547\u{a0}758,08\u{a0}$",
            ),
        ] {
            let amount = Money::from_minor(minor);
            assert_eq!(money(Lang::En, amount, "USD"), en);
            assert_eq!(money(Lang::Ru, amount, "USD"), ru);
        }
        assert_eq!(
            signed(Lang::Ru, Money::from_minor(250_000), "USD"),
            "+2\u{a0}500,00\u{a0}$"
        );
    }
}
