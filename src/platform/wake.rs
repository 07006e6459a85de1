//! Wake-up calls between threads of one process: only a hint, since every loop also polls.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A counter that loops wait on and commits bump.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<(Mutex<u64>, Condvar)>);

impl Wake {
    /// Wakes every loop that waits.
    pub fn notify(&self) {
        let (count, changed) = &*self.0;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        changed.notify_all();
    }

    /// The count so far: read it before looking for work, so that no call is lost.
    #[must_use]
    pub fn seen(&self) -> u64 {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count has moved past `seen`, or for `limit` at most.
    pub fn wait_past(&self, seen: u64, limit: Duration) {
        let (count, changed) = &*self.0;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(guard, limit, |count| *count <= seen));
    }
}
