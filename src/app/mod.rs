//! The composition root: the only place that knows every module.
//!
//! It opens the database, mounts the routes, hands the subscribers to the bus, rings the bell for the jobs, and stops it all in
//! order.

mod admin;
mod api;
mod feeds;
mod health;
mod help;
mod home;
mod metrics;
mod places;
mod schedule;
mod search;
mod server;
mod system;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;

use crate::bus::{self, Listener, Roster, Subscriber};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n;
use crate::platform::mail::Mailer;
use crate::platform::partitions;
use crate::platform::workers::{Board, SAFETY_NET, Workers};
use crate::{accounting, analytics, auth, events, operations, relay, tasks, webhooks};

pub use api::document as api_document;
pub use metrics::{BoundMetrics, bind_metrics};
pub use server::{Bound, bind, listen};

/// How often a process that only mails looks for mails: nobody wakes it.
const MAIL_LOOK: Duration = Duration::from_secs(1);

/// How long the workers may take to come to an end. With the twelve seconds that the web server gives its last requests, a stop is over
/// within twenty.
const DRAINING: Duration = Duration::from_secs(7);

/// Which of the background work this process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// All of it.
    #[default]
    All,
    /// All but the mails, which wait until a process that sends them comes (M35).
    AllButMails,
    /// Only the mails.
    Mails,
}

/// What the program runs on.
#[derive(Clone)]
pub struct Services {
    /// The settings.
    pub config: Arc<Config>,
    /// The database.
    pub db: Db,
    /// The way out for mails.
    pub mailer: Mailer,
    /// Whether the company is a made-up one.
    pub demo: bool,
    /// What its workers do.
    pub work: Work,
}

impl Services {
    /// Services on an opened database.
    ///
    /// # Errors
    /// A setting of the mailer that cannot be understood.
    pub fn new(config: Config, db: Db, demo: bool) -> AppResult<Self> {
        i18n::choose_words(config.status_words);
        let mailer = Mailer::new(
            config.smtp_url.as_deref(),
            &config.mail_from,
            config.mail_timeout,
        )
        .map_err(AppError::internal)?;
        Ok(Self {
            config: Arc::new(config),
            db,
            mailer,
            demo,
            work: Work::All,
        })
    }

    /// Every subscriber of the bus.
    #[must_use]
    pub fn subscribers(&self) -> Vec<Box<dyn Subscriber>> {
        let mut all = tasks::subscribers();
        all.extend(accounting::subscribers(&self.config));
        all.extend(analytics::subscribers(&self.config));
        all
    }

    /// Who listens to what.
    #[must_use]
    pub fn roster(&self) -> Roster {
        let mut roster = Roster::of(&self.subscribers());
        for target in &self.config.webhooks {
            roster = roster.with(Listener {
                name: target.consumer,
                types: target.types,
                money: false,
            });
        }
        if self.config.relay.is_none() {
            return roster;
        }
        roster.with(Listener {
            name: relay::NAME,
            types: &events::ALL_TYPES,
            money: false,
        })
    }

    /// Starts all that runs in the background: the bus, the shuffles, the mails and the jobs.
    ///
    /// # Errors
    /// Those of the database, and that a thread cannot be made.
    pub fn start_workers(&self) -> AppResult<Workers> {
        partitions::make(&self.db)?;
        let mut workers = Workers::default();
        if self.work == Work::Mails {
            self.spawn_mails(&mut workers, MAIL_LOOK)?;
            return Ok(workers);
        }
        accounting::open_first_day(&self.db, &self.config)?;
        bus::start(&mut workers, &self.db, &self.config, self.subscribers())?;
        if let Some(target) = &self.config.relay {
            let tap = Box::new(relay::NatsRelay::new(target.clone())?);
            bus::start_tap(&mut workers, &self.db, tap)?;
        }
        for target in &self.config.webhooks {
            let webhook = webhooks::Webhook::new(target.clone(), self.db.clock().clone());
            bus::start_outlet(&mut workers, &self.db, &self.config, Box::new(webhook))?;
        }
        workers.conditions().add(tasks::SHUFFLE_WAITS);
        self.spawn(&mut workers, "tasks.shuffle", SAFETY_NET, |services| {
            tasks::shuffle_step(&services.db, &services.config)
        })?;
        if self.work == Work::All {
            if self.mailer.is_connected() {
                workers.conditions().add(accounting::MAIL_WAITS);
                workers.conditions().add(auth::MAIL_WAITS);
            }
            self.spawn_mails(&mut workers, SAFETY_NET)?;
        }
        operations::start_reconciler(&mut workers, &self.db, &self.config)?;
        schedule::start(self, &mut workers)?;
        Ok(workers)
    }

