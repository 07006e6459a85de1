//! Whether people append to the log beside the workers. The log's lock is held from an append to its commit, so a worker that has
//! much to append does it in smaller pieces while somebody clicks.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Lane;

/// For how long somebody counts as being there after they appended something.
const A_WHILE: Duration = Duration::from_secs(1);

/// When a request of this process last appended something.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<Option<Instant>>);

impl People {
    /// Notes that something was appended.
    pub(super) fn note(&self, lane: Lane) {
        if matches!(lane, Lane::Web)
            && let Ok(mut last) = self.0.lock()
        {
            *last = Some(Instant::now());
        }
    }

    /// Whether somebody appended something lately.
    pub(super) fn are_there(&self) -> bool {
        self.0
            .lock()
            .is_ok_and(|last| last.is_some_and(|last| last.elapsed() < A_WHILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_workers_and_count_for_a_while() {
        let people = People::default();
        people.note(Lane::Worker);
        assert!(!people.are_there());
        people.note(Lane::Web);
        assert!(people.are_there());
        *people.0.lock().unwrap() = Instant::now().checked_sub(A_WHILE);
        assert!(!people.are_there());
    }
}
