//! What this process counts about itself, for the page of metrics: one set for the process, as every instance is scraped alone.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper ends of the buckets of durations, seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Upper ends of the buckets of batch sizes, events.
const EVENTS: [f64; 8] = [1.0, 5.0, 20.0, 100.0, 500.0, 1_000.0, 2_500.0, 5_000.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Subscriber {
    sub: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Failed {
    sub: String,
    class: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventType {
    r#type: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Handed {
    target: String,
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MissedPart {
    part: &'static str,
    why: &'static str,
}

/// Why a page was answered without one of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// It did not come in time.
    Late,
    /// It failed.
    Failed,
    /// Its module had just been late with another part of the same page.
    Skipped,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Report {
    report: &'static str,
    outcome: &'static str,
}

/// Where the answer of a report came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It was kept.
    Kept,
    /// It was read from the database.
    Read,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    class: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TurnedAway {
    why: &'static str,
}

/// Why a request was turned away at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// As many wait as may.
    Full,
    /// Its turn did not come in time.
    Late,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WorkerState {
    worker: String,
    state: &'static str,
}

/// The counters and histograms of the process.
struct Counted {
    batch_seconds: Family<Subscriber, Histogram>,
    batch_events: Family<Subscriber, Histogram>,
    retries: Family<Failed, Counter>,
    appended: Family<EventType, Counter>,
    lock_wait: Histogram,
    lock_hold: Histogram,
    last_kick: AtomicI64,
    password_hashes: Counter,
    deliveries: Family<Handed, Counter>,
    missed_parts: Family<MissedPart, Counter>,
    reports: Family<Report, Counter>,
    requests: Family<Answered, Counter>,
    request_seconds: Histogram,
    turned_away: Family<TurnedAway, Counter>,
    hung_up: Counter,
    no_connection: Counter,
    workers: Family<WorkerState, Gauge>,
}

static COUNTED: LazyLock<Counted> = LazyLock::new(|| Counted {
    batch_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
    batch_events: Family::new_with_constructor(|| Histogram::new(EVENTS)),
    retries: Family::default(),
    appended: Family::default(),
    lock_wait: Histogram::new(SECONDS),
    lock_hold: Histogram::new(SECONDS),
    last_kick: AtomicI64::new(0),
    password_hashes: Counter::default(),
    deliveries: Family::default(),
    missed_parts: Family::default(),
    reports: Family::default(),
    requests: Family::default(),
    request_seconds: Histogram::new(SECONDS),
    turned_away: Family::default(),
    hung_up: Counter::default(),
    no_connection: Counter::default(),
    workers: Family::default(),
});

/// How a worker of this process is: `up`, `stopped` or `failed`.
pub fn worker_is(worker: &str, now: &'static str) {
    for state in ["up", "stopped", "failed"] {
        let label = WorkerState {
            worker: worker.to_owned(),
            state,
        };
        COUNTED
            .workers
            .get_or_create(&label)
            .set(i64::from(state == now));
    }
}

/// A step of a subscriber was committed; `events` is how many facts it handled, and one that handled none is not counted.
pub fn batch(subscriber: &str, took: Duration, events: usize) {
    if events == 0 {
        return;
    }
    let label = Subscriber {
        sub: subscriber.to_owned(),
    };
    let seconds = COUNTED.batch_seconds.get_or_create(&label);
    seconds.observe(took.as_secs_f64());
    drop(seconds);
    let size = COUNTED.batch_events.get_or_create(&label);
    size.observe(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
}

/// An item of a subscriber failed and is tried again, or given up.
pub fn retry(subscriber: &str, class: &str) {
    let label = Failed {
        sub: subscriber.to_owned(),
        class: class.to_owned(),
    };
    COUNTED.retries.get_or_create(&label).inc();
}

/// An event was handed to a target outside: `taken`, `away`, `trouble` or `refused`.
pub fn delivery(target: &str, outcome: &str) {
    let label = Handed {
        target: target.to_owned(),
        outcome: outcome.to_owned(),
    };
    COUNTED.deliveries.get_or_create(&label).inc();
}

/// A password is hashed, to be stored or to be compared.
pub fn password_hash() {
    COUNTED.password_hashes.inc();
}

/// Passwords that this process has hashed.
#[must_use]
pub fn password_hashes() -> u64 {
    COUNTED.password_hashes.get()
}

/// A page is answered without one of its parts (G06).
pub fn part_missed(part: &'static str, why: Missed) {
    let why = match why {
        Missed::Late => "late",
        Missed::Failed => "failed",
        Missed::Skipped => "skipped",
    };
    COUNTED
        .missed_parts
        .get_or_create(&MissedPart { part, why })
        .inc();
}

/// A report was asked for (G07).
pub fn report(report: &'static str, looked: Looked) {
    let outcome = match looked {
        Looked::Kept => "hit",
        Looked::Read => "miss",
    };
    COUNTED
        .reports
        .get_or_create(&Report { report, outcome })
        .inc();
}

/// A request was answered with this status.
pub fn request(status: u16, took: Duration) {
    let class = match status / 100 {
        1 | 2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    COUNTED.requests.get_or_create(&Answered { class }).inc();
    COUNTED.request_seconds.observe(took.as_secs_f64());
}

/// A request was turned away at the door, before anything was done for it.
pub fn turned_away(why: Away) {
    let why = match why {
        Away::Full => "full",
        Away::Late => "late",
    };
    COUNTED.turned_away.get_or_create(&TurnedAway { why }).inc();
}

/// A client that neither asked nor read was hung up on.
pub fn hung_up() {
    COUNTED.hung_up.inc();
}

/// Nobody got a database connection in time: the server is away, or all connections are busy.
pub fn no_connection() {
    COUNTED.no_connection.inc();
}

/// The scheduler looked for due jobs.
pub fn kick(now: DateTime<Utc>) {
    COUNTED.last_kick.store(now.timestamp(), Ordering::Relaxed);
}

/// How long ago the scheduler of this process looked for due jobs, seconds; none when it never did.
#[must_use]
pub fn kick_age(now: DateTime<Utc>) -> Option<i64> {
    let last = COUNTED.last_kick.load(Ordering::Relaxed);
    (last > 0).then(|| (now.timestamp() - last).max(0))
}

/// Events that were appended and are not committed yet: the log's lock is held since then.
#[must_use = "the append is counted when the commit is done"]
pub struct Appending {
    types: Vec<&'static str>,
    locked: Instant,
    waited: Duration,
}

impl Appending {
    /// An append that began at `began` and waited so long for the lock.
    pub fn new(types: Vec<&'static str>, began: Instant, waited: Duration) -> Self {
        Self {
            types,
            locked: began + waited,
            waited,
        }
    }

    /// The transaction is committed, and the lock is free again.
    pub fn committed(self) {
        COUNTED.lock_wait.observe(self.waited.as_secs_f64());
        COUNTED
            .lock_hold
            .observe(self.locked.elapsed().as_secs_f64());
        for name in self.types {
            let label = EventType {
                r#type: name.to_owned(),
            };
            COUNTED.appended.get_or_create(&label).inc();
        }
    }
}

impl fmt::Debug for Appending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events on their way into the log", self.types.len())
    }
}

/// Puts what the process counts into a registry that is about to be written out.
pub fn register(registry: &mut Registry) {
    registry.register_with_unit(
        "bus_batch",
        "Time from the lock of the cursor to the commit",
        Unit::Seconds,
        COUNTED.batch_seconds.clone(),
    );
    registry.register(
        "bus_batch_events",
        "Facts handled in one batch",
        COUNTED.batch_events.clone(),
    );
    registry.register(
        "bus_retries",
        "Items that failed, by class of the error",
        COUNTED.retries.clone(),
    );
    registry.register(
        "bus_append",
        "Events appended to the log, by type",
        COUNTED.appended.clone(),
    );
    registry.register_with_unit(
        "bus_append_lock_wait",
        "Time that publishers waited for the lock of the log",
        Unit::Seconds,
        COUNTED.lock_wait.clone(),
    );
    registry.register_with_unit(
        "bus_append_lock_hold",
        "Time from the lock of the log to the end of the commit",
        Unit::Seconds,
        COUNTED.lock_hold.clone(),
    );
    registry.register(
        "webhook_deliveries",
        "Events handed to targets outside, by what became of them",
        COUNTED.deliveries.clone(),
    );
    registry.register(
        "page_parts_missing",
        "Parts that pages were answered without, by what became of them",
        COUNTED.missed_parts.clone(),
    );
    registry.register(
        "reports",
        "Reports that were asked for: a hit was answered from what is kept, a miss read the database",
        COUNTED.reports.clone(),
    );
    registry.register(
        "ates_requests",
        "Requests answered, by class of the status",
        COUNTED.requests.clone(),
    );
    registry.register_with_unit(
        "ates_request",
        "Time from the head of a request to the head of its answer",
        Unit::Seconds,
        COUNTED.request_seconds.clone(),
    );
    registry.register(
        "ates_requests_turned_away",
        "Requests turned away at the door, by reason",
        COUNTED.turned_away.clone(),
    );
    registry.register(
        "ates_clients_hung_up",
        "Clients that neither asked nor read in time",
        COUNTED.hung_up.clone(),
    );
    registry.register(
        "ates_no_connection",
        "Times that no database connection could be had",
        COUNTED.no_connection.clone(),
    );
    registry.register(
        "auth_password_hashes",
        "Passwords hashed, to be stored or to be compared",
        COUNTED.password_hashes.clone(),
    );
    registry.register(
        "ates_worker_state",
        "How each worker of this process is",
        COUNTED.workers.clone(),
    );
}