    fn spawn_mails(&self, workers: &mut Workers, poll: Duration) -> AppResult<()> {
        self.spawn(workers, "auth.mail", poll, |services| {
            auth::mail_step(&services.db, &services.mailer, &services.config)
        })?;
        self.spawn(workers, "accounting.mail", poll, |services| {
            accounting::mail_step(&services.db, &services.mailer, &services.config)
        })
    }

    fn spawn(
        &self,
        workers: &mut Workers,
        name: &str,
        poll: Duration,
        step: impl Fn(&Self) -> AppResult<crate::platform::workers::Progress> + Send + 'static,
    ) -> AppResult<()> {
        let services = self.clone();
        workers
            .spawn(name, self.db.wake(), poll, move || step(&services))
            .map_err(|error| AppError::internal(error.to_string()))
    }
}

/// Serves pages and API, with or without the workers, until the program is told to stop.
///
/// # Errors
/// That the address is taken, or that the workers cannot start.
pub async fn serve(
    services: Services,
    with_workers: bool,
    ready: impl FnOnce(&Bound),
) -> AppResult<()> {
    let workers = if with_workers {
        let starter = services.clone();
        Some(blocking(move || starter.start_workers()).await?)
    } else {
        let db = services.db.clone();
        blocking(move || partitions::make(&db)).await?;
        None
    };
    let board = workers.as_ref().map_or_else(Board::default, Workers::board);
    let bound = bind(&services, board)?;
    let scraped = bind_metrics(&services).map(BoundMetrics::spawn);
    ready(&bound);
    tell_setup_code(&services).await;
    let outcome = bound
        .run()
        .await
        .map_err(|error| AppError::Internal(Box::new(error)));
    stop(workers).await?;
    end(scraped).await;
    outcome
}

/// Serves the pages that only show, until the program is told to stop: nothing is written, no worker runs (R11, R22).
///
/// # Errors
/// That the address is taken.
pub async fn show(services: Services, ready: impl FnOnce(&Bound)) -> AppResult<()> {
    let bound = bind(&services, Board::default())?;
    let scraped = bind_metrics(&services).map(BoundMetrics::spawn);
    ready(&bound);
    let outcome = bound
        .run()
        .await
        .map_err(|error| AppError::Internal(Box::new(error)));
    end(scraped).await;
    outcome
}

/// Prints the code with which an installation without an administrator gets its first one.
async fn tell_setup_code(services: &Services) {
    let (db, config) = (services.db.clone(), Arc::clone(&services.config));
    match blocking(move || auth::open_setup(&db, &config)).await {
        Ok(None) => {}
        Ok(Some(code)) => {
            let page = services.config.base_url.join("/setup");
            let page = page.map_or_else(|_| "/setup".to_owned(), |page| page.to_string());
            tracing::warn!(%page, %code, "there is no administrator yet: open the page and enter the code");
        }
        Err(error) => tracing::warn!(error = %error, "no code for the first administrator"),
    }
}

/// Stops the answers to scrapers.
async fn end(scraped: Option<ServerHandle>) {
    if let Some(handle) = scraped {
        handle.stop(false).await;
    }
}

/// Runs the workers alone until the program is told to stop.
///
/// # Errors
/// That the workers cannot start.
pub async fn work(services: Services) -> AppResult<()> {
    services.db.watch_primary()?;
    let scraped = bind_metrics(&services).map(BoundMetrics::spawn);
    let workers = blocking(move || services.start_workers()).await?;
    tracing::info!("workers started");
    wait_for_stop().await;
    let outcome = stop(Some(workers)).await;
    end(scraped).await;
    outcome
}

async fn stop(workers: Option<Workers>) -> AppResult<()> {
    let Some(workers) = workers else {
        return Ok(());
    };
    let drained = blocking(move || {
        workers.stop();
        Ok(())
    });
    match tokio::time::timeout(DRAINING, drained).await {
        Ok(outcome) => outcome,
        Err(_) => {
            tracing::warn!(
                "some workers did not finish in time; their work is taken up at the next start"
            );
            Ok(())
        }
    }
}

async fn wait_for_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(error) => {
            tracing::warn!(error = %error, "no signal for a polite stop; only Ctrl-C is heard");
            drop(tokio::signal::ctrl_c().await);
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}

/// The invariants of the whole system, which `ates verify` runs.
pub use operations::verify;
