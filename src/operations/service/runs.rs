//! What runs by the clock or by a press: what ran, and how it ended.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use crate::auth::{Actor, Operation};
use crate::operations::queries::{self, ShuffleRun};
use crate::platform::error::AppResult;
use crate::platform::jobs::{self, JobRun};
use crate::platform::web::PageOf;

/// Shuffles that the page shows.
const SHUFFLES: i64 = 10;

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::operations) struct RunFilter {
    pub job: Option<String>,
    pub state: Option<String>,
}

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

/// The runs of the filter, the newest first, and the last shuffles.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &RunFilter,
    after: Option<&After>,
    limit: i64,
) -> AppResult<Runs> {
    actor.allow(Operation::Operate)?;
    let (job, state) = (filter.job.as_deref(), filter.state.as_deref());
    let rows = jobs::list_runs(conn, job, state, after, limit + 1)?;
    Ok(Runs {
        runs: PageOf::from_rows(rows, limit, |run| {
            (run.started_at, run.job.clone(), run.run_key.clone())
        }),
        shuffles: queries::list_shuffles(conn, SHUFFLES)?,
    })
}
