//! What runs by the clock or by a press: what ran, how it ended, and what comes next.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use crate::auth::{Actor, Operation};
use crate::operations::queries::{self, ShuffleRun};
use crate::platform::config::Config;
use crate::platform::error::AppResult;
use crate::platform::jobs::{self, JobRun};
use crate::platform::web::PageOf;

/// Shuffles that the page shows.
const SHUFFLES: i64 = 10;

/// A job of the schedule.
pub(in crate::operations) struct Planned {
    pub job: &'static str,
    /// The id of the sentence that says what it does.
    pub about: &'static str,
    /// When it comes next; none: at the next bell.
    pub next: Option<DateTime<Utc>>,
    /// Its last run, if it writes its runs down.
    pub last: Option<JobRun>,
}

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::operations) struct RunFilter {
    pub job: Option<String>,
    pub state: Option<String>,
}

/// What the page shows.
pub(in crate::operations) struct Runs {
    pub planned: Vec<Planned>,
    pub runs: PageOf<JobRun>,
    pub shuffles: Vec<ShuffleRun>,
}

/// The jobs there are, with the sentence of each.
const JOBS: &[(&str, &str)] = &[
    ("accounting.settle", "job-settle"),
    ("accounting.sweep", "job-sweep"),
    ("auth.clean_up", "job-clean-up"),
    ("operations.doctor", "job-doctor"),
    ("operations.scenarios", "job-scenarios"),
    ("platform.archive", "job-archive"),
    ("platform.partitions", "job-partitions"),
];

/// The place of a run in the list.
pub(in crate::operations) type After = (DateTime<Utc>, String, String);

/// The schedule, the runs of the filter, the newest first, and the last shuffles.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_runs(
    conn: &mut PgConnection,
    actor: &Actor,
    config: &Config,
    filter: &RunFilter,
    after: Option<&After>,
    now: DateTime<Utc>,
    limit: i64,
) -> AppResult<Runs> {
    actor.allow(Operation::Operate)?;
    let today = config.zone.date_of(now);
    let planned = JOBS.iter().map(|(job, about)| {
        let at = match *job {
            "accounting.settle" => Some(config.payout_at),
            "operations.doctor" | "platform.archive" => Some(chrono::NaiveTime::MIN),
            _ => None,
        };
        let next = at.map(|time| {
            let next = config.zone.instant_of(today, time);
            if next > now {
                return next;
            }
            config
                .zone
                .instant_of(today.succ_opt().unwrap_or(today), time)
        });
        Ok(Planned {
            job,
            about,
            next,
            last: jobs::list_runs(conn, Some(*job), None, None, 1)?.pop(),
        })
    });
    let planned = planned.collect::<AppResult<Vec<_>>>()?;
    let (job, state) = (filter.job.as_deref(), filter.state.as_deref());
    let rows = jobs::list_runs(conn, job, state, after, limit + 1)?;
    Ok(Runs {
        planned,
        runs: PageOf::from_rows(rows, limit, |run| {
            (run.started_at, run.job.clone(), run.run_key.clone())
        }),
        shuffles: queries::list_shuffles(conn, SHUFFLES)?,
    })
}
