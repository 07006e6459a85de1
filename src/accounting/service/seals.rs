//! Sealing: what a closed date holds is fixed by a digest that follows from its transfers and from the digest before.

use crate::accounting::store::{self, Seal};
use crate::platform::db::Tx;
use crate::platform::error::AppResult;

/// Seals the closed dates that have no seal yet, in order, as far as they reach, and writes each digest to the log, so that the head
/// of the chain is known outside the database too. Called in the transaction that closes a date, after it is closed.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn seal_days(tx: &mut Tx<'_>) -> AppResult<Vec<Seal>> {
    let mut seals = Vec::new();
    while let Some(seal) = seal_next_day(tx)? {
        seals.push(seal);
    }
    Ok(seals)
}

/// The same for one date, the first that has no seal.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn seal_next_day(tx: &mut Tx<'_>) -> AppResult<Option<Seal>> {
    let now = tx.now;
    let seal = store::seal_next_day(tx.conn(), now)?;
    if let Some(seal) = &seal {
        tracing::info!(
            business.date = %seal.business_date,
            transfers = seal.transfers,
            amount_minor = seal.amount.minor(),
            digest = %seal.digest,
            "the ledger of a business date was sealed"
        );
    }
    Ok(seal)
}
