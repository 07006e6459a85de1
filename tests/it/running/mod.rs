//! The program as an operator runs it: under more load than it can bear, with clients that mean it ill, while it is restarted, and when its
//! database has to be restored.

mod clients;
mod drill;
mod files;
mod load;
mod migration;
mod overload;
pub mod pace;
mod restart;
mod soak;

use std::sync::atomic::{AtomicBool, Ordering};

/// Ends what the others do, also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
