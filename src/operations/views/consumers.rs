//! `/admin/modules` and the page of one consumer.

use std::collections::BTreeMap;

use askama::Template;
use i18n_embed_fl::fl;

use crate::operations::service::{Consumer, warn_of_lag};
use crate::platform::web::{FormErrors, Frame};
use crate::platform::workers::Health;

/// A background worker with the reason of its failure, if it fails.
struct WorkerRow {
    name: String,
    failure: Option<String>,
}

/// Every consumer and every worker.
#[derive(Template)]
#[template(path = "operations/modules.html")]
pub(in crate::operations) struct ModulesPage {
    frame: Frame,
    consumers: Vec<Consumer>,
    /// Who is too far behind, in a line each.
    late: Vec<String>,
    workers: Vec<WorkerRow>,
}

impl ModulesPage {
    pub fn new(
        frame: Frame,
        consumers: Vec<Consumer>,
        limit: i64,
        health: BTreeMap<String, Health>,
    ) -> Self {
        let workers = health.into_iter().map(|(name, health)| WorkerRow {
            name,
            failure: match health {
                Health::Up | Health::Stopped => None,
                Health::Failed(reason) => Some(reason),
            },
        });
        let late = warn_of_lag(&consumers, limit);
        let late = late
            .into_iter()
            .map(|consumer| late_line(&frame, consumer, limit));
        Self {
            late: late.collect(),
            workers: workers.collect(),
            consumers,
            frame,
        }
    }
}

fn late_line(frame: &Frame, consumer: &Consumer, limit: i64) -> String {
    let (name, lag) = (consumer.status.name.as_str(), consumer.status.lag());
    fl!(
        frame.l,
        "modules-late",
        name = name,
        lag = lag,
        limit = limit
    )
}

impl Consumer {
    /// Its chip: the kind and the word.
    pub(super) fn chip(&self, frame: &Frame) -> (&'static str, String) {
        let (l, status) = (frame.l, &self.status);
        if status.retired_at.is_some() {
            ("neutral", fl!(l, "modules-retired"))
        } else if status.paused {
            ("wait", fl!(l, "modules-paused"))
        } else if status.dead > 0 {
            ("bad", fl!(l, "modules-has-dead"))
        } else if status.parked() > 0 {
            ("wait", fl!(l, "modules-has-parked"))
        } else {
            ("ok", fl!(l, "modules-runs"))
        }
    }
}

/// What was typed into the form of a pause.
#[derive(Clone, Debug, Default)]
pub(in crate::operations) struct PauseWords {
    pub reason: String,
    pub confirmed: bool,
}

/// One consumer with its holders and its switch.
#[derive(Template)]
#[template(path = "operations/consumer.html")]
pub(in crate::operations) struct ConsumerPage {
    frame: Frame,
    consumer: Consumer,
    late: Option<String>,
    words: PauseWords,
    errors: FormErrors,
}

impl ConsumerPage {
    pub fn new(
        frame: Frame,
        consumer: Consumer,
        limit: i64,
        words: PauseWords,
        errors: FormErrors,
    ) -> Self {
        let is_late = consumer.status.lag() > limit;
        Self {
            late: is_late.then(|| late_line(&frame, &consumer, limit)),
            consumer,
            words,
            errors,
            frame,
        }
    }
}
