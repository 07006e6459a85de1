//! `/admin/runs`.

use askama::Template;
use i18n_embed::fluent::FluentLanguageLoader;
use i18n_embed_fl::fl;

use crate::operations::queries::ShuffleRun;
use crate::operations::service::{JOBS, NEWEST_RUNS, RunColumn, RunFilter, Runs};
use crate::platform::csv::Cell;
use crate::platform::jobs::JobRun;
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, Frame, ListAddress, ListPlace, Order, Pager, SortHead,
};

const PATH: &str = "/admin/runs";

/// The states of a run.
pub(in crate::operations) const RUN_STATES: [&str; 3] = ["waiting", "done", "failed"];

/// What ran, and the last shuffles.
#[derive(Template)]
#[template(path = "operations/runs.html")]
pub(in crate::operations) struct RunsPage {
    frame: Frame,
    runs: Vec<JobRun>,
    shuffles: Vec<ShuffleRun>,
    filter: RunFilter,
    on: FiltersOn,
    started: SortHead,
    job: SortHead,
    order: String,
    caption: String,
    csv: String,
    pager: Pager,
}

impl RunsPage {
    pub fn new(frame: Frame, filter: RunFilter, runs: Runs, place: &ListPlace) -> Self {
        let here = ListAddress::new(PATH)
            .with_some("job", filter.job.as_ref())
            .with_some("state", filter.state.as_ref())
            .with("sort", filter.order.word(NEWEST_RUNS));
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
            started: filter.order.head(RunColumn::Started, &here, NEWEST_RUNS),
            job: filter.order.head(RunColumn::Job, &here, NEWEST_RUNS),
            order: filter.order.word(NEWEST_RUNS),
            caption: caption(&frame, filter.order),
            csv: here.at("/admin/runs.csv"),
            pager: Pager::new(&frame, &here, place, DEFAULT_LIMIT, &runs.runs),
            runs: runs.runs.items,
            shuffles: runs.shuffles,
            filter,
            frame,
        }
    }

    fn states(&self) -> Vec<(&'static str, String, bool)> {
        let chosen = self.filter.state.as_deref();
        RUN_STATES
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

/// What the table shows, and in which order.
fn caption(frame: &Frame, order: Order<RunColumn>) -> String {
    match (order.column, order.descending) {
        (RunColumn::Started, true) => fl!(frame.l, "modules-jobs-caption"),
        (RunColumn::Started, false) => fl!(frame.l, "runs-caption-oldest"),
        (RunColumn::Job, false) => fl!(frame.l, "runs-caption-job"),
        (RunColumn::Job, true) => fl!(frame.l, "runs-caption-job-down"),
    }
}

/// The titles of the file.
pub(in crate::operations) fn runs_header(l: &'static FluentLanguageLoader) -> [String; 7] {
    [
        fl!(l, "modules-job"),
        fl!(l, "modules-run-key"),
        fl!(l, "modules-state"),
        fl!(l, "modules-run-started"),
        fl!(l, "runs-finished"),
        fl!(l, "modules-run-attempts"),
        fl!(l, "modules-run-detail"),
    ]
}

/// A line of the file.
pub(in crate::operations) fn run_row(l: &'static FluentLanguageLoader, run: JobRun) -> Vec<Cell> {
    vec![
        Cell::Text(run.job),
        Cell::Text(run.run_key),
        Cell::Text(state_of(l, &run.state).1),
        Cell::Instant(run.started_at),
        run.finished_at
            .map_or_else(|| Cell::Text(String::new()), Cell::Instant),
        Cell::Int(run.attempts.into()),
        Cell::Text(run.detail.unwrap_or_default()),
    ]
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
