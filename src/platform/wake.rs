//! Wake-up calls inside one process: only a hint, since every loop also polls.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A counter that loops wait on and commits bump.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    count: Mutex<u64>,
    changed: Condvar,
    /// The same for those who wait without a thread.
    told: watch::Sender<u64>,
}

impl Wake {
    /// Wakes every loop that waits.
    pub fn notify(&self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        self.0.told.send_replace(*count);
        drop(count);
        self.0.changed.notify_all();
    }

    /// The count so far: read it before looking for work, so that no call is lost.
    #[must_use]
    pub fn seen(&self) -> u64 {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count has moved past `seen`, or for `limit` at most.
    pub fn wait_past(&self, seen: u64, limit: Duration) {
        let guard = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.0
                .changed
                .wait_timeout_while(guard, limit, |count| *count <= seen),
        );
    }

    /// The calls for somebody who waits without a thread.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }
}
