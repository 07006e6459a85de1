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
use super::wake::Wake;

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
    /// Its last step failed, for this reason.
    Failing(String),
}

/// All background workers of a process.
#[derive(Default)]
pub struct Workers {
    stop: Arc<AtomicBool>,
    threads: Vec<Thread>,
    health: Board,
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

    fn set(&self, name: &str, health: Health) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), health);
    }
}

impl Workers {
    /// Starts a worker that repeats `step`: at the latest every `poll`, and at once when `wake` is called.
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
                    Err(error) => {
                        failures += 1;
                        tracing::error!(worker = label, error = %error, failures, "a worker's step failed");
                        board.set(&label, Health::Failing(error.to_string()));
                        rest(&stop, backoff(failures));
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

/// 50 ms, 100 ms, 200 ms … up to 30 s.
fn backoff(failures: u32) -> Duration {
    Duration::from_millis(50_u64 << failures.saturating_sub(1).min(9)).min(Duration::from_secs(30))
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
