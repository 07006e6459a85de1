//! Languages: what a visitor reads, in English or Russian, and how figures and days are written there.
//!
//! Texts lie in `i18n/<language>/ates.ftl`. Templates take them with `fl!(self.frame.l, "id")`, which fails to compile for an
//! unknown id; a [`Message`] that travels from a use case is looked up when it is shown, and a test checks every such id.

mod format;

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use fluent_bundle::FluentValue;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed::unic_langid::LanguageIdentifier;
use i18n_embed::{I18nAssets, LanguageLoader};

use super::error::Message;
pub use format::{Figure, date, day, decimal, instant, money, month, number, signed};

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English, also the language of last resort.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Lang {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::En, Self::Ru];

    /// The language's code, as in the `lang` attribute and in the cookie.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }

    /// The language's name in itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
        }
    }

    /// The language with this code; regions (`ru-RU`) are ignored.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }

    /// The visitor's choice (a cookie), else the best of `Accept-Language`, else English (interface M-17).
    #[must_use]
    pub fn negotiate(cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        cookie
            .and_then(Self::from_code)
            .or_else(|| accept_language.and_then(best_accepted))
            .unwrap_or_default()
    }

    /// The texts of this language, those of English where it has none, with the words for statuses that the company chose.
    #[must_use]
    pub fn loader(self) -> &'static FluentLanguageLoader {
        match (self, BIRDS.load(Ordering::Relaxed)) {
            (Self::En, false) => &EN,
            (Self::Ru, false) => &RU,
            (Self::En, true) => &EN_BIRDS,
            (Self::Ru, true) => &RU_BIRDS,
        }
    }
}

/// The words for what is open and what is done (T32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusWords {
    /// Open, done.
    #[default]
    Plain,
    /// A bird in the cage, millet in the bowl.
    Birds,
}

impl FromStr for StatusWords {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "plain" => Ok(Self::Plain),
            "birds" => Ok(Self::Birds),
            _ => Err("it is plain or birds"),
        }
    }
}

/// Whether statuses have the words of birds; like the log it belongs to the whole program.
static BIRDS: AtomicBool = AtomicBool::new(false);

/// Chooses the words for statuses in everything that people read: pages, files, feeds and mails. Data and API have names of their own.
pub fn choose_words(words: StatusWords) {
    BIRDS.store(words == StatusWords::Birds, Ordering::Relaxed);
}

/// A message in the visitor's language. Arguments that are whole numbers choose plural forms.
#[must_use]
pub fn text(lang: Lang, message: &Message) -> String {
    text_of(
        lang,
        message.id,
        message
            .args
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    )
}

/// The text of a message whose id and arguments are known at run time only; the id itself when there is no such message.
pub fn text_of<'a>(
    lang: Lang,
    id: &str,
    args: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let loader = lang.loader();
    if !loader.has(id) {
        tracing::error!(id, "there is no message with this id");
        return id.to_owned();
    }
    let mut values = HashMap::new();
    for (name, value) in args {
        let value = match value.parse::<i64>() {
            Ok(number) if number.to_string() == value => number.into(),
            _ => value.into(),
        };
        values.insert(name, value);
    }
    loader.get_args_concrete(id, values)
}

fn best_accepted(header: &str) -> Option<Lang> {
    let mut best: Option<(Lang, f32)> = None;
    for entry in header.split(',').take(20) {
        let mut parts = entry.split(';');
        let Some(lang) = parts.next().and_then(Lang::from_code) else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1.0, |quality| quality.trim().parse::<f32>().unwrap_or(0.0));
        if weight > 0.0 && best.is_none_or(|(_, top)| weight > top) {
            best = Some((lang, weight));
        }
    }
    best.map(|(lang, _)| lang)
}

/// The embedded texts, with which words for statuses.
struct Texts(StatusWords);

const EN_TEXTS: &str = include_str!("../../i18n/en/ates.ftl");
const RU_TEXTS: &str = include_str!("../../i18n/ru/ates.ftl");

impl Texts {
    fn texts(&self, texts: &'static str) -> Cow<'static, [u8]> {
        match self.0 {
            StatusWords::Plain => texts.as_bytes().into(),
            StatusWords::Birds => with_birds(texts).into_bytes().into(),
        }
    }
}

/// The same texts, where a message that has an attribute `birds` says that instead.
fn with_birds(texts: &str) -> String {
    let mut out = String::with_capacity(texts.len());
    let (mut id, mut start) = ("", 0);
    for line in texts.lines() {
        if let Some(words) = line.trim_start().strip_prefix(".birds = ") {
            out.truncate(start);
            out.push_str(id);
            out.push_str(" = ");
            out.push_str(words);
        } else {
            let begins = line.starts_with(|first: char| first.is_ascii_lowercase());
            if let Some((name, _)) = line.split_once(" =").filter(|_| begins) {
                (id, start) = (name, out.len());
            }
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

impl I18nAssets for Texts {
    fn get_files(&self, path: &str) -> Vec<Cow<'_, [u8]>> {
        match path {
            "en/ates.ftl" => vec![self.texts(EN_TEXTS)],
            "ru/ates.ftl" => vec![self.texts(RU_TEXTS)],
            _ => Vec::new(),
        }
    }

    fn filenames_iter(&self) -> Box<dyn Iterator<Item = String> + '_> {
        Box::new(
            ["en/ates.ftl", "ru/ates.ftl"]
                .into_iter()
                .map(str::to_owned),
        )
    }
}

static EN: LazyLock<FluentLanguageLoader> = LazyLock::new(|| load(Lang::En, StatusWords::Plain));
static RU: LazyLock<FluentLanguageLoader> = LazyLock::new(|| load(Lang::Ru, StatusWords::Plain));
static EN_BIRDS: LazyLock<FluentLanguageLoader> =
    LazyLock::new(|| load(Lang::En, StatusWords::Birds));
static RU_BIRDS: LazyLock<FluentLanguageLoader> =
    LazyLock::new(|| load(Lang::Ru, StatusWords::Birds));

fn load(lang: Lang, words: StatusWords) -> FluentLanguageLoader {
    let id = |lang: Lang| -> LanguageIdentifier {
        lang.code()
            .parse()
            .expect("both codes are language identifiers")
    };
    let loader = FluentLanguageLoader::new("ates", id(Lang::En));
    let wanted = if lang == Lang::En {
        vec![id(Lang::En)]
    } else {
        vec![id(lang), id(Lang::En)]
    };
    loader
        .load_languages(&Texts(words), &wanted)
        .expect("the texts are embedded, and a test loads them");
    loader.set_use_isolating(false);
    loader.with_bundles_mut(|bundle| {
        bundle.set_formatter(Some(match lang {
            Lang::En => in_english,
            Lang::Ru => in_russian,
        }));
    });
    loader
}

/// A whole number in a text, its thousands set apart as in amounts and tables; anything else as it is.
fn whole(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(value) => {
            let value: i64 = value.as_string().parse().ok()?;
            Some(number(lang, value))
        }
        _ => None,
    }
}

fn in_english<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    whole(Lang::En, value)
}

fn in_russian<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    whole(Lang::Ru, value)
}

#[cfg(test)]
mod tests;
