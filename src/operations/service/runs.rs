//! What runs by the clock or by a press: what ran, and how it ended.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use crate::auth::{Actor, Operation};
use crate::operations::queries::{self, ShuffleRun};
use crate::platform::error::AppResult;
use crate::platform::jobs::{self, JobRun, RunsWanted};
use crate::platform::web::{Order, PageOf, SortColumn};

/// Shuffles that the page shows.
const SHUFFLES: i64 = 10;

/// Which runs are wanted, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::operations) struct RunFilter {
    pub job: Option<String>,
    pub state: Option<String>,
    pub order: Order<RunColumn>,
}

impl RunFilter {
    fn wanted(&self) -> RunsWanted<'_> {
        RunsWanted {
            job: self.job.as_deref(),
            state: self.state.as_deref(),
            by_job: self.order.column == RunColumn::Job,
            ascending: !self.order.descending,
        }
    }
}

/// What runs can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum RunColumn {
    Started,
    Job,
}

impl SortColumn for RunColumn {
    const ALL: &'static [Self] = &[Self::Started, Self::Job];

    fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Job => "job",
        }
    }

    fn starts_descending(self) -> bool {
        self == Self::Started
    }
}

/// The newest first.
pub(in crate::operations) const NEWEST_RUNS: Order<RunColumn> = Order {
    column: RunColumn::Started,
    descending: true,
};

/// What the page shows.
pub(in crate::operations) struct Runs {
    pub runs: PageOf<JobRun>,
    pub shuffles: Vec<ShuffleRun>,
}

/// The jobs that write their runs down.
pub(in crate::operations) const JOBS: [&str; 3] =
    ["accounting.settle", "operations.doctor", "platform.archive"];

/// The place of a run in the list.
pub(in crate::operations) type After = (DateTime<Utc>, String, String);

/// The runs of the filter.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &RunFilter,
    after: Option<&After>,
    limit: i64,
) -> AppResult<PageOf<JobRun>> {
    actor.allow(Operation::Operate)?;
    let rows = jobs::list_runs(conn, filter.wanted(), after, limit + 1)?;
    Ok(PageOf::from_rows(rows, limit, |run| {
        (run.started_at, run.job.clone(), run.run_key.clone())
    }))
}

/// The same with how many there are, and the last shuffles.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn show_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &RunFilter,
    after: Option<&After>,
    limit: i64,
) -> AppResult<Runs> {
    Ok(Runs {
        runs: list_runs(conn, actor, filter, after, limit)?
            .with_count(|| jobs::count_runs(conn, filter.wanted()))?,
        shuffles: queries::list_shuffles(conn, SHUFFLES)?,
    })
}
