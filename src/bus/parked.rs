//! Parked items: what failed, and what waits behind it, key by key.
//!
//! The first failing item of a key is `retrying`, those behind it are `blocked`; other keys flow. When it succeeds, the next one
//! is due at once. After the last attempt it is `dead`, and its key stays blocked until a person decides.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::delivery::Delivery;
use super::store::{self, DueItem, NewParked, StoredEvent};
use super::subscriber::{Item, Subscriber};
use crate::events::{DecodeError, SchemaError};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::{faults, metrics};

/// The class of events in a version that this program does not know. They are dead, since trying again helps only in a newer
/// program; that one tries them again by itself.
pub(super) const UNKNOWN_VERSION: &str = "unknown_version";

/// The class of events at which the program ended more than once.
pub(super) const CRASHED: &str = "crashed";

/// Tries before an item is given up.
const MAX_ATTEMPTS: i32 = 20;

/// Tries before an item that panics is given up.
const MAX_PANICS: i32 = 3;

/// The pauses between tries: 1 s, 2 s, 4 s … up to a longest one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            longest: Duration::from_secs(300),
        }
    }
}

impl Retries {
    /// When an item that has failed so often is tried next; none when it is given up.
    pub(super) fn next(
        self,
        failure: &Failure,
        attempts: i32,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let limit = if failure.class == "panic" {
            MAX_PANICS
        } else {
            MAX_ATTEMPTS
        };
        if failure.permanent || attempts >= limit {
            return None;
        }
        let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(20);
        Some(now + Duration::from_secs(1 << exponent).min(self.longest))
    }
}

/// Why an item failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    class: &'static str,
    text: String,
    permanent: bool,
}

impl Failure {
    /// One that took the program with it: tried once more after a minute, in case it was killed for another reason.
    pub(super) fn crash() -> Self {
        Self {
            class: CRASHED,
            text: "the program ended at this event three times".into(),
            permanent: false,
        }
    }

    /// The word of a target outside that has trouble with an event.
    pub(super) fn trouble(text: String) -> Self {
        Self {
            class: "trouble",
            text,
            permanent: false,
        }
    }

    /// The word of a target outside that will not take an event.
    pub(super) fn refusal(text: String) -> Self {
        Self {
            class: "refused",
            text,
            permanent: true,
        }
    }

    /// Its class and what it says.
    pub(super) fn words(&self) -> (&str, &str) {
        (self.class, &self.text)
    }

    /// The same, for good.
    pub(super) fn last_crash() -> Self {
        Self {
            permanent: true,
            ..Self::crash()
        }
    }
}

impl From<&AppError> for Failure {
    fn from(error: &AppError) -> Self {
        let class = match error {
            AppError::Invalid(_) => "invalid",
            AppError::Conflict(_) => "conflict",
            AppError::NotFound => "not_found",
            error if error.is_panic() => "panic",
            _ => "internal",
        };
        Self {
            class,
            text: error.to_string(),
            permanent: matches!(error, AppError::Invalid(_)),
        }
    }
}

impl From<&DecodeError> for Failure {
    fn from(error: &DecodeError) -> Self {
        let class = match error {
            DecodeError::Schema(SchemaError::Unknown { .. }) => UNKNOWN_VERSION,
            _ => "undecodable",
        };
        Self {
            class,
            text: error.to_string(),
            permanent: true,
        }
    }
}

/// Works off the retries that are due, so many at most; tells whether one succeeded, so that the next of its key is due now.
pub(super) fn retry_due(
    tx: &mut Tx<'_>,
    delivery: &mut Delivery<'_>,
    limit: i64,
) -> AppResult<bool> {
    let (name, now) = (delivery.subscriber.name(), tx.now);
    let mut succeeded = false;
    for due in store::list_due(tx.conn(), name, now, limit)? {
        match retry(tx, delivery, &due) {
            Ok(()) => {
                faults::point("parked.before_done");
                store::resolve(tx.conn(), name, due.item_id, now)?;
                faults::point("parked.before_unblock");
                store::unblock_next(tx.conn(), name, due.sequence_key, now)?;
                succeeded = true;
            }
            Err(Retried::Not(error)) => return Err(error),
            Err(Retried::Failed(failure)) => {
                fail_again(tx, name, &due, &failure, delivery.retries)?;
                delivery.last_failure = Some(failure.text);
            }
        }
    }
    Ok(succeeded)
}

/// Why a retry did not succeed.
enum Retried {
    /// The database could not do it now; nobody is to blame.
    Not(AppError),
    /// It failed again.
    Failed(Failure),
}

impl From<AppError> for Retried {
    fn from(error: AppError) -> Self {
        if error.is_transient() {
            Self::Not(error)
        } else {
            Self::Failed(Failure::from(&error))
        }
    }
}

fn retry(tx: &mut Tx<'_>, delivery: &mut Delivery<'_>, due: &DueItem) -> Result<(), Retried> {
    let event = store::get_event(tx.conn(), due.seq)?;
    let items = event
        .items()
        .map_err(|error| Retried::Failed(Failure::from(&error)))?;
    let one = items.iter().find(|item| item.item_id == due.item_id);
    match one {
        Some(item) => Ok(delivery.apply(tx, std::slice::from_ref(item))?),
        // The whole of a batch that could not be understood: its items are told apart now, and each goes its way.
        None if due.item_id == due.event_id => Ok(delivery.page(tx, items)?),
        None => Err(AppError::internal("the event has no such item any more").into()),
    }
}

