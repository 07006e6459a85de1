//! `/admin/checks`.

use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;

use crate::operations::queries::Finding;
use crate::platform::error::Message;
use crate::platform::web::{Badge, Frame};

/// An invariant in the reader's language.
struct CheckRow {
    number: u8,
    name: String,
    money: bool,
    count: i64,
    sample: Vec<String>,
}

/// Every invariant with what breaks it.
#[derive(Template)]
#[template(path = "operations/checks.html")]
pub(in crate::operations) struct ChecksPage {
    frame: Frame,
    checks: Vec<CheckRow>,
    broken: usize,
    badge: Badge,
    asked_at: DateTime<Utc>,
}

impl ChecksPage {
    pub fn new(
        frame: Frame,
        findings: Vec<Finding>,
        badge: Badge,
        asked_at: DateTime<Utc>,
    ) -> Self {
        let broken = findings.iter().filter(|finding| !finding.holds()).count();
        let checks = findings.into_iter().map(|finding| CheckRow {
            number: finding.invariant.number,
            name: frame.text(&Message::new(finding.invariant.label)),
            money: finding.invariant.money,
            count: finding.count,
            sample: finding.sample,
        });
        Self {
            checks: checks.collect(),
            broken,
            badge,
            asked_at,
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
