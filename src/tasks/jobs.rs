//! The worker that works off the presses of the shuffle.

use super::{ROLE, service};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin};
use crate::platform::error::AppResult;
use crate::platform::workers::Progress;

/// The condition in SQL under which [`shuffle_step`] has work.
pub const SHUFFLE_WAITS: &str = super::store::RUN_WAITS;

/// Tasks in a chunk at most while people append to the log, whom a chunk holds up, and the booking of its event does again.
const TASKS_BESIDE_PEOPLE: i64 = 250;

/// Does one chunk of the oldest run in a transaction of its own; idle when no run waits. After a crash the run goes on where it
/// stopped.
///
/// # Errors
/// Those of the database; then the chunk did not happen.
pub fn shuffle_step(db: &Db, config: &Config) -> AppResult<Progress> {
    let size = if db.people_append() {
        config.shuffle_chunk.min(TASKS_BESIDE_PEOPLE)
    } else {
        config.shuffle_chunk
    };
    db.transaction_by_keys_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        service::run_shuffle_chunk(tx, size)
    })
}
