//! Handing items to a subscriber: as a set, and if that fails, in halves until the culprit is alone.

use std::collections::HashSet;

use uuid::Uuid;

use super::parked::{self, Failure, Retries};
use super::store;
use super::subscriber::{Item, Subscriber};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::faults;

/// Savepoints in one step at most, while the page can still be made smaller: more of them slow the whole server down.
const MAX_SAVEPOINTS: u32 = 32;

/// The step is undone and taken again with a smaller page.
pub(super) const TOO_MANY_FAILURES: &str = "bus-too-many-failures";

/// What a step does to a subscriber, and how that went.
pub(super) struct Delivery<'s> {
    pub subscriber: &'s dyn Subscriber,
    pub retries: Retries,
    /// Up to where items that were skipped have to be looked for.
    pub rewound_until: i64,
    savepoints: u32,
    /// Items that were applied.
    pub applied: usize,
    /// Items that failed for the first time.
    pub failed: usize,
    /// What the last failure said.
    pub last_failure: Option<String>,
}

impl<'s> Delivery<'s> {
    /// A delivery; `bounded` if the page can still be made smaller.
    pub(super) fn new(subscriber: &'s dyn Subscriber, retries: Retries, bounded: bool) -> Self {
        Self {
            subscriber,
            retries,
            rewound_until: 0,
            savepoints: if bounded { MAX_SAVEPOINTS } else { u32::MAX },
            applied: 0,
            failed: 0,
            last_failure: None,
        }
    }

    /// Delivers a page in order; items behind a parked one of their key are parked too.
    pub(super) fn page(&mut self, tx: &mut Tx<'_>, mut items: Vec<Item>) -> AppResult<()> {
        if items
            .first()
            .is_some_and(|item| item.seq <= self.rewound_until)
        {
            let ids: Vec<Uuid> = items.iter().map(|item| item.item_id).collect();
            let skipped = store::skipped_items(tx.conn(), self.subscriber.name(), &ids)?;
            items.retain(|item| !skipped.contains(&item.item_id));
        }
        if items.is_empty() {
            return Ok(());
        }
        let mut held = self.held(tx, &items)?;
        self.deliver(tx, &items, &mut held)
    }

    /// Parks all items of a page without trying them.
    pub(super) fn refuse(
        &mut self,
        tx: &mut Tx<'_>,
        items: &[Item],
        failure: &Failure,
    ) -> AppResult<()> {
        let mut held = self.held(tx, items)?;
        let mut blocked = Vec::new();
        for item in items {
            if held.insert(self.subscriber.key(item)) {
                parked::park_failed(tx, self, item, failure)?;
            } else {
                blocked.push(item);
            }
        }
        parked::park_blocked(tx, self.subscriber, blocked)
    }

    fn held(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<HashSet<Uuid>> {
        if faults::plants("skip_blocked") {
            return Ok(HashSet::new());
        }
        let keys: Vec<Uuid> = items.iter().map(|item| self.subscriber.key(item)).collect();
        store::held_keys(tx.conn(), self.subscriber.name(), &keys)
    }

    fn deliver(
        &mut self,
        tx: &mut Tx<'_>,
        items: &[Item],
        held: &mut HashSet<Uuid>,
    ) -> AppResult<()> {
        let (blocked, free): (Vec<Item>, Vec<Item>) = items
            .iter()
            .cloned()
            .partition(|item| held.contains(&self.subscriber.key(item)));
        parked::park_blocked(tx, self.subscriber, &blocked)?;
        if free.is_empty() {
            return Ok(());
        }
        self.savepoints = self
            .savepoints
            .checked_sub(1)
            .ok_or_else(|| AppError::conflict(TOO_MANY_FAILURES))?;
        match self.apply(tx, &free) {
            Ok(()) => Ok(()),
            Err(error) if error.is_transient() => Err(error),
            Err(error) if free.len() == 1 => {
                if !faults::plants("skip_blocked") {
                    held.insert(self.subscriber.key(&free[0]));
                }
                parked::park_failed(tx, self, &free[0], &Failure::from(&error))
            }
            Err(_) => {
                let (left, right) = free.split_at(free.len() / 2);
                self.deliver(tx, left, held)?;
                self.deliver(tx, right, held)
            }
        }
    }

    /// Applies items in a savepoint, under the subscriber's role.
    pub(super) fn apply(&mut self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()> {
        tx.savepoint(|tx| {
            tx.with_role(self.subscriber.role(), |tx| {
                faults::point("subscriber.before_effects");
                faults::kill_at(items.iter().map(|item| item.subject));
                self.subscriber.handle(tx, items)?;
                faults::handler()
            })
        })?;
        self.applied += items.len();
        Ok(())
    }
}