/// Notes that an item failed again.
pub(super) fn fail_again(
    tx: &mut Tx<'_>,
    subscriber: &str,
    due: &DueItem,
    failure: &Failure,
    retries: Retries,
) -> AppResult<()> {
    metrics::retry(subscriber, failure.class);
    let (now, attempts) = (tx.now, due.attempts + 1);
    let next = retries.next(failure, attempts, now);
    if next.is_none() {
        tracing::error!(
            subscriber,
            event.id = %due.event_id,
            event.seq = due.seq,
            error = failure.text,
            "an event is dead"
        );
    }
    let (item, class, text) = (due.item_id, failure.class, &failure.text);
    store::update_failed(
        tx.conn(),
        subscriber,
        item,
        attempts,
        next,
        class,
        text,
        now,
    )
}

/// Parks an item that failed.
pub(super) fn park_failed(
    tx: &mut Tx<'_>,
    delivery: &mut Delivery<'_>,
    item: &Item,
    failure: &Failure,
) -> AppResult<()> {
    let subscriber = delivery.subscriber;
    metrics::retry(subscriber.name(), failure.class);
    tracing::warn!(
        subscriber = subscriber.name(),
        event.id = %item.cause.event_id,
        event.seq = item.seq,
        error = failure.text,
        "an event failed and is parked"
    );
    let now = tx.now;
    let next = if failure.class == CRASHED {
        Some(now + Duration::from_secs(60).min(delivery.retries.longest))
    } else {
        delivery.retries.next(failure, 1, now)
    };
    let row = NewParked {
        state: if next.is_some() { "retrying" } else { "dead" },
        attempts: 1,
        next_attempt_at: next,
        error: Some((failure.class, &failure.text)),
        ..row_of(subscriber, item)
    };
    faults::point("parked.while_parking");
    store::insert_parked(tx.conn(), &[row], now)?;
    delivery.failed += 1;
    delivery.last_failure = Some(failure.text.clone());
    Ok(())
}

/// Parks items that wait behind another one of their key.
pub(super) fn park_blocked<'a>(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    items: impl IntoIterator<Item = &'a Item>,
) -> AppResult<()> {
    let rows: Vec<NewParked<'_>> = items
        .into_iter()
        .map(|item| row_of(subscriber, item))
        .collect();
    let now = tx.now;
    store::insert_parked(tx.conn(), &rows, now)
}

fn row_of(subscriber: &dyn Subscriber, item: &Item) -> NewParked<'static> {
    NewParked {
        subscriber: subscriber.name(),
        item_id: item.item_id,
        event_id: item.cause.event_id.0,
        seq: item.seq,
        item_no: item.item_no,
        sequence_key: subscriber.key(item),
        state: "blocked",
        attempts: 0,
        next_attempt_at: None,
        error: None,
    }
}

/// Parks a whole event that cannot be understood: dead at once, under its subject.
pub(super) fn park_undecodable(
    tx: &mut Tx<'_>,
    delivery: &mut Delivery<'_>,
    event: &StoredEvent,
    error: &DecodeError,
) -> AppResult<()> {
    let (subscriber, failure) = (delivery.subscriber.name(), Failure::from(error));
    tracing::error!(
        subscriber,
        event.id = %event.event_id,
        event.seq = event.seq,
        error = failure.text,
        "an event cannot be understood and is dead"
    );
    let row = NewParked {
        subscriber,
        item_id: event.event_id,
        event_id: event.event_id,
        seq: event.seq,
        item_no: 0,
        sequence_key: event.subject_id,
        state: "dead",
        attempts: 1,
        next_attempt_at: None,
        error: Some((failure.class, &failure.text)),
    };
    let now = tx.now;
    store::insert_parked(tx.conn(), &[row], now)?;
    delivery.failed += 1;
    delivery.last_failure = Some(failure.text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::error::Panicked;

    fn pauses(error: &AppError, attempts: &[i32]) -> Vec<Option<i64>> {
        let (failure, now) = (Failure::from(error), DateTime::<Utc>::UNIX_EPOCH);
        attempts
            .iter()
            .map(|attempts| {
                let next = Retries::default().next(&failure, *attempts, now);
                next.map(|next| (next - now).num_seconds())
            })
            .collect()
    }

    #[test]
    fn retries_grow_from_a_second_to_five_minutes_and_end_after_twenty() {
        assert_eq!(
            pauses(&AppError::internal("x"), &[1, 2, 9, 19, 20]),
            [Some(1), Some(2), Some(256), Some(300), None]
        );
    }

    #[test]
    fn a_panic_is_tried_three_times_in_all() {
        let panic = AppError::Internal(Box::new(Panicked("x".into())));
        assert_eq!(pauses(&panic, &[1, 2, 3]), [Some(1), Some(2), None]);
    }

    #[test]
    fn bad_content_is_given_up_at_once() {
        assert_eq!(pauses(&AppError::Invalid(Vec::new()), &[1]), [None]);
    }
}
