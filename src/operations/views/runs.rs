//! `/admin/runs`.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::operations::queries::ShuffleRun;
use crate::operations::service::{JOBS, RunFilter, Runs};
use crate::platform::jobs::JobRun;
use crate::platform::web::{FiltersOn, Frame, ListAddress};

const PATH: &str = "/admin/runs";

/// The states of a run.
const STATES: [&str; 3] = ["waiting", "done", "failed"];

/// What ran, and the last shuffles.
#[derive(Template)]
#[template(path = "operations/runs.html")]
pub(in crate::operations) struct RunsPage {
    frame: Frame,
    runs: Vec<JobRun>,
    shuffles: Vec<ShuffleRun>,
    filter: RunFilter,
    on: FiltersOn,
    first: String,
    older: String,
}

impl RunsPage {
    pub fn new(frame: Frame, filter: RunFilter, runs: Runs, is_first: bool) -> Self {
        let here = ListAddress::new(PATH)
            .with_some("job", filter.job.as_ref())
            .with_some("state", filter.state.as_ref());
        let on = FiltersOn::new(PATH)
            .and(filter.job.clone(), &here, &["job"])
            .and(
                filter
                    .state
                    .as_deref()
                    .map(|state| state_of(frame.l, state).1),
                &here,
                &["state"],
            );
        Self {
            on,
            first: here.back_to_first(is_first),
            older: here.after(runs.runs.next),
            runs: runs.runs.items,
            shuffles: runs.shuffles,
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
        state_of(self.frame.l, state)
    }

    /// The jobs to choose from, with whether each is chosen.
    fn jobs(&self) -> [(&'static str, bool); 3] {
        JOBS.map(|job| (job, self.filter.job.as_deref() == Some(job)))
    }
}

fn state_of(l: &'static FluentLanguageLoader, state: &str) -> (&'static str, String) {
    match state {
        "done" => ("ok", fl!(l, "modules-run-done")),
        "waiting" => ("wait", fl!(l, "modules-run-waiting")),
        "queued" => ("wait", fl!(l, "runs-queued")),
        "running" => ("info", fl!(l, "runs-running")),
        _ => ("bad", fl!(l, "modules-run-failed")),
    }
}
