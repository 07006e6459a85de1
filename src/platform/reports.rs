//! Answers of expensive reports, kept in the process for a few seconds (G07, decision 32).
//!
//! The person is a part of the key, so nobody is ever shown what was made for somebody else. Who has changed anything within the
//! time that answers are kept gets every report afresh: what a change does to a report comes by way of the bus and so a little
//! later than the change, and by then nothing that was read before it is kept any more. Another process hears nothing of a change
//! that was made in this one, and may show the same person what it has kept, for as long as it is kept.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use uuid::Uuid;

use super::db::Db;
use super::error::AppResult;
use super::metrics::{self, Looked};

/// Answers that are kept at most.
const KEPT: u64 = 1_000;

/// What a report answers.
pub trait Report: Send + Sync + 'static {
    /// Whether no part of it is missing; only such a one is kept.
    fn is_whole(&self) -> bool;
}

/// Whose answer it is, of which report, and to which question.
type Key = (Uuid, &'static str, String);

/// The answers that this process keeps; cheap to clone.
#[derive(Clone)]
pub struct Reports {
    kept: Cache<Key, Arc<dyn Any + Send + Sync>>,
    life: Duration,
}

impl Reports {
    /// None yet; each is kept for `life`, and none if that is zero.
    #[must_use]
    pub fn new(life: Duration) -> Self {
        Self {
            kept: Cache::builder()
                .max_capacity(KEPT)
                .time_to_live(life)
                .build(),
            life,
        }
    }

    /// The answer to `question` for somebody: the one that is kept, or what `read` finds. The caller has asked before whether they
    /// may see it.
    ///
    /// # Errors
    /// What `read` returns.
    pub async fn answer<T: Report>(
        &self,
        db: &Db,
        who: Uuid,
        report: &'static str,
        question: String,
        read: impl Future<Output = AppResult<T>>,
    ) -> AppResult<Arc<T>> {
        let keeps = !self.life.is_zero();
        let key = (who, report, question);
        if keeps && !db.has_changed_lately(who) {
            let kept = self.kept.get(&key).and_then(|kept| kept.downcast().ok());
            if let Some(kept) = kept {
                metrics::report(report, Looked::Kept);
                return Ok(kept);
            }
        }
        metrics::report(report, Looked::Read);
        let answer = Arc::new(read.await?);
        // A change that was made meanwhile may be missing in the answer.
        if keeps && answer.is_whole() && !db.has_changed_lately(who) {
            self.kept.insert(key, Arc::<T>::clone(&answer));
        }
        Ok(answer)
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers", self.kept.entry_count())
    }
}
