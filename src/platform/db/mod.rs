//! Postgres: pools, the unit of work, reads, migrations.
//!
//! Diesel with r2d2 is synchronous, so [`Db::transaction`] and [`Db::read`] are the only places that enter the blocking pool.
//! A permit is taken before a thread is, so that requests wait in a queue of ours, for a short time, instead of holding threads.

mod appenders;
mod audit;
mod counted;
mod migrate;
mod mode;
mod once;
mod outbox;
mod parts;
mod pools;
mod prepared;
mod reading;
mod scratch;
mod server;
mod standing;
mod tx;
mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::clock::Clock;
use super::config::Config;
use super::error::{AppError, AppResult};
use super::faults;
use super::metrics;
use super::wake::Wake;
use appenders::People;
pub use counted::{COUNTED, COUNTED_AT_MOST, Counted, counting};
pub use migrate::{MigrationError, lacking_migrations, migrate, pending_migrations};
pub use mode::Mode;
pub use once::{Answer, KEYS_KEPT, RequestKey, answer_before, forget_old_keys, once, once_for_key};
pub use outbox::Outgoing;
pub use parts::{Part, Parts};
use pools::{Limits, Pool, checkout, pool};
pub use pools::{patient_address, primary_address};
pub use prepared::{Prepare, Prepared};
pub use reading::{Lsn, Reading, read_for, timed};
pub use scratch::{Scratch, ScratchError};
pub use server::{LOGIN, Migrated, SchemaSize, Server, last_migrations, schema_sizes, server};
pub use standing::Standing;
pub use tx::{Origin, Tx, panic_text};
use whole::{SNAPSHOT, begin, finish};

/// The database role of a module: it may write only in the schema of that module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DbRole(&'static str);

impl DbRole {
    /// A role by its name in Postgres.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Takes the role for the rest of the open transaction.
    pub(crate) fn assume(self, conn: &mut PgConnection) -> Result<(), diesel::result::Error> {
        conn.batch_execute(&self.taken())
    }

    /// What takes the role.
    fn taken(self) -> String {
        format!("set local role {}", self.0)
    }

    /// The same, unless the emergency stop is set (R14).
    fn taken_unless_stopped(self) -> String {
        format!("{}; select platform.refuse_when_stopped()", self.taken())
    }
}

/// For a transaction that finds its rows by their keys alone, however many months there are: its statements are planned once for all
/// values, and no plan that was made while a table was small reads it from end to end when it has grown.
///
/// Left to itself the planner would plan at every call: it holds a plan for all values for dearer than one for these, as it neither
/// counts that months are left out when it runs, nor how short the lists are.
const BY_KEYS: &str =
    "; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off";

/// People whose changes are remembered at most.
const CHANGERS: u64 = 100_000;

/// The role that reads the auditors' views and nothing else.
pub const READER: DbRole = DbRole::new("ates_reader");

/// Which pool a transaction uses, so that workers and requests cannot starve one another.
#[derive(Clone, Copy, Debug)]
pub enum Lane {
    /// Requests of people and scripts.
    Web,
    /// The bus, the jobs, the mail worker and commands.
    Worker,
}

/// Whether a write would work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writable {
    /// It would.
    Yes,
    /// The server is a standby.
    ReadOnly,
    /// The emergency stop is set.
    Stopped,
}

/// The database as the whole program sees it; cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    web: Pool,
    worker: Pool,
    /// Of the primary.
    read: Pool,
    /// Of a standby, or of whichever of several hosts answers.
    standby: Option<Pool>,
    pulse: mode::Pulse,
    marks: reading::Marks,
    web_permits: Arc<Semaphore>,
    read_permits: Arc<Semaphore>,
    pool_wait: Duration,
    part_deadline: Duration,
    request_deadline: Duration,
    /// Who changed something within the time that reports are kept.
    changed: Cache<Uuid, ()>,
    people: People,
    standing: (String, Limits),
    clock: Clock,
    wake: Wake,
}

impl Db {
    /// Opens the pools of `config` at `url` lazily; nothing is asked of the server yet.
    #[must_use]
    pub fn new(config: &Config, url: &str, clock: Clock) -> Self {
        Self::open(config, url, clock, false)
    }

    /// The same for a process that only shows: it never changes anything, and may look at a standby alone.
    #[must_use]
    pub fn read_only(config: &Config, url: &str, clock: Clock) -> Self {
        Self::open(config, url, clock, true)
    }

