//! The scheduled jobs. The scheduler only rings a bell; what is due is decided from the business date and the run table.

use std::time::Duration;

use tokio_cron_scheduler::{Job, JobScheduler};

use super::Services;
use crate::platform::db::forget_old_keys;
use crate::platform::error::{AppError, AppResult};
use crate::platform::metrics;
use crate::platform::partitions;
use crate::platform::stop;
use crate::platform::wake::Wake;
use crate::platform::workers::{Progress, Workers};
use crate::{accounting, auth, operations};

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
    let Services { db, config, .. } = services;
    metrics::kick(db.clock().now());
    if db.read_blocking(operations::ROLE, stop::current)?.is_some() {
        return Ok(Progress::Idle);
    }
    let outcomes = [
        ("platform.partitions", partitions::make(db).map(drop)),
        ("accounting.sweep", accounting::sweep(db, config)),
        ("accounting.seal", accounting::seal_due(db).map(drop)),
        (
            "accounting.settle",
            accounting::settle_due(db, config).map(drop),
        ),
        (
            "accounting.mails",
            accounting::write_mails(db, config).map(drop),
        ),
        (
            "operations.scenarios",
            operations::watch_scenarios(db, config),
        ),
        ("auth.clean_up", auth::clean_up(db, config)),
        ("platform.keys", forget_old_keys(db)),
        (
            "operations.doctor",
            operations::examine_nightly(db, config.zone, &services.roster()),
        ),
        ("platform.archive", partitions::archive_daily(db, config)),
    ];
    let mut failed = None;
    for (job, outcome) in outcomes {
        if let Err(error) = outcome {
            tracing::error!(job, error = %error, "a job failed");
            failed = Some(error);
        }
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
            .add(Job::new_repeated(every, move |_, _| bell.notify())?)
            .await?;
        scheduler.start().await?;
        std::future::pending().await
    });
    if let Err(error) = outcome {
        tracing::error!(error = %error, "the scheduler stopped; jobs run at half the pace, by their own poll");
    }
}
