//! `/admin/checks`.

use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;

use crate::operations::INVARIANTS;
use crate::operations::reconciler::SEALS;
use crate::platform::agreement::{Agreement, Standing};
use crate::platform::error::Message;
use crate::platform::web::{Badge, Frame};

/// An invariant in the reader's language, and rows that break it.
struct CheckRow {
    number: u8,
    name: String,
    money: bool,
    lines: Vec<String>,
    result: Asked,
}

/// What is known of an invariant that nothing breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Nothing yet.
    Never,
    /// It was left out of the last round, as everything is stopped.
    Stopped,
    /// It held, too long ago.
    Before,
    /// It holds.
    Holds,
}

/// Every invariant with what the reconciler found of it.
#[derive(Template)]
#[template(path = "operations/checks.html")]
pub(in crate::operations) struct ChecksPage {
    frame: Frame,
    checks: Vec<CheckRow>,
    broken: usize,
    badge: Badge,
    is_fresh: bool,
    is_whole: bool,
    round_at: Option<DateTime<Utc>>,
    swept_at: Option<DateTime<Utc>>,
}

impl ChecksPage {
    /// The outcome of the last round, seen at an instant.
    pub fn new(frame: Frame, agreement: &Agreement, now: DateTime<Utc>) -> Self {
        let is_fresh = matches!(
            agreement.standing(now),
            Standing::Agree(_) | Standing::Differ
        );
        let asked = |number: u8| {
            // The seals are asked about date by date, so of them the last time counts that all dates were gone over.
            let (since, is_lately) = if number == SEALS {
                (agreement.swept_at, agreement.is_swept(now))
            } else {
                (agreement.round_at, true)
            };
            if since.is_none() {
                Asked::Never
            } else if agreement.unasked.contains(&i16::from(number)) {
                Asked::Stopped
            } else if is_fresh && is_lately {
                Asked::Holds
            } else {
                Asked::Before
            }
        };
        let checks = INVARIANTS.iter().map(|invariant| CheckRow {
            number: invariant.number,
            name: frame.text(&Message::new(invariant.label)),
            money: invariant.money,
            lines: agreement
                .differs
                .iter()
                .filter(|check| check.number == i16::from(invariant.number))
                .flat_map(|check| check.lines.clone())
                .collect(),
            result: asked(invariant.number),
        });
        Self {
            checks: checks.collect(),
            broken: agreement.differs.len(),
            badge: frame.badge(agreement, now),
            is_fresh,
            is_whole: agreement.is_whole(now),
            round_at: agreement.round_at,
            swept_at: agreement.swept_at,
            frame,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::operations::INVARIANTS;
    use crate::platform::i18n::Lang;

    #[test]
    fn every_invariant_has_its_number_and_a_sentence_in_both_languages() {
        for (invariant, number) in INVARIANTS.iter().zip(1..) {
            assert_eq!(invariant.number, number);
            for lang in Lang::ALL {
                assert!(lang.loader().has(invariant.label), "{}", invariant.label);
            }
        }
        assert_eq!(INVARIANTS.len(), 12);
    }
}
