//! Held accounts: whose they are, and their settlement when nothing is waited for any more.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{LEDGER, accounts};
use crate::accounting::store::{self, OpenLedger, WaitsFor};
use crate::bus;
use crate::events::Fact;
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::workers::Progress;

/// Whose accounts wait for repair of something up to a number of the log, each with the first item that it waits for. What waits
/// behind another item of its key is parked itself, and so counted. None when there is an item of which nobody can say whose it is.
pub(super) fn who_waits(tx: &mut Tx<'_>, cutoff: i64) -> AppResult<Option<WaitsFor>> {
    let mut waiting = WaitsFor::new();
    for parked in bus::list_unresolved(tx.conn(), LEDGER, cutoff)? {
        let Some(item) = parked.item else {
            return Ok(None);
        };
        if let Some(account) = account_of(&item.fact, item.subject) {
            waiting.entry(account).or_insert(parked.item_id);
        }
    }
    Ok(Some(waiting))
}

/// Whose account a fact about `subject` moves, or whose record it is.
fn account_of(fact: &Fact, subject: Uuid) -> Option<Uuid> {
    match fact {
        Fact::Account(_) | Fact::AccountDeleted(_) => Some(subject),
        Fact::TaskCreated(task) => Some(task.assignee.0),
        Fact::TaskAssigned { to, .. } => Some(to.0),
        Fact::TaskCompleted(task) => Some(task.assignee.0),
        Fact::TaskUpdated(_)
        | Fact::TaskEstimated(_)
        | Fact::TransferBooked(_)
        | Fact::PayoutBooked(_)
        | Fact::DayClosed(_) => None,
    }
}

/// Settles held accounts of a closing date that wait for nothing any more; so many at most as in a chunk.
///
/// # Errors
/// Those of the database.
pub(super) fn settle_free(
    tx: &mut Tx<'_>,
    config: &Config,
    date: NaiveDate,
) -> AppResult<Progress> {
    if free_accounts(tx, config, date)?.is_empty() {
        return Ok(Progress::Idle);
    }
    // Alone with the ledger: whoever books for one of them has finished, and nobody begins.
    store::lock_days(tx.conn())?;
    let ledger = OpenLedger::lock(tx, config.zone)?;
    let free = free_accounts(tx, config, date)?;
    let now = tx.now;
    store::release_accounts(tx.conn(), date, &free, now)?;
    accounts::settle(tx, config, &ledger, date, &free)?;
    tracing::info!(business.date = %date, accounts = free.len(), "held accounts were settled");
    Ok(Progress::More)
}

fn free_accounts(tx: &mut Tx<'_>, config: &Config, date: NaiveDate) -> AppResult<Vec<Uuid>> {
    if store::count_held(tx.conn(), date)? == 0 {
        return Ok(Vec::new());
    }
    let Some(cutoff) = store::find_day(tx.conn(), date)?.and_then(|day| day.cutoff_seq) else {
        return Ok(Vec::new());
    };
    match who_waits(tx, cutoff)? {
        Some(waiting) => store::list_free_accounts(tx.conn(), date, &waiting, config.payout_chunk),
        None => Ok(Vec::new()),
    }
}
