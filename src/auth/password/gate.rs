//! The gate in front of the hashing: memory and processors are bounded, and so is the queue (A49).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use rand::Rng;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::hash::{Verdict, hash_with, verify};
use super::rule::PASSWORD_MAX;
use crate::platform::config::TryLimit;
use crate::platform::error::{AppError, AppResult};
use crate::platform::metrics;

const QUEUE: usize = 64;
const WAIT: Duration = Duration::from_secs(2);

/// As many hashes at once as there are processors, at most 64 waiting, none for longer than two seconds; then 503. One for the
/// whole process; cheap to clone.
#[derive(Clone, Debug)]
pub struct PasswordGate(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    wait: Duration,
    limit: Option<TryLimit>,
}

impl Default for PasswordGate {
    fn default() -> Self {
        Self::limited_to(None)
    }
}

impl PasswordGate {
    /// A gate that lets one source try only so often (A39).
    #[must_use]
    pub fn limited_to(limit: Option<TryLimit>) -> Self {
        let permits = available_parallelism().map_or(1, usize::from);
        Self::new(permits, WAIT, limit)
    }

    fn new(permits: usize, wait: Duration, limit: Option<TryLimit>) -> Self {
        Self(Arc::new(Gate {
            permits: Arc::new(Semaphore::new(permits)),
            waiting: AtomicUsize::new(0),
            wait,
            limit,
        }))
    }

    /// How often one source may try a password; none when that is not limited.
    #[must_use]
    pub fn limit(&self) -> Option<TryLimit> {
        self.0.limit
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn hash(&self, password: String) -> AppResult<String> {
        self.pass(move || hash_password(&password)).await
    }

    /// Checks a password against a stored hash; takes as long when there is none. A password longer than any can be is wrong at
    /// once.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn verify(&self, password: String, stored: Option<String>) -> AppResult<Verdict> {
        if password.chars().count() > PASSWORD_MAX {
            return Ok(Verdict::Wrong);
        }
        self.pass(move || verify(&password, stored.as_deref(), salt()))
            .await
    }

    /// The permit goes into the blocking thread, so that a client that hangs up does not free it while the hash still runs.
    async fn pass<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        let place = Place::take(&self.0)?;
        let permit = timeout(self.0.wait, Arc::clone(&self.0.permits).acquire_owned()).await;
        drop(place);
        let Ok(Ok(permit)) = permit else {
            return Err(busy());
        };
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            metrics::password_hash();
            work()
        })
        .await
        .map_err(|error| AppError::internal(format!("the hashing thread ended: {error}")))?
    }
}

/// A place in the queue, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(gate: &'a Gate) -> AppResult<Self> {
        let place = Self(&gate.waiting);
        if gate.waiting.fetch_add(1, Ordering::SeqCst) >= QUEUE {
            return Err(busy());
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn busy() -> AppError {
    AppError::Unavailable {
        message: "error-log-in-busy".into(),
        retry_after: 2,
    }
}

/// The hash of a password under a fresh salt, at once: for commands and imports, which are nobody's request.
///
/// # Errors
/// Internal, when there is no memory.
pub fn hash_password(password: &str) -> AppResult<String> {
    hash_with(password, salt())
}

#[expect(
    clippy::disallowed_methods,
    reason = "hashing happens at the edge, before the unit of work is opened"
)]
fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a49_who_waits_too_long_or_too_far_behind_is_sent_away() {
        let gate = PasswordGate::new(0, Duration::from_millis(200), None);
        let impatient = gate.hash("x".repeat(20)).await;
        assert!(matches!(impatient, Err(AppError::Unavailable { .. })));
        assert_eq!(gate.0.waiting.load(Ordering::SeqCst), 0);

        let patient = PasswordGate::new(0, Duration::from_secs(3_600), None);
        patient.0.waiting.store(QUEUE, Ordering::SeqCst);
        let at_once = patient.hash("x".repeat(20));
        let refused = tokio::time::timeout(Duration::from_secs(60), at_once).await;
        assert!(matches!(refused, Ok(Err(AppError::Unavailable { .. }))));
    }

    #[tokio::test]
    async fn a49_a_password_longer_than_any_is_wrong_without_hashing() {
        let gate = PasswordGate::new(0, Duration::from_millis(20), None);
        let verdict = gate.verify("x".repeat(1_000_000), None).await;
        assert_eq!(verdict.ok(), Some(Verdict::Wrong));
    }
}
