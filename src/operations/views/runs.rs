//! `/admin/runs`.

use askama::Template;
use i18n_embed_fl::fl;

use super::address;
use super::places::{Place, places};
use crate::auth::Actor;
use crate::operations::queries::ShuffleRun;
use crate::operations::service::{Planned, RunFilter, Runs};
use crate::platform::error::Message;
use crate::platform::jobs::JobRun;
use crate::platform::web::Frame;

const PATH: &str = "/admin/runs";

/// The states of a run.
const STATES: [&str; 3] = ["waiting", "done", "failed"];

/// The schedule, what ran, and the last shuffles.
#[derive(Template)]
#[template(path = "operations/runs.html")]
pub(in crate::operations) struct RunsPage {
    frame: Frame,
    places: Vec<Place>,
    planned: Vec<Planned>,
    runs: Vec<JobRun>,
    shuffles: Vec<ShuffleRun>,
    filter: RunFilter,
    bell_seconds: u64,
    first: String,
    older: String,
}

impl RunsPage {
    pub fn new(
        frame: Frame,
        actor: &Actor,
        filter: RunFilter,
        runs: Runs,
        bell_seconds: u64,
        is_first: bool,
    ) -> Self {
        let pairs = [("job", &filter.job), ("state", &filter.state)];
        let pairs: Vec<(&str, &str)> = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        Self {
            places: places(&frame, actor),
            first: if is_first {
                String::new()
            } else {
                address(PATH, pairs.iter().copied())
            },
            older: runs
                .runs
                .next
                .map(|cursor| {
                    let cursor = std::iter::once(("cursor", cursor.as_str()));
                    address(PATH, pairs.iter().copied().chain(cursor))
                })
                .unwrap_or_default(),
            planned: runs.planned,
            runs: runs.runs.items,
            shuffles: runs.shuffles,
            bell_seconds,
            filter,
            frame,
        }
    }

    fn states(&self) -> Vec<(&'static str, String, bool)> {
        let chosen = self.filter.state.as_deref();
        STATES
            .into_iter()
            .map(|state| (state, self.word(state).1, chosen == Some(state)))
            .collect()
    }

    /// The chip of a state: its kind and its word.
    fn word(&self, state: &str) -> (&'static str, String) {
        let l = self.frame.l;
        match state {
            "done" => ("ok", fl!(l, "modules-run-done")),
            "waiting" => ("wait", fl!(l, "modules-run-waiting")),
            "queued" => ("wait", fl!(l, "runs-queued")),
            "running" => ("info", fl!(l, "runs-running")),
            _ => ("bad", fl!(l, "modules-run-failed")),
        }
    }

    fn about(&self, planned: &Planned) -> String {
        self.frame.text(&Message::new(planned.about))
    }
}