    fn open(config: &Config, url: &str, clock: Clock, shows: bool) -> Self {
        let web = Limits {
            name: "ates web",
            statement: config.web_statement_timeout,
            lock_seconds: 2,
            idle_seconds: 10,
        };
        let worker = Limits {
            name: "ates worker",
            statement: config.worker_statement_timeout,
            lock_seconds: 10,
            idle_seconds: 60,
        };
        let read = Limits {
            name: "ates read",
            ..web.clone()
        };
        let watch = Limits {
            name: "ates watch",
            ..worker.clone()
        };
        let idle = if shows { 0 } else { 2 };
        let reads_at = config.database_read_url.as_deref();
        let several = pools::has_several_hosts(url);
        let standby = (reads_at.is_some() || several || shows).then(|| {
            let idle = if reads_at.is_some() || shows { 2 } else { 0 };
            let at = patient_address(reads_at.unwrap_or(url));
            pool(&at, config.read_pool, idle, config.pool_wait, read.clone())
        });
        let primary = primary_address(url);
        let pulse = mode::Pulse::new(
            shows,
            standby.is_some(),
            if shows {
                patient_address(reads_at.unwrap_or(url))
            } else {
                primary.clone()
            },
        );
        let permits = |count: u32| Arc::new(Semaphore::new(count as usize));
        Self(Arc::new(Inner {
            standing: (primary.clone(), watch),
            web: pool(&primary, config.web_pool, idle, config.pool_wait, web),
            worker: pool(
                &primary,
                config.worker_pool,
                idle,
                Duration::from_secs(10),
                worker,
            ),
            read: pool(&primary, config.read_pool, idle, config.pool_wait, read),
            standby,
            pulse,
            marks: reading::Marks::new(config, reads_at.is_some()),
            web_permits: permits(config.web_pool),
            read_permits: permits(config.read_pool),
            pool_wait: config.pool_wait,
            part_deadline: config.part_deadline,
            request_deadline: config.request_deadline,
            people: People::default(),
            changed: Cache::builder()
                .max_capacity(CHANGERS)
                .time_to_live(config.report_cache)
                .build(),
            clock,
            wake: Wake::default(),
        }))
    }

    /// The program's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The wake-up that every commit with events gives.
    #[must_use]
    pub fn wake(&self) -> &Wake {
        &self.0.wake
    }

    /// Whether this process has committed a change of somebody's within the time that reports are kept (G07).
    #[must_use]
    pub fn has_changed_lately(&self, who: Uuid) -> bool {
        self.0.changed.contains_key(&who)
    }

