//! `/metrics` on a listener of its own: what the process counted, and the figures of the bus as the database has them now (R26).
//!
//! Several processes on one machine share the default address; whoever comes late goes on without the page and says so once.

use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{Data, get, resource};
use actix_web::{App, HttpResponse, HttpServer};
use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Services;
use crate::accounting::{self, HeldFigures};
use crate::bus::{self, ParkedCount, SubscriberStatus};
use crate::operations::{self, UnsentMails};
use crate::platform::agreement::{self, Agreement};
use crate::platform::db::{Db, Mode, Writable};
use crate::platform::error::{AppError, AppResult};
use crate::platform::jobs::{self, JobCount};
use crate::platform::metrics;
use crate::platform::partitions::{self, Ahead};
use crate::platform::stop;

/// Where the page lies.
const PATH: &str = "/metrics";

/// What scrapers are told about the form.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// When this process took its place among those that are watched.
static STARTED: OnceLock<i64> = OnceLock::new();

/// A listener for scrapers that has its address but does not answer yet.
pub struct BoundMetrics {
    server: Server,
    /// The address; the port is real even when the setting says 0.
    pub address: SocketAddr,
}

impl BoundMetrics {
    /// Answers on the runtime at hand until the handle stops it.
    pub fn spawn(self) -> ServerHandle {
        let handle = self.server.handle();
        actix_web::rt::spawn(self.server);
        handle
    }

    /// Answers until it is told to stop.
    ///
    /// # Errors
    /// Those of the sockets.
    pub async fn run(self) -> std::io::Result<()> {
        self.server.await
    }

    /// A handle to stop it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }
}

/// Takes the address for scrapers; none when there is to be none, or when somebody else has it.
#[must_use]
pub fn bind_metrics(services: &Services) -> Option<BoundMetrics> {
    let wanted = services.config.metrics_bind?;
    match listen(services, wanted) {
        Ok(bound) => {
            tracing::info!(address = %bound.address, "metrics");
            Some(bound)
        }
        Err(error) => {
            tracing::warn!(
                address = %wanted,
                error = %error,
                "no metrics from this process: the address cannot be had; choose another with ATES_METRICS_BIND"
            );
            None
        }
    }
}

