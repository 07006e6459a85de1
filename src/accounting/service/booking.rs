//! Booking what happened to tasks: price once, charge each assignment, credit the completion.
//!
//! The subscriber and the sweep both come here, so that a notice that was lost is booked in the same way as one that arrived.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::accounting::model::{NewTransfer, Price, price};
use crate::accounting::store::{self, OpenLedger, Posted};
use crate::events::{self, Cause, TaskEstimated, TransferKind};
use crate::platform::clock::BusinessZone;
use crate::platform::config::{Config, PriceRange};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::faults;
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
/// A task is priced when it is first heard of, whatever the news: so an assignment that overtakes the creation does not have to
/// wait for it, and the end is the same in every order (E10).
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn book(
    tx: &mut Tx<'_>,
    terms: &Terms,
    work: &Work,
) -> AppResult<Vec<Posted>> {
    if work.all().next().is_none() {
        return Ok(Vec::new());
    }
    let ledger = OpenLedger::lock(tx, terms.zone)?;
    let prices = price_tasks(tx, terms, work)?;
    let fees = work
        .created
        .iter()
        .chain(&work.assigned)
        .filter(|_| !faults::plants("lost_fee"))
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

/// The prices of all tasks that anything happened to: those that have none get one, and that is told (M03).
fn price_tasks(tx: &mut Tx<'_>, terms: &Terms, work: &Work) -> AppResult<HashMap<TaskId, Price>> {
    let mut first: HashMap<TaskId, &Happened> = HashMap::new();
    let mut tasks = Vec::new();
    for happened in work.all() {
        if let Entry::Vacant(entry) = first.entry(happened.task) {
            entry.insert(happened);
            tasks.push(happened.task);
        }
    }
    let mut prices = store::list_prices(tx, &tasks)?;
    let unpriced: Vec<TaskId> = tasks
        .iter()
        .copied()
        .filter(|task| !prices.contains_key(task))
        .collect();
    if unpriced.is_empty() {
        return Ok(prices);
    }
    let drawn: Vec<(TaskId, Price)> = unpriced
        .iter()
        .map(|task| (*task, draw_price(tx, terms)))
        .collect();
    let fresh = store::insert_prices(tx, &drawn)?;
    for task in unpriced.iter().filter(|task| fresh.contains_key(task)) {
        let id = tx.new_id();
        let event = TaskEstimated {
            fee_minor: fresh[task].fee,
            reward_minor: fresh[task].reward,
        };
        events::publish_as(tx, id, *task, first[task].cause.as_ref(), &event)?;
    }
    if fresh.len() < unpriced.len() {
        // Somebody else priced them in the meantime: theirs holds.
        prices.extend(store::list_prices(tx, &unpriced)?);
    }
    prices.extend(fresh);
    Ok(prices)
}

fn draw_price(tx: &mut Tx<'_>, terms: &Terms) -> Price {
    let mut drawn = price(&mut tx.rng, terms.fee, terms.reward);
    if faults::plants("wild_price") {
        drawn.reward = drawn.reward + terms.reward.max;
    }
    drawn
}

fn amount(prices: &HashMap<TaskId, Price>, kind: TransferKind, task: TaskId) -> AppResult<Money> {
    let price = prices
        .get(&task)
        .ok_or_else(|| AppError::internal(format!("task {task} was not priced")))?;
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
        recorded_on: ledger.recorded_on(happened.recorded_at),
        business_date: ledger.date_for(happened.employee, happened.recorded_at),
        cause: happened.cause.clone(),
    }
}