    /// Runs one use case in one transaction under a module's role, for a request. The events it published are appended as the
    /// last statement before the commit; then the bus is woken.
    ///
    /// # Errors
    /// What `work` returns, 503 when no connection is free in time, and 503 with the reason while the emergency stop is set (R14).
    pub async fn transaction<T: Send + 'static>(
        &self,
        role: DbRole,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.refuse_changes()?;
        let permit = self.permit(&self.0.web_permits).await?;
        let db = self.clone();
        self.blocking(permit, move || {
            db.transaction_blocking(Lane::Web, role, origin, work)
        })
        .await
    }

    /// Runs a use case of several transactions for a request; each of them is a [`Db::transaction_blocking`] in the lane of the web.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn transactions<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.refuse_changes()?;
        let permit = self.permit(&self.0.web_permits).await?;
        let db = self.clone();
        within(LONG_DEADLINE, permit, move || work(&db)).await
    }

    /// [`Db::transaction`], also while the emergency stop is set: for logging in and out, and for the stop itself.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub async fn transaction_even_stopped<T: Send + 'static>(
        &self,
        role: DbRole,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        self.refuse_changes()?;
        let permit = self.permit(&self.0.web_permits).await?;
        let db = self.clone();
        self.blocking(permit, move || {
            db.transaction_even_stopped_blocking(Lane::Web, role, origin, work)
        })
        .await
    }

    /// [`Db::transaction`] for callers that are threads of their own: workers, jobs, commands.
    ///
    /// # Errors
    /// What `work` returns, 503 when no connection is free in time, and 503 with the reason while the emergency stop is set (R14).
    pub fn transaction_blocking<T>(
        &self,
        lane: Lane,
        role: DbRole,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> AppResult<T> {
        self.unit_of_work(lane, role, &role.taken_unless_stopped(), origin, work)
    }

    /// The same for a step that finds its rows by their keys and comes again and again: its statements are planned once for all values.
    ///
    /// # Errors
    /// Those of [`Db::transaction_blocking`].
    pub fn transaction_by_keys_blocking<T>(
        &self,
        lane: Lane,
        role: DbRole,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> AppResult<T> {
        let beginning = role.taken_unless_stopped() + BY_KEYS;
        self.unit_of_work(lane, role, &beginning, origin, work)
    }

    /// The same as [`Db::transaction_blocking`], also while the emergency stop is set: for what a start needs, what only notes what has happened outside, and the
    /// stop itself.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub fn transaction_even_stopped_blocking<T>(
        &self,
        lane: Lane,
        role: DbRole,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> AppResult<T> {
        self.unit_of_work(lane, role, &role.taken(), origin, work)
    }

    fn unit_of_work<T>(
        &self,
        lane: Lane,
        role: DbRole,
        beginning: &str,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
    ) -> AppResult<T> {
        self.refuse_changes()?;
        let pool = match lane {
            Lane::Web => &self.0.web,
            Lane::Worker => &self.0.worker,
        };
        let mut conn = self.begin(|| self.primary_connection(pool), "", beginning)?;
        let actor = origin.actor;
        let (result, (wake, appending)) = finish(&mut conn, |conn| {
            let mut tx = Tx::open(conn, role, self.0.clock.now(), origin);
            let result = work(&mut tx)?;
            Ok((result, tx.flush()?))
        })?;
        if let Some(actor) = actor {
            self.0.changed.insert(actor, ());
            self.0.marks.note(actor, &mut conn);
        }
        if faults::loses_commit() {
            return Err(busy());
        }
        if wake {
            faults::point("publisher.after_commit");
            self.0.wake.notify();
        }
        if let Some(appending) = appending {
            appending.committed();
            self.0.people.note(lane, self.0.clock.now());
        }
        Ok(result)
    }

    /// Whether requests of this process append to the log at present: whoever appends much holds them up.
    #[must_use]
    pub fn people_append(&self) -> bool {
        self.0.people.are_there(self.0.clock.now())
    }

    /// One snapshot of the primary under a module's role, for a worker: it may keep what it has looked up in temporary tables.
    ///
    /// # Errors
    /// What `work` returns, and 503 when no connection is free in time.
    pub fn snapshot_blocking<T>(
        &self,
        role: DbRole,
        work: impl FnOnce(&mut PgConnection) -> AppResult<T>,
    ) -> AppResult<T> {
        self.refuse_changes()?;
        let take = || self.primary_connection(&self.0.worker);
        let mut conn = self.begin(take, "isolation level repeatable read", &role.taken())?;
        finish(&mut conn, work)
    }

    /// Whether a write would work now: asked by the readiness check.
    ///
    /// # Errors
    /// 503, when the server is away.
    pub async fn check_writable(&self) -> AppResult<Writable> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Bool)]
            standby: bool,
            #[diesel(sql_type = diesel::sql_types::Bool)]
            stopped: bool,
        }
        if self.mode() != Mode::Full {
            return Ok(Writable::ReadOnly);
        }
        let permit = self.permit(&self.0.web_permits).await?;
        let db = self.clone();
        self.blocking(permit, move || {
            let mut conn = db.begin(|| db.primary_connection(&db.0.web), SNAPSHOT, "")?;
            let row = finish(&mut conn, |conn| {
                let row: Row = diesel::sql_query(
                    "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as standby,
                       exists (select from platform.emergency_stops where released_at is null) as stopped",
                )
                .get_result(conn)?;
                Ok(row)
            })?;
            Ok(match row {
                Row { standby: true, .. } => Writable::ReadOnly,
                Row { stopped: true, .. } => Writable::Stopped,
                Row { .. } => Writable::Yes,
            })
        })
        .await
    }

    async fn permit(&self, permits: &Arc<Semaphore>) -> AppResult<OwnedSemaphorePermit> {
        match tokio::time::timeout(self.0.pool_wait, Arc::clone(permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                metrics::no_connection();
                Err(busy())
            }
        }
    }

    /// Begins a transaction, see [`begin`].
    fn begin(
        &self,
        take: impl Fn() -> AppResult<pools::Pooled>,
        characteristics: &str,
        beginning: &str,
    ) -> AppResult<pools::Pooled> {
        begin(take, self.0.pool_wait, characteristics, beginning)
    }

    /// A connection to the primary; that there is none is told to who watches it.
    fn primary_connection(&self, pool: &Pool) -> AppResult<pools::Pooled> {
        checkout(pool).inspect_err(|_| self.0.pulse.look_now())
    }

    /// Runs a request's blocking work within its deadline.
    async fn blocking<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let left = self.0.request_deadline.saturating_sub(reading::spent());
        let began = Instant::now();
        let outcome = within(left.max(LEAST), permit, work).await;
        reading::spend(began.elapsed());
        outcome
    }
}

/// What is left for a last question of a request that has used up its time.
const LEAST: Duration = Duration::from_millis(100);

/// The deadline of a use case of several transactions.
const LONG_DEADLINE: Duration = Duration::from_secs(120);

/// Runs blocking work on the blocking pool; the permit goes with it, so that a client that hangs up, or a deadline, frees nothing early.
async fn within<T: Send + 'static>(
    deadline: Duration,
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    let span = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        span.in_scope(work)
    });
    match tokio::time::timeout(deadline, done).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(AppError::internal(format!(
            "a request's thread ended: {error}"
        ))),
        Err(_) => {
            tracing::warn!(
                seconds = deadline.as_secs(),
                "a request's work in the database did not end in time"
            );
            Err(AppError::Unavailable {
                message: "error-database-silent".into(),
                retry_after: 10,
            })
        }
    }
}

fn busy() -> AppError {
    AppError::Unavailable {
        message: "error-database-away".into(),
        retry_after: 5,
    }
}
