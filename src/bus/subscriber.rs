//! What a module hands in to be told of events.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::events::{Cause, Fact};
use crate::platform::db::{DbRole, Tx};
use crate::platform::error::AppResult;

/// A fact on its way to a subscriber.
#[derive(Clone, Debug)]
pub struct Item {
    /// The id of the fact: that of its event, or derived from it for one item of a batch.
    pub item_id: Uuid,
    /// The number of its event in the log.
    pub seq: i64,
    /// Its place in the event.
    pub item_no: i32,
    /// What it is about.
    pub subject: Uuid,
    /// When its event was recorded; grows with `seq`.
    pub recorded_at: DateTime<Utc>,
    /// The event itself, as the cause of whatever follows.
    pub cause: Cause,
    /// What happened.
    pub fact: Fact,
}

/// Where a new subscriber begins; there is no default on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first event ever.
    Beginning,
    /// At what comes next.
    Head,
    /// Behind this number of the log.
    Seq(i64),
}

/// A module's listener. Its effects are database writes through the given unit of work, nothing else.
///
/// A page of items is handled as a set. An error undoes the page; the bus then finds the culprit, parks it with those of its key
/// behind it, and goes on with all others. Errors: `Invalid` parks for good, transient ones blame nobody, all others are retried.
pub trait Subscriber: Send + 'static {
    /// Its name, `module.effect`; also the name of its cursor.
    fn name(&self) -> &'static str;

    /// The database role that its effects are written under.
    fn role(&self) -> DbRole;

    /// The types of events it takes.
    fn types(&self) -> &'static [&'static str];

    /// Where it begins when it is new.
    fn start(&self) -> Start;

    /// What must stay in order: items of one key are never reordered, keys do not wait for one another.
    fn key(&self, item: &Item) -> Uuid {
        item.subject
    }

    /// Whether a lost event of it is lost money: then it is skipped only together with a correcting transfer.
    fn money(&self) -> bool {
        false
    }

    /// Whether an item that comes twice changes nothing the second time, so that the cursor may be set back.
    fn repeatable(&self) -> bool {
        false
    }

    /// Whether all that it keeps can be thrown away and built again from the log; see [`Subscriber::clear`].
    fn rebuildable(&self) -> bool {
        false
    }

    /// Removes all that it keeps. Rows are deleted, not truncated, so that readers keep seeing them until the commit.
    ///
    /// # Errors
    /// Those of the database.
    fn clear(&self, _tx: &mut Tx<'_>) -> AppResult<()> {
        Ok(())
    }

    /// Applies the items, in order.
    ///
    /// # Errors
    /// See above.
    fn handle(&self, tx: &mut Tx<'_>, items: &[Item]) -> AppResult<()>;
}
