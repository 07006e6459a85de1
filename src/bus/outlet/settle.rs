//! What has become of the work of a step: written down in one transaction, if the cursor is still this process's own.

use std::time::Duration;

use super::Sent;
use super::claim::Claim;
use crate::bus::parked::{Failure, Retries};
use crate::bus::store::{self, NewParked, OutletState};
use crate::bus::tap::LoggedEvent;
use crate::bus::{ROLE, control};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::AppResult;
use crate::platform::metrics;

/// How often an event meets trouble before the others go on without it.
const STUCK: i32 = 5;

/// Writes down what became of a step's work, and lets go of the cursor. Tells whether there may be more to do at once.
pub(super) fn settle(
    db: &Db,
    claim: &Claim,
    answers: Vec<Option<Sent>>,
    retries: Retries,
) -> AppResult<bool> {
    db.transaction_even_stopped_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        let cursor = store::hold_cursor(tx.conn(), claim.name)?;
        let state = store::get_outlet(tx.conn(), claim.name, claim.holder)?;
        let (Some(cursor), Some(state)) = (cursor, state) else {
            tracing::warn!(
                consumer = claim.name,
                "it took too long: what was handed over is handed over again"
            );
            return Ok(false);
        };
        if cursor.position != claim.position {
            store::release_outlet(tx.conn(), claim.name, OutletState::default())?;
            return Ok(true);
        }
        let mut settling = Settling {
            tx,
            claim,
            retries,
            state,
            rests: false,
            failed: 0,
            upto: claim.position,
            applied: 0,
        };
        settling.go(answers)?;
        settling.close()
    })
}

/// A step that is being written down.
struct Settling<'a, 'c> {
    tx: &'a mut Tx<'c>,
    claim: &'a Claim,
    retries: Retries,
    state: OutletState,
    /// Whether the other side is left alone now.
    rests: bool,
    /// Events that failed for the first time.
    failed: usize,
    upto: i64,
    applied: usize,
}

impl Settling<'_, '_> {
    fn go(&mut self, answers: Vec<Option<Sent>>) -> AppResult<()> {
        let claim = self.claim;
        let (due, page) = (claim.due.len(), claim.page.len());
        let whole = answers.len() == due + page;
        let mut answers = answers.into_iter();
        for ((item, _), sent) in claim.due.iter().zip(answers.by_ref().take(due)) {
            self.retried(item, sent)?;
        }
        for (paged, sent) in claim.page.iter().zip(answers) {
            if !self.paged(&paged.event, sent)? {
                return Ok(());
            }
            self.upto = paged.event.envelope.seq;
        }
        if whole {
            self.upto = claim.upto;
        }
        Ok(())
    }

    /// A retry: it is done, or tried again later, or given up.
    fn retried(&mut self, item: &store::DueItem, sent: Option<Sent>) -> AppResult<()> {
        let (name, now) = (self.claim.name, self.tx.now);
        let failure = match sent {
            None => return Ok(()),
            Some(Sent::Taken) => {
                self.taken();
                store::resolve(self.tx.conn(), name, item.item_id, now)?;
                return store::unblock_next(self.tx.conn(), name, item.sequence_key, now);
            }
            Some(Sent::Away(reason)) => return self.rest(&reason),
            Some(Sent::Trouble(reason)) => Failure::trouble(reason),
            Some(Sent::Refused(reason)) => Failure::refusal(reason),
        };
        metrics::delivery(name, failure.words().0);
        crate::bus::parked::fail_again(self.tx, name, item, &failure, self.retries)
    }

    /// An event of the page; tells whether it is dealt with.
    fn paged(&mut self, event: &LoggedEvent, sent: Option<Sent>) -> AppResult<bool> {
        let seq = event.envelope.seq;
        match sent {
            None => self.park(event, None)?,
            Some(Sent::Taken) => self.taken(),
            Some(Sent::Away(reason)) => {
                self.rest(&reason)?;
                return Ok(false);
            }
            Some(Sent::Trouble(reason)) => {
                self.rest(&reason)?;
                let again = self.state.stuck_at == Some(seq);
                self.state.stuck_for = if again { self.state.stuck_for + 1 } else { 1 };
                self.state.stuck_at = Some(seq);
                if self.state.stuck_for < STUCK {
                    return Ok(false);
                }
                self.park(event, Some(Failure::trouble(reason)))?;
            }
            Some(Sent::Refused(reason)) => self.park(event, Some(Failure::refusal(reason)))?,
        }
        Ok(true)
    }

    fn taken(&mut self) {
        metrics::delivery(self.claim.name, "taken");
        self.applied += 1;
        self.state = OutletState::default();
        self.rests = false;
    }

    /// Leaves the other side alone for a while.
    fn rest(&mut self, reason: &str) -> AppResult<()> {
        let (name, now) = (self.claim.name, self.tx.now);
        metrics::delivery(name, "away");
        tracing::warn!(
            consumer = name,
            reason,
            failures = self.state.failures + 1,
            "a target takes no events now"
        );
        self.state.failures += 1;
        self.state.rests_until = Some(now + pause(self.state.failures, self.retries.longest));
        self.rests = true;
        store::note_error(self.tx.conn(), name, reason, now)
    }

    /// Parks an event: as a failure, or behind one.
    fn park(&mut self, event: &LoggedEvent, failure: Option<Failure>) -> AppResult<()> {
        let (name, now) = (self.claim.name, self.tx.now);
        let next = failure
            .as_ref()
            .and_then(|failure| self.retries.next(failure, 1, now));
        let row = NewParked {
            subscriber: name,
            item_id: event.envelope.event_id,
            event_id: event.envelope.event_id,
            seq: event.envelope.seq,
            item_no: 0,
            sequence_key: event.envelope.subject_id,
            state: match (&failure, next) {
                (None, _) => "blocked",
                (Some(_), Some(_)) => "retrying",
                (Some(_), None) => "dead",
            },
            attempts: i32::from(failure.is_some()),
            next_attempt_at: next,
            error: failure.as_ref().map(Failure::words),
        };
        store::insert_parked(self.tx.conn(), &[row], now)?;
        if let Some(failure) = failure {
            let (class, text) = failure.words();
            metrics::delivery(name, class);
            metrics::retry(name, class);
            tracing::warn!(consumer = name, event.id = %event.envelope.event_id, event.seq = event.envelope.seq, error = text, "an event was not taken and is parked");
            self.failed += 1;
            store::note_error(self.tx.conn(), name, text, now)?;
        }
        Ok(())
    }

    fn close(self) -> AppResult<bool> {
        let Self {
            tx,
            claim,
            state,
            rests,
            failed,
            upto,
            applied,
            ..
        } = self;
        let now = tx.now;
        // What was parked behind a retry that has succeeded meanwhile waits for nothing.
        if !claim.due.is_empty() {
            store::unblock_heads(tx.conn(), claim.name, now)?;
        }
        if upto > claim.position || applied > 0 {
            store::advance(tx.conn(), claim.name, upto, applied, now)?;
        }
        store::release_outlet(tx.conn(), claim.name, state)?;
        if failed > 0 {
            control::trip_breaker(tx, claim.name)?;
        }
        Ok(!rests)
    }
}

/// How long the other side is left alone after so many failures: 1 s, 2 s, 4 s … up to the longest pause.
fn pause(failures: i32, longest: Duration) -> Duration {
    let exponent = u32::try_from(failures - 1).unwrap_or_default().min(20);
    Duration::from_secs(1 << exponent).min(longest)
}
