//! Waiting for the log to grow, without a thread and without a connection: for readers outside that ask again and again.
//!
//! While anybody waits, one task of the process looks at the head of the log: at once when a commit of this process wakes it, and twice
//! a second for those of others. All who wait are told by it. They are bounded, and sent home together when the server stops.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::{ROLE, store};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};

/// How often the head is looked at when no commit of this process says that it has moved.
const LOOK: Duration = Duration::from_millis(500);

/// Between two looks, however many commits there are.
const REST: Duration = Duration::from_millis(20);

/// Seconds until somebody who was refused may try again.
const PATIENCE: u32 = 5;

/// The head of the log as those who wait see it; cheap to clone.
#[derive(Clone)]
pub struct Horizon(Arc<Inner>);

struct Inner {
    db: Db,
    places: Arc<Semaphore>,
    head: watch::Sender<i64>,
    stopped: watch::Sender<bool>,
    /// Whether the task is there.
    looked_at: Mutex<bool>,
}

/// A place among those who wait; it is free again when this goes.
pub struct Waiter {
    horizon: Horizon,
    head: watch::Receiver<i64>,
    stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Horizon {
    /// Room for `limit` waiters.
    #[must_use]
    pub fn new(db: &Db, limit: usize) -> Self {
        Self(Arc::new(Inner {
            db: db.clone(),
            places: Arc::new(Semaphore::new(limit)),
            head: watch::Sender::new(0),
            stopped: watch::Sender::new(false),
            looked_at: Mutex::new(false),
        }))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// 503 when all are taken.
    pub fn enter(&self) -> AppResult<Waiter> {
        let place = Arc::clone(&self.0.places)
            .try_acquire_owned()
            .map_err(|_| AppError::Unavailable {
                message: "error-feed-full".into(),
                retry_after: PATIENCE,
            })?;
        Ok(Waiter {
            horizon: self.clone(),
            head: self.0.head.subscribe(),
            stopped: self.0.stopped.subscribe(),
            _place: place,
        })
    }

    /// Sends everybody home, now and later.
    pub fn close(&self) {
        self.0.stopped.send_replace(true);
    }

    fn looked_at(&self) -> MutexGuard<'_, bool> {
        self.0
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that somebody looks.
    fn look(&self) {
        let mut looked_at = self.looked_at();
        if !*looked_at {
            *looked_at = true;
            tokio::spawn(self.clone().keep_looking());
        }
    }

    async fn keep_looking(self) {
        let mut commits = self.0.db.wake().subscribe();
        loop {
            commits.mark_unchanged();
            if let Ok(head) = self.0.db.read(ROLE, store::head).await {
                self.0.head.send_if_modified(|known| {
                    let moved = *known != head;
                    *known = head;
                    moved
                });
            }
            tokio::time::sleep(REST).await;
            drop(tokio::time::timeout(LOOK, commits.changed()).await);
            let mut looked_at = self.looked_at();
            if self.0.head.receiver_count() == 0 {
                *looked_at = false;
                return;
            }
        }
    }
}

impl Waiter {
    /// Waits until the log has grown past a number, for `limit` at most; tells whether it has.
    pub async fn wait_past(&mut self, seq: i64, limit: Duration) -> bool {
        self.horizon.look();
        let deadline = Instant::now() + limit;
        tokio::select! {
            moved = timeout_at(deadline, self.head.wait_for(|head| *head > seq)) => matches!(moved, Ok(Ok(_))),
            _ = self.stopped.wait_for(|stopped| *stopped) => false,
        }
    }

    /// Whether the server stops.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        *self.stopped.borrow()
    }
}
