//! Parked items: what failed, and what waits behind it, key by key.
//!
//! The first failing item of a key is `retrying`, those behind it are `blocked`; other keys flow. When it succeeds, the next one
//! is due at once. After the last attempt it is `dead`, and its key stays blocked until a person decides.

use std::time::Duration;

use super::dispatch::{apply, items_of};
use super::store::{self, NewParked, StoredEvent};
use super::subscriber::{Item, Subscriber};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// Tries before an item is given up.
const MAX_ATTEMPTS: i32 = 20;

/// Retries worked off in one step at most.
const DUE_LIMIT: i64 = 20;

/// Why an item failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    class: &'static str,
    text: String,
    permanent: bool,
}

impl Failure {
    pub(super) fn permanent(class: &'static str, text: String) -> Self {
        Self {
            class,
            text,
            permanent: true,
        }
    }
}

impl From<&AppError> for Failure {
    fn from(error: &AppError) -> Self {
        let class = match error {
            AppError::Invalid(_) => "invalid",
            AppError::Conflict(_) => "conflict",
            AppError::NotFound => "not_found",
            _ => "internal",
        };
        Self {
            class,
            text: error.to_string(),
            permanent: matches!(error, AppError::Invalid(_)),
        }
    }
}

/// Works off the retries that are due; tells whether one succeeded, so that the next of its key is due now.
pub(super) fn retry_due(tx: &mut Tx<'_>, subscriber: &dyn Subscriber) -> AppResult<bool> {
    let now = tx.now;
    let mut succeeded = false;
    for due in store::list_due(tx.conn(), subscriber.name(), now, DUE_LIMIT)? {
        let event = store::get_event(tx.conn(), due.seq)?;
        let outcome = match items_of(&event) {
            Ok(items) => match items.iter().find(|item| item.item_no == due.item_no) {
                Some(item) => apply(tx, subscriber, std::slice::from_ref(item)),
                None => Err(AppError::internal("the event has no such item any more")),
            },
            Err(failure) => Err(AppError::internal(failure.text)),
        };
        match outcome {
            Ok(()) => {
                store::resolve(tx.conn(), subscriber.name(), due.item_id, now)?;
                store::unblock_next(tx.conn(), subscriber.name(), due.sequence_key, now)?;
                succeeded = true;
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                let failure = Failure::from(&error);
                let attempts = due.attempts + 1;
                let next = next_attempt(&failure, attempts).map(|pause| now + pause);
                if next.is_none() {
                    tracing::error!(
                        subscriber = subscriber.name(),
                        event.seq = due.seq,
                        error = failure.text,
                        "an event is dead"
                    );
                }
                store::update_failed(
                    tx.conn(),
                    subscriber.name(),
                    due.item_id,
                    attempts,
                    next,
                    failure.class,
                    &failure.text,
                    now,
                )?;
            }
        }
    }
    Ok(succeeded)
}

pub(super) fn park_failed(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    item: &Item,
    failure: &Failure,
) -> AppResult<()> {
    tracing::warn!(
        subscriber = subscriber.name(),
        event.id = %item.cause.event_id,
        event.seq = item.seq,
        error = failure.text,
        "an event failed and is parked"
    );
    let next = next_attempt(failure, 1).map(|pause| tx.now + pause);
    let row = NewParked {
        subscriber: subscriber.name(),
        item_id: item.item_id,
        event_id: item.cause.event_id.0,
        seq: item.seq,
        item_no: item.item_no,
        sequence_key: subscriber.key(item),
        state: if next.is_some() { "retrying" } else { "dead" },
        attempts: 1,
        next_attempt_at: next,
        error: Some((failure.class, &failure.text)),
    };
    let now = tx.now;
    store::insert_parked(tx.conn(), &row, now)
}

pub(super) fn park_blocked(
    tx: &mut Tx<'_>,
    subscriber: &dyn Subscriber,
    item: &Item,
) -> AppResult<()> {
    let row = NewParked {
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
    };
    let now = tx.now;
    store::insert_parked(tx.conn(), &row, now)
}

/// Parks a whole event that cannot be understood: dead at once, under its subject.
pub(super) fn park_undecodable(
    tx: &mut Tx<'_>,
    subscriber: &'static str,
    event: &StoredEvent,
    failure: &Failure,
) -> AppResult<()> {
    tracing::error!(subscriber, event.id = %event.event_id, event.seq = event.seq, error = failure.text, "an event cannot be understood");
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
    store::insert_parked(tx.conn(), &row, now)
}

/// The pause before the next attempt: 1 s, 2 s, 4 s … 5 min; none when the item is given up.
fn next_attempt(failure: &Failure, attempts: i32) -> Option<Duration> {
    if failure.permanent || attempts >= MAX_ATTEMPTS {
        return None;
    }
    let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(9);
    Some(Duration::from_secs((1 << exponent).min(300)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_grow_from_a_second_to_five_minutes_and_end_after_twenty() {
        let failure = Failure::from(&AppError::internal("x"));
        let pause = |attempts| next_attempt(&failure, attempts).map(|pause| pause.as_secs());
        assert_eq!(
            [pause(1), pause(2), pause(9), pause(19), pause(20)],
            [Some(1), Some(2), Some(256), Some(300), None]
        );
    }

    #[test]
    fn bad_content_is_given_up_at_once() {
        assert!(next_attempt(&Failure::from(&AppError::Invalid(Vec::new())), 1).is_none());
    }
}
