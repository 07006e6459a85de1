//! One look at every step.

use chrono::{DateTime, NaiveDate, Utc};

use super::plan::{PLAN, Step};
use super::store;
use crate::operations::ROLE;
use crate::platform::clock::{next_day, previous_day};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::AppResult;

/// Looks for steps that did not follow in time, raises an alert for each, and clears the alerts of those that did after all (R16).
///
/// # Errors
/// Those of the database.
pub fn watch(db: &Db, config: &Config) -> AppResult<()> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        if !store::try_lock(tx.conn())? {
            return Ok(());
        }
        let unpassed = store::list_unpassed(tx.conn())?;
        for step in PLAN {
            let passed = unpassed.get(step.waits_for).copied();
            look(tx, config, step, passed)?;
        }
        Ok(())
    })
}

fn look(
    tx: &mut Tx<'_>,
    config: &Config,
    step: &Step,
    passed: Option<DateTime<Utc>>,
) -> AppResult<()> {
    let now = tx.now;
    for done in store::clear(tx.conn(), step, now)? {
        tracing::info!(
            scenario = step.scenario,
            step = step.step,
            subject = done.subject,
            "a late step was done"
        );
    }
    if step.needs_mail && config.smtp_url.is_none() {
        return Ok(());
    }
    let until = passed.map_or(now, |passed| passed.min(now)) - config.scenario_limit;
    let due = due_date(config, now);
    for missing in store::raise(tx.conn(), step, until, due, now)? {
        tracing::error!(
            scenario = step.scenario,
            step = step.step,
            subject = missing.subject,
            since = %missing.since,
            "a planned step did not follow"
        );
    }
    Ok(())
}

/// The last date whose settlement should be done by now: it was due before the limit.
fn due_date(config: &Config, now: DateTime<Utc>) -> Option<NaiveDate> {
    let zone = config.zone;
    let late = now - config.scenario_limit;
    let due = |date: NaiveDate| {
        zone.end_of(date)
            .max(zone.instant_of(next_day(date), config.payout_at))
    };
    let yesterday = previous_day(zone.date_of(late));
    [yesterday, previous_day(yesterday)]
        .into_iter()
        .find(|date| due(*date) <= late)
}
