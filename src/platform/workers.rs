//! Background workers: named threads that do one step at a time, wait for a wake-up or their poll time, and stop when told.
//!
//! A step that fails or panics is logged and tried again after a growing pause; it takes down neither its worker nor the others.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::db::panic_text;
use super::error::{AppError, AppResult};
use super::metrics;
use super::wake::Wake;

/// How often a worker looks for work that nobody told it of: seldom, since the watch asks for all of them several times a second.
pub const SAFETY_NET: Duration = Duration::from_secs(60);

/// The longest rest after a failure.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// The longest rest after a failure that nobody is to blame for, such as a server that restarts.
const LONGEST_BLAMELESS_REST: Duration = Duration::from_secs(2);

/// How often a worker asks whether the emergency stop is released; in the process that releases it, it is woken.
const STOPPED_REST: Duration = Duration::from_secs(1);

/// What a step has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There may be more to do at once.
    More,
    /// Nothing to do until the next wake-up or poll.
    Idle,
}

/// How a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its last step went well.
    Up,
    /// It waits for the release of the emergency stop (R14).
    Stopped,
    /// Its last step failed, for this reason.
    Failed(String),
}

impl Health {
    /// Its name, as checks and metrics say it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// All background workers of a process.
#[derive(Default)]
pub struct Workers {
    stop: Arc<AtomicBool>,
    threads: Vec<Thread>,
    health: Board,
    conditions: Conditions,
}

/// Conditions in SQL under which some worker has work, though the log has not grown; `$1` is the time of the program's clock.
/// Asked by the bus's watch in one statement; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Conditions(Arc<Mutex<Vec<&'static str>>>);

impl Conditions {
    /// Adds one.
    pub fn add(&self, condition: &'static str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(condition);
    }

    /// All of them so far.
    #[must_use]
    pub fn all(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Thread {
    name: String,
    wake: Wake,
    handle: JoinHandle<()>,
}

/// The health of each worker by name; cheap to clone.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<String, Health>>>);

impl Board {
    /// The health of all workers now.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Health> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes down how a worker is; tells whether that is news.
    fn set(&self, name: &str, health: Health) -> bool {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = board.get(name) != Some(&health);
        if is_news {
            metrics::worker_is(name, health.word());
        }
        board.insert(name.to_owned(), health);
        is_news
    }
}

impl Workers {
    /// Starts a worker that repeats `step`: at once when `wake` is called, and at the latest every `poll`, to which each further
    /// worker adds a little, so that they do not all look at once.
    ///
    /// # Errors
    /// That the thread cannot be made.
    pub fn spawn(
        &mut self,
        name: &str,
        wake: &Wake,
        poll: Duration,
        mut step: impl FnMut() -> AppResult<Progress> + Send + 'static,
    ) -> std::io::Result<()> {
        let (stop, wake, board, label) = (
            Arc::clone(&self.stop),
            wake.clone(),
            self.health.clone(),
            name.to_owned(),
        );
        let own_wake = wake.clone();
        let poll = poll + poll / 20 * u32::try_from(self.threads.len()).unwrap_or_default();
        board.set(name, Health::Up);
        let body = move || {
            let mut failures = 0_u32;
            while !stop.load(Ordering::SeqCst) {
                let seen = wake.seen();
                let outcome = catch_unwind(AssertUnwindSafe(&mut step)).unwrap_or_else(|panic| {
                    Err(AppError::internal(format!(
                        "panic: {}",
                        panic_text(panic.as_ref())
                    )))
                });
                match outcome {
                    Ok(progress) => {
                        failures = 0;
                        board.set(&label, Health::Up);
                        if progress == Progress::Idle {
                            wake.wait_past(seen, poll);
                        }
                    }
                    Err(error @ AppError::Stopped(_)) => {
                        if board.set(&label, Health::Stopped) {
                            tracing::warn!(worker = label, reason = %error, "a worker waits for the release of the emergency stop");
                        }
                        wake.wait_past(seen, STOPPED_REST);
                    }
                    Err(error) => {
                        failures += 1;
                        tracing::error!(worker = label, error = %error, failures, "a worker's step failed");
                        board.set(&label, Health::Failed(error.to_string()));
                        rest(&stop, backoff(failures, error.is_transient()));
                    }
                }
            }
        };
        let handle = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)?;
        self.threads.push(Thread {
            name: name.to_owned(),
            wake: own_wake,
            handle,
        });
        Ok(())
    }

    /// The conditions under which the watch wakes them.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        self.conditions.clone()
    }

    /// The board that shows how they are.
    #[must_use]
    pub fn board(&self) -> Board {
        self.health.clone()
    }

    /// Asks all workers to stop after the step in hand, and waits for them.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            while !thread.handle.is_finished() {
                thread.wake.notify();
                std::thread::park_timeout(Duration::from_millis(10));
            }
            if thread.handle.join().is_err() {
                tracing::error!(worker = thread.name, "a worker ended by a panic");
            }
        }
    }
}

/// 50 ms, 100 ms, 200 ms … up to 30 s, or up to 2 s when nobody is to blame.
fn backoff(failures: u32, blameless: bool) -> Duration {
    let longest = if blameless {
        LONGEST_BLAMELESS_REST
    } else {
        LONGEST_REST
    };
    Duration::from_millis(50_u64 << failures.saturating_sub(1).min(10)).min(longest)
}

/// Waits, but not longer than until the program stops.
fn rest(stop: &AtomicBool, time: Duration) {
    let slice = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() && !stop.load(Ordering::SeqCst) {
        std::thread::park_timeout(slice.min(left));
        left = left.saturating_sub(slice);
    }
}