fn listen(services: &Services, wanted: SocketAddr) -> std::io::Result<BoundMetrics> {
    let listener = TcpListener::bind(wanted)?;
    let address = listener.local_addr()?;
    STARTED.get_or_init(|| services.db.clock().now().timestamp());
    let db = Data::new(services.db.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(db.clone())
            .service(resource(PATH).route(get().to(show_metrics)))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(BoundMetrics { server, address })
}

async fn show_metrics(db: Data<Db>) -> HttpResponse {
    let now = db.clock().now();
    let ready = matches!(db.check_writable().await, Ok(Writable::Yes));
    let figures = db.read(operations::ROLE, move |conn| {
        Ok(Figures {
            subscribers: bus::statuses(conn)?,
            parked: bus::parked_counts(conn)?,
            partitions_ahead: partitions::list_ahead(conn, now)?,
            jobs: jobs::counts(conn)?,
            held: accounting::held_figures(conn)?,
            stopped: stop::current(conn)?.is_some(),
            agreement: agreement::find(conn)?,
            mails: operations::unsent_mails(conn)?,
            alerts: operations::count_open_alerts(conn)?,
        })
    });
    let text = match figures.await {
        Ok(figures) => written(Some(&figures), ready, db.mode(), now),
        Err(error) => {
            tracing::warn!(error = %error, "the figures of the database are missing from the metrics");
            written(None, ready, db.mode(), now)
        }
    };
    match text {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(error = %error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// What the database says.
struct Figures {
    subscribers: Vec<SubscriberStatus>,
    parked: Vec<ParkedCount>,
    partitions_ahead: Vec<Ahead>,
    jobs: Vec<JobCount>,
    held: HeldFigures,
    stopped: bool,
    agreement: Agreement,
    mails: Vec<UnsentMails>,
    alerts: i64,
}

fn written(
    figures: Option<&Figures>,
    ready: bool,
    mode: Mode,
    now: DateTime<Utc>,
) -> AppResult<String> {
    let mut registry = Registry::default();
    metrics::register(&mut registry);
    put(
        &mut registry,
        "ates_database_up",
        "Whether the database answers",
        i64::from(figures.is_some()),
    );
    let help = "Whether a change would work";
    put(&mut registry, "ates_ready", help, i64::from(ready));
    let started = *STARTED.get_or_init(|| now.timestamp());
    let help = "When this process began to be watched, seconds since 1970";
    put(&mut registry, "ates_started_seconds", help, started);
    put(
        &mut registry,
        "ates_read_only",
        "Whether this process only shows: by its start, or because the primary database is away",
        i64::from(mode != Mode::Full),
    );
    if let Some(age) = metrics::kick_age(now) {
        put(
            &mut registry,
            "scheduler_last_kick_age_seconds",
            "How long ago this process looked for due jobs",
            age,
        );
    }
    if let Some(figures) = figures {
        figures.put(&mut registry, now);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| AppError::internal(error.to_string()))?;
    Ok(text)
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Sub {
    sub: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Held {
    sub: String,
    holder: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    sub: String,
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Table {
    table: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Job {
    job: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JobState {
    job: String,
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MailState {
    state: String,
}

fn put(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn family<L>(registry: &mut Registry, name: &str, help: &str) -> Family<L, Gauge>
where
    L: EncodeLabelSet + std::hash::Hash + Eq + Clone + Send + Sync + std::fmt::Debug + 'static,
{
    let family = Family::<L, Gauge>::default();
    registry.register(name, help, family.clone());
    family
}

impl Figures {
    fn put(&self, registry: &mut Registry, now: DateTime<Utc>) {
        self.put_subscribers(registry, now);
        self.put_parked(registry, now);
        let help = "Accounts that are settled later than the others of a date";
        put(registry, "ates_held_accounts", help, self.held.accounts);
        let held_for = self
            .held
            .since
            .map_or(0, |since| (now - since).num_seconds().max(0));
        let help = "How long the first of them is held";
        put(
            registry,
            "ates_held_accounts_oldest_seconds",
            help,
            held_for,
        );
        self.put_books(registry, now);
        let help = "Planned steps that did not follow in time";
        put(registry, "ates_scenario_alerts", help, self.alerts);
        let mails = family(registry, "ates_mails", "Mails that have not left, by state");
        for row in &self.mails {
            let state = row.state.clone();
            mails.get_or_create(&MailState { state }).set(row.mails);
        }
        let ahead = family(registry, "partitions_ahead", "Partitions made ahead");
        for row in &self.partitions_ahead {
            let table = row.parent.clone();
            ahead.get_or_create(&Table { table }).set(row.ahead);
            if row.parent == "events" {
                let help = "Partitions of the log made ahead";
                put(registry, "bus_partitions_ahead", help, row.ahead);
            }
        }
        let states = family(registry, "job_run_state", "Runs of jobs by state");
        let late = family(
            registry,
            "job_run_late_seconds",
            "Age of the oldest run that is not done",
        );
        for row in &self.jobs {
            let (job, state) = (row.job.clone(), row.state.clone());
            let label = JobState { job, state };
            states.get_or_create(&label).set(row.runs);
            if row.state != "done" {
                let job = row.job.clone();
                let age = (now - row.oldest).num_seconds().max(0);
                let gauge = late.get_or_create(&Job { job });
                gauge.set(gauge.get().max(age));
            }
        }
    }

    fn put_subscribers(&self, registry: &mut Registry, now: DateTime<Utc>) {
        let head = self.subscribers.first().map_or(0, |row| row.head);
        put(registry, "bus_head_seq", "The last number of the log", head);
        let position = family(registry, "bus_position", "The last number dealt with");
        let events = family(
            registry,
            "bus_lag_events",
            "Numbers of the log that are not dealt with",
        );
        let seconds = family(
            registry,
            "bus_lag_seconds",
            "Age of the first event that is not dealt with",
        );
        let paused = family(registry, "bus_paused", "1 for each holder of a pause");
        for row in &self.subscribers {
            let label = Sub {
                sub: row.name.clone(),
            };
            position.get_or_create(&label).set(row.position);
            events.get_or_create(&label).set(row.lag());
            let age = row
                .waiting_since
                .map_or(0, |since| (now - since).num_seconds().max(0));
            seconds.get_or_create(&label).set(age);
            for hold in &row.holders {
                let (sub, holder) = (row.name.clone(), hold.holder.clone());
                paused.get_or_create(&Held { sub, holder }).set(1);
            }
        }
    }

    fn put_books(&self, registry: &mut Registry, now: DateTime<Utc>) {
        let stop = "1 while the emergency stop is set";
        put(registry, "ates_emergency_stop", stop, self.stopped.into());
        let age = |at: Option<DateTime<Utc>>| at.map(|at| (now - at).num_seconds().max(0));
        if let Some(age) = age(self.agreement.round_at) {
            let help = "How long ago the reconciler ended its last round";
            put(registry, "ates_reconciler_round_age_seconds", help, age);
        }
        if let Some(age) = age(self.agreement.agreed_at) {
            let help = "How long ago the books agreed last";
            put(registry, "ates_books_agreed_age_seconds", help, age);
        }
        if let Some(age) = age(self.agreement.swept_at) {
            let help = "How long ago the reconciler had gone over all old dates";
            put(registry, "ates_reconciler_sweep_age_seconds", help, age);
        }
        let took = i64::try_from(self.agreement.took.as_millis()).unwrap_or(i64::MAX);
        let help = "Time that the last round took";
        put(registry, "ates_reconciler_round_milliseconds", help, took);
        let differs = i64::try_from(self.agreement.differs.len()).unwrap_or(i64::MAX);
        let help = "Invariants that differed in the last round";
        put(registry, "ates_reconciler_differences", help, differs);
    }

    fn put_parked(&self, registry: &mut Registry, now: DateTime<Utc>) {
        let parked = family(
            registry,
            "bus_parked",
            "Items that wait for repair, by state",
        );
        let oldest = family(
            registry,
            "bus_oldest_parked_seconds",
            "Age of the first failure that is not repaired",
        );
        let mut dead = 0;
        for row in &self.subscribers {
            let sub = row.name.clone();
            oldest.get_or_create(&Sub { sub }).set(0);
            for state in ["retrying", "blocked", "dead"] {
                let (sub, state) = (row.name.clone(), state.to_owned());
                parked.get_or_create(&State { sub, state }).set(0);
            }
        }
        for row in &self.parked {
            let (sub, state) = (row.subscriber.clone(), row.state.clone());
            let label = State { sub, state };
            parked.get_or_create(&label).set(row.items);
            if row.state == "dead" {
                dead += row.items;
            }
            if let Some(at) = row.oldest {
                let sub = row.subscriber.clone();
                let gauge = oldest.get_or_create(&Sub { sub });
                gauge.set(gauge.get().max((now - at).num_seconds()));
            }
        }
        put(
            registry,
            "bus_dead_total",
            "Items that were given up and wait for a person",
            dead,
        );
    }
}
