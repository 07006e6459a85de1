//! Whether people append to the log beside the workers. The log's lock is held from an append to its commit, so a worker that has
//! much to append does it in smaller pieces while somebody clicks.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::Lane;

/// Within what time the next append is expected of those who are there, and for how long they count as being there after it.
const A_WHILE: TimeDelta = TimeDelta::seconds(1);

/// When requests of this process last appended something.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<Appends>);

#[derive(Debug, Default)]
struct Appends {
    last: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
}

impl People {
    /// Notes that something was appended.
    pub(super) fn note(&self, lane: Lane, now: DateTime<Utc>) {
        if matches!(lane, Lane::Web)
            && let Ok(mut appends) = self.0.lock()
        {
            appends.before = appends.last.replace(now);
        }
    }

    /// Whether people append one after another: two lately, and the last just now. A single append holds nobody up but whoever made
    /// it, and that one is over: the manager's log-in before a press is not a crowd.
    pub(super) fn are_there(&self, now: DateTime<Utc>) -> bool {
        self.0.lock().is_ok_and(|appends| {
            let (Some(before), Some(last)) = (appends.before, appends.last) else {
                return false;
            };
            last - before < A_WHILE && now - last < A_WHILE
        })
    }
}
