//! The pages as structs.

mod events;
mod places;

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};
use i18n_embed_fl::fl;

use super::queries::Finding;
use super::service::Running;
use crate::bus::SubscriberStatus;
use crate::platform::error::Message;
use crate::platform::jobs::JobRun;
use crate::platform::web::Frame;
use crate::platform::workers::Health;
pub(super) use events::{EventsPage, StoryPage, csv_of_events};

/// A background worker with the reason of its failure, if it fails.
struct WorkerRow {
    name: String,
    failure: Option<String>,
}

/// `/admin/modules`.
#[derive(Template)]
#[template(path = "operations/modules.html")]
pub(super) struct ModulesPage {
    frame: Frame,
    subscribers: Vec<SubscriberStatus>,
    workers: Vec<WorkerRow>,
    runs: Vec<JobRun>,
}

impl ModulesPage {
    pub(super) fn new(frame: Frame, running: Running, health: BTreeMap<String, Health>) -> Self {
        let workers = health.into_iter().map(|(name, health)| WorkerRow {
            name,
            failure: match health {
                Health::Up => None,
                Health::Failing(reason) => Some(reason),
            },
        });
        Self {
            frame,
            subscribers: running.subscribers,
            workers: workers.collect(),
            runs: running.runs,
        }
    }

    /// The chip of a subscriber: its kind and its word.
    fn state_of(&self, row: &SubscriberStatus) -> (&'static str, String) {
        let l = self.frame.l;
        if row.paused {
            ("wait", fl!(l, "modules-paused"))
        } else if row.dead > 0 {
            ("bad", fl!(l, "modules-has-dead"))
        } else if row.parked() > 0 {
            ("wait", fl!(l, "modules-has-parked"))
        } else {
            ("ok", fl!(l, "modules-runs"))
        }
    }

    /// The chip of a run of a job.
    fn run_state(&self, run: &JobRun) -> (&'static str, String) {
        let l = self.frame.l;
        match run.state.as_str() {
            "done" => ("ok", fl!(l, "modules-run-done")),
            "waiting" => ("wait", fl!(l, "modules-run-waiting")),
            _ => ("bad", fl!(l, "modules-run-failed")),
        }
    }
}

/// An invariant in the reader's language.
struct CheckRow {
    number: u8,
    name: String,
    money: bool,
    count: i64,
    sample: Vec<String>,
}

/// `/admin/checks`.
#[derive(Template)]
#[template(path = "operations/checks.html")]
pub(super) struct ChecksPage {
    frame: Frame,
    checks: Vec<CheckRow>,
    broken: usize,
    asked_at: DateTime<Utc>,
    /// Whether the reader may go to the page of modules.
    operates: bool,
}

impl ChecksPage {
    pub(super) fn new(
        frame: Frame,
        findings: Vec<Finding>,
        asked_at: DateTime<Utc>,
        operates: bool,
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
            asked_at,
            operates,
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
        assert_eq!(INVARIANTS.len(), 11);
    }
}
