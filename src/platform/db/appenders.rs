//! Whether people append to the log beside the workers. The log's lock is held from an append to its commit, so a worker that has
//! much to append does it in smaller pieces while somebody clicks.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::Lane;

/// For how long somebody counts as being there after they appended something.
const A_WHILE: TimeDelta = TimeDelta::seconds(1);

/// When a request of this process last appended something.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<Option<DateTime<Utc>>>);

impl People {
    /// Notes that something was appended.
    pub(super) fn note(&self, lane: Lane, now: DateTime<Utc>) {
        if matches!(lane, Lane::Web)
            && let Ok(mut last) = self.0.lock()
        {
            *last = Some(now);
        }
    }

    /// Whether somebody appended something lately.
    pub(super) fn are_there(&self, now: DateTime<Utc>) -> bool {
        self.0
            .lock()
            .is_ok_and(|last| last.is_some_and(|last| now - last < A_WHILE))
    }
}
