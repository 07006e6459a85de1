//! The watch: asks for all workers of the process whether there is work that no commit of their own told them of, and wakes them;
//! warns of subscribers that fall behind, tries again what a newer program understands.

use std::time::{Duration, Instant};

use super::{ROLE, queries, repair, store};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Standing};
use crate::platform::error::{AppError, AppResult};
use crate::platform::workers::{Progress, Workers};

/// How often it is asked, in one statement: for events of other processes, retries that are due, waiting runs and mails.
const LOOK: Duration = Duration::from_millis(250);

/// How often the watch makes its round.
const ROUND: Duration = Duration::from_secs(60);

/// Starts the watch over some subscribers.
pub(super) fn start(
    workers: &mut Workers,
    db: &Db,
    config: &Config,
    names: Vec<&'static str>,
) -> AppResult<()> {
    let (own_db, limit) = (db.clone(), config.lag_warning);
    let (conditions, mut standing) = (workers.conditions(), Standing::new(db));
    let (mut known, mut last_round) = (0, None::<Instant>);
    let look = move || {
        let outlook =
            standing.ask(|conn, now| store::look(conn, now, &names, &conditions.all()))?;
        if outlook.due || outlook.head > known {
            known = outlook.head;
            own_db.wake().notify();
        }
        if last_round.is_none_or(|last| last.elapsed() >= ROUND) {
            repair::revive_known(&own_db, &names)?;
            warn_of_lag(&own_db, limit)?;
            last_round = Some(Instant::now());
        }
        std::thread::park_timeout(LOOK);
        Ok(Progress::More)
    };
    workers
        .spawn("bus.watch", db.wake(), LOOK, look)
        .map_err(|error| AppError::internal(error.to_string()))
}

/// Says which subscribers are further behind than the limit, paused or not (E16).
fn warn_of_lag(db: &Db, limit: i64) -> AppResult<()> {
    let statuses = db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        queries::statuses(tx.conn())
    })?;
    for row in statuses.iter().filter(|row| row.lag() > limit) {
        tracing::warn!(
            subscriber = row.name,
            lag = row.lag(),
            limit,
            paused = row.paused,
            waiting_since = row.waiting_since.map(|since| since.to_rfc3339()),
            "a subscriber is behind"
        );
    }
    Ok(())
}
