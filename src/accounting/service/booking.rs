//! Booking what happened to tasks: price once, charge each assignment, credit the completion.
//!
//! The subscriber and the sweep both come here, so that a notice that was lost is booked in the same way as one that arrived.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::accounting::model::{NewTransfer, Price, price};
use crate::accounting::store::{self, OpenLedger, Posted};
use crate::events::{self, Cause, TaskEstimated, TransferKind};
use crate::platform::clock::BusinessZone;
use crate::platform::config::{Config, PriceRange};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;

/// What prices are drawn from, and the zone of the business dates.
#[derive(Clone, Copy, Debug)]
pub(in crate::accounting) struct Terms {
    /// The zone.
    pub zone: BusinessZone,
    fee: PriceRange,
    reward: PriceRange,
}

impl Terms {
    /// The terms of the configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            zone: config.zone,
            fee: config.fee,
            reward: config.reward,
        }
    }
}

/// Something that happened to a task and moves an account.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct Happened {
    /// The task.
    pub task: TaskId,
    /// Whose account it moves.
    pub employee: UserId,
    /// The number of the assignment; none for completions.
    pub assignment_seq: Option<i32>,
    /// The event that is the transfer's reason.
    pub reason_event_id: Uuid,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The event that tells of it, if one does.
    pub cause: Option<Cause>,
}

/// What there is to book, in order of time within each kind.
#[derive(Clone, Debug, Default)]
pub(in crate::accounting) struct Work {
    /// First assignments of tasks that may have no price yet.
    pub created: Vec<Happened>,
    /// Later assignments.
    pub assigned: Vec<Happened>,
    /// Completions.
    pub completed: Vec<Happened>,
}

impl Work {
    fn all(&self) -> impl Iterator<Item = &Happened> {
        self.created
            .iter()
            .chain(&self.assigned)
            .chain(&self.completed)
    }
}

/// Books it all: prices first, then fees, then rewards (M01 to M08, M14). What is booked already is left as it is (M40).
///
/// # Errors
/// Conflict when a task has no price yet: its creation has not been heard of, so this is tried again later (E10).
pub(in crate::accounting) fn book(
    tx: &mut Tx<'_>,
    terms: &Terms,
    work: &Work,
) -> AppResult<Vec<Posted>> {
    if work.all().next().is_none() {
        return Ok(Vec::new());
    }
    let ledger = OpenLedger::lock(tx, terms.zone)?;
    price_tasks(tx, terms, &work.created)?;
    let mut tasks: Vec<TaskId> = work.all().map(|happened| happened.task).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let prices = store::list_prices(tx, &tasks)?;
    let fees = work
        .created
        .iter()
        .chain(&work.assigned)
        .map(|happened| (TransferKind::AssignmentFee, happened));
    let rewards = work
        .completed
        .iter()
        .map(|happened| (TransferKind::CompletionReward, happened));
    let transfers = fees
        .chain(rewards)
        .map(|(kind, happened)| {
            Ok(transfer(
                &ledger,
                kind,
                happened,
                amount(&prices, kind, happened.task)?,
            ))
        })
        .collect::<AppResult<Vec<_>>>()?;
    ledger.post(tx, transfers)
}

/// Prices the tasks that have no price, and tells of those it priced (M03).
fn price_tasks(tx: &mut Tx<'_>, terms: &Terms, created: &[Happened]) -> AppResult<()> {
    if created.is_empty() {
        return Ok(());
    }
    let drawn: Vec<(TaskId, Price)> = created
        .iter()
        .map(|happened| (happened.task, price(&mut tx.rng, terms.fee, terms.reward)))
        .collect();
    let mut fresh = store::insert_prices(tx, &drawn)?;
    for happened in created {
        if let Some(price) = fresh.remove(&happened.task) {
            let id = tx.new_id();
            let event = TaskEstimated {
                fee_minor: price.fee,
                reward_minor: price.reward,
            };
            events::publish_as(tx, id, happened.task, happened.cause.as_ref(), &event)?;
        }
    }
    Ok(())
}

fn amount(prices: &HashMap<TaskId, Price>, kind: TransferKind, task: TaskId) -> AppResult<Money> {
    let price = prices
        .get(&task)
        .ok_or_else(|| AppError::conflict("error-task-unpriced"))?;
    Ok(if kind == TransferKind::AssignmentFee {
        -price.fee
    } else {
        price.reward
    })
}

fn transfer(
    ledger: &OpenLedger,
    kind: TransferKind,
    happened: &Happened,
    amount: Money,
) -> NewTransfer {
    NewTransfer {
        kind,
        employee: happened.employee,
        task: Some(happened.task),
        assignment_seq: happened.assignment_seq,
        reason_event_id: happened.reason_event_id,
        amount,
        business_date: ledger.date_of(happened.recorded_at),
        cause: happened.cause.clone(),
    }
}
