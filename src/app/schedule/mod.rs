//! The scheduled jobs. The scheduler only rings a bell; what is due is decided from the business date and the run table.

mod page;

use std::time::{Duration, Instant};

use tokio_cron_scheduler::{Job as Ring, JobScheduler};

use super::Services;
use crate::platform::db::forget_old_keys;
use crate::platform::error::{AppError, AppResult};
use crate::platform::metrics;
use crate::platform::partitions;
use crate::platform::stop;
use crate::platform::turns;
use crate::platform::wake::Wake;
use crate::platform::workers::{Progress, Workers};
use crate::{accounting, auth, operations};

pub(super) use page::{Runner, configure};

/// When a job has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// At every bell.
    EveryBell,
    /// Once for each business date, from the time of the payout on.
    AtPayout,
    /// Once for each business date, from its beginning on.
    AtMidnight,
}

/// A job of the schedule.
struct Job {
    name: &'static str,
    when: When,
    /// What it does when the bell rings.
    run: fn(&Services) -> AppResult<()>,
    /// What it does when somebody runs it by hand; none where that makes no sense or has a page of its own.
    by_hand: Option<fn(&Services) -> AppResult<()>>,
}

/// Every job, in the order in which they run.
///
/// By hand goes what only looks, tidies up or catches up with what is due anyway. Making partitions and moving months to the archive
/// do not: they need room on the disk that a person looks for first, and `ates archive` is for that.
const JOBS: &[Job] = &[
    Job {
        name: "platform.partitions",
        when: When::EveryBell,
        run: |services| partitions::make(&services.db).map(drop),
        by_hand: None,
    },
    Job {
        name: "accounting.sweep",
        when: When::EveryBell,
        run: |services| accounting::sweep(&services.db, &services.config),
        by_hand: Some(|services| accounting::sweep(&services.db, &services.config)),
    },
    Job {
        name: "accounting.seal",
        when: When::EveryBell,
        run: |services| accounting::seal_due(&services.db).map(drop),
        by_hand: Some(|services| accounting::seal_due(&services.db).map(drop)),
    },
    Job {
        name: "accounting.settle",
        when: When::AtPayout,
        run: |services| accounting::settle_due(&services.db, &services.config).map(drop),
        by_hand: Some(|services| accounting::settle_due(&services.db, &services.config).map(drop)),
    },
    Job {
        name: "accounting.mails",
        when: When::EveryBell,
        run: |services| accounting::write_mails(&services.db, &services.config).map(drop),
        by_hand: Some(|services| accounting::write_mails(&services.db, &services.config).map(drop)),
    },
    Job {
        name: "operations.scenarios",
        when: When::EveryBell,
        run: |services| operations::watch_scenarios(&services.db, &services.config),
        by_hand: Some(|services| operations::watch_scenarios(&services.db, &services.config)),
    },
    Job {
        name: "auth.clean_up",
        when: When::EveryBell,
        run: |services| auth::clean_up(&services.db, &services.config),
        by_hand: Some(|services| auth::clean_up(&services.db, &services.config)),
    },
    Job {
        name: "platform.keys",
        when: When::EveryBell,
        run: |services| forget_old_keys(&services.db),
        by_hand: Some(|services| forget_old_keys(&services.db)),
    },
    Job {
        name: "operations.doctor",
        when: When::AtMidnight,
        run: |services| {
            let zone = services.config.zone;
            operations::examine_nightly(&services.db, zone, &services.roster())
        },
        by_hand: Some(|services| operations::examine_by_hand(&services.db, &services.roster())),
    },
    Job {
        name: "platform.archive",
        when: When::AtMidnight,
        run: |services| partitions::archive_daily(&services.db, &services.config),
        by_hand: None,
    },
];

/// Starts the bell and the worker that does what is due whenever it rings.
pub(super) fn start(services: &Services, workers: &mut Workers) -> AppResult<()> {
    let bell = Wake::default();
    let every = services.config.bell_every;
    let own = services.clone();
    workers
        .spawn("jobs", &bell, every * 2, move || run_due(&own))
        .map_err(|error| AppError::internal(error.to_string()))?;
    let ringer = std::thread::Builder::new().name("bell".into());
    ringer
        .spawn(move || ring(&bell, every))
        .map_err(|error| AppError::internal(error.to_string()))?;
    Ok(())
}

/// Everything that may be due, each on its own: the failure of one does not keep the others from running. While the emergency stop
/// is set all of it waits (R14).
pub(super) fn run_due(services: &Services) -> AppResult<Progress> {
    let db = &services.db;
    metrics::kick(db.clock().now());
    if db.read_blocking(operations::ROLE, stop::current)?.is_some() {
        return Ok(Progress::Idle);
    }
    let names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
    // That turns cannot be written down keeps no job from running.
    let unwritten = |error: AppError| tracing::warn!(error = %error, "the turns of the jobs could not be written down");
    let mut round = turns::begin_round(db, &names).map_err(unwritten).ok();
    let mut failed = None;
    for job in JOBS {
        let since = Instant::now();
        let outcome = (job.run)(services);
        if let Some(round) = &mut round {
            round.note(job.name, since.elapsed(), &outcome);
        }
        if let Err(error) = outcome {
            tracing::error!(job = job.name, error = %error, "a job failed");
            failed = Some(error);
        }
    }
    if let Some(round) = round {
        round.end(db).unwrap_or_else(unwritten);
    }
    failed.map_or(Ok(Progress::Idle), Err)
}

/// Rings the bell until the process ends.
fn ring(bell: &Wake, every: Duration) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        tracing::error!(
            "the scheduler has no runtime; jobs run at half the pace, by their own poll"
        );
        return;
    };
    let outcome: Result<(), tokio_cron_scheduler::JobSchedulerError> = runtime.block_on(async {
        let scheduler = JobScheduler::new().await?;
        let bell = bell.clone();
        scheduler
            .add(Ring::new_repeated(every, move |_, _| bell.notify())?)
            .await?;
        scheduler.start().await?;
        std::future::pending().await
    });
    if let Err(error) = outcome {
        tracing::error!(error = %error, "the scheduler stopped; jobs run at half the pace, by their own poll");
    }
}
