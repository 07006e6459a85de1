//! The badge that tells whether the books agree, and as of when (R13).

use chrono::{DateTime, Utc};

use super::Frame;
use crate::platform::agreement::{Agreement, Standing};
use crate::platform::error::Message;
use crate::platform::i18n;

/// The badge in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// `ok`, `wait` or `bad`.
    pub kind: &'static str,
    /// What it says.
    pub text: String,
    /// The checks that differ, money or not, each in a sentence.
    pub differs: Vec<String>,
}

impl Frame {
    /// The badge of the last round, at an instant. It names what differs but shows no row of it, so that everybody may see it.
    #[must_use]
    pub fn badge(&self, agreement: &Agreement, now: DateTime<Utc>) -> Badge {
        let timed = |id: &'static str, at: DateTime<Utc>| {
            self.text(&Message::new(id).with("at", self.time_text(&at)))
        };
        let (kind, text) = match agreement.standing(now) {
            Standing::Never => ("wait", self.text(&Message::new("badge-never"))),
            Standing::Stale(at) => ("wait", timed("badge-stale", at)),
            Standing::Agree(at) => ("ok", timed("badge-agrees", at)),
            Standing::Differ => {
                let since = agreement.agreed_at.map(|at| timed("badge-agreed-last", at));
                let differs = self.text(&Message::new("badge-differs"));
                ("bad", format!("{differs} {}", since.unwrap_or_default()))
            }
        };
        let named = agreement
            .differs
            .iter()
            .map(|check| i18n::text_of(self.lang, &format!("check-{}", check.number), []));
        Badge {
            kind,
            text: text.trim_end().to_owned(),
            differs: named.collect(),
        }
    }
}
