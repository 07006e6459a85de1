//! What a person decides about parked items: try again, or do without.
//!
//! Both lock the cursors of the subscribers concerned first, so that no step is between looking at an item and settling it.

use diesel::sql_types::{Array, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::{Value, json};
use uuid::Uuid;

use super::parked::UNKNOWN_VERSION;
use super::queries::{self, ParkedFilter, ParkedItem, ParkedState, UNRESOLVED, condition_of};
use super::{ROLE, store};
use crate::events;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// Letters that the reason of a skip has at least.
const REASON_MIN: usize = 10;

/// Ids that a row of the audit names at most; the parked items themselves say who and why.
const AUDIT_IDS: usize = 100;

/// Which parked items a person decides about. Resolved ones are never meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, by subscriber and item id.
    Items(Vec<(String, Uuid)>),
    /// All that a filter meets.
    Filter(ParkedFilter),
}

impl Selection {
    fn subscribers(&self) -> Option<Vec<&str>> {
        match self {
            Self::Items(items) => {
                let mut names: Vec<&str> = items.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                Some(names)
            }
            Self::Filter(filter) => filter.subscriber.as_deref().map(|name| vec![name]),
        }
    }

    fn as_json(&self) -> Value {
        match self {
            Self::Items(items) => {
                let shown = items.iter().take(AUDIT_IDS);
                json!({ "items": shown.collect::<Vec<_>>() })
            }
            Self::Filter(filter) => json!({
                "subscriber": filter.subscriber,
                "state": filter.state.map(ParkedState::as_str),
                "error_class": filter.error_class,
                "key": filter.key,
            }),
        }
    }

    /// The one item that is meant, if it is one.
    fn subject(&self) -> Option<Uuid> {
        match self {
            Self::Items(items) if items.len() == 1 => Some(items[0].1),
            _ => None,
        }
    }
}

const SKIPPED: &str = "state = 'skipped', next_attempt_at = null, resolved_at = given.now, resolved_by = given.actor_id,
  resolution_reason = given.reason";

/// An item that was met.
#[derive(QueryableByName)]
struct Met {
    #[diesel(sql_type = Text)]
    subscriber: String,
}

/// Tries parked items again now, with all attempts anew. Items that wait behind others of their key go on waiting behind them.
/// Gives how many items that concerns.
///
/// # Errors
/// 404 when none of the named items waits for repair; those of the database.
pub fn replay(db: &Db, selection: &Selection, origin: Origin) -> AppResult<u64> {
    let replayed = db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        hold_cursors(tx, selection)?;
        let set = "state = case when exists (select from bus.parked_items b where b.subscriber = p.subscriber
               and b.sequence_key = p.sequence_key and b.state in ('retrying', 'blocked', 'dead')
               and (b.seq, b.item_no) < (p.seq, p.item_no)) then 'blocked' else 'retrying' end,
             next_attempt_at = case when exists (select from bus.parked_items b where b.subscriber = p.subscriber
               and b.sequence_key = p.sequence_key and b.state in ('retrying', 'blocked', 'dead')
               and (b.seq, b.item_no) < (p.seq, p.item_no)) then null else given.now end,
             attempts = 0";
        let met = update(tx, selection, set, None)?;
        let count = met.len();
        audit(tx, "bus.replayed", selection, count, None)?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    })?;
    db.wake().notify();
    Ok(replayed)
}

/// Decides that parked items are never applied; the next ones of their keys are due at once. Gives how many were skipped.
///
/// # Errors
/// 422 for a reason of less than ten letters; a conflict when an item belongs to a subscriber of money, whose events are skipped
/// only with [`skip_with_correction`]; 404 when none of the named items waits for repair; those of the database.
pub fn skip(db: &Db, selection: &Selection, reason: &str, origin: Origin) -> AppResult<u64> {
    let reason = checked_reason(reason)?;
    let skipped = db.transaction_blocking(Lane::Worker, ROLE, origin, |tx| {
        let money = hold_cursors(tx, selection)?;
        let met = update(tx, selection, SKIPPED, Some(reason))?;
        if met.iter().any(|item| money.contains(&item.subscriber)) {
            return Err(AppError::conflict("bus-skip-money"));
        }
        let mut names: Vec<&str> = met.iter().map(|item| item.subscriber.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let now = tx.now;
        for name in names {
            store::unblock_heads(tx.conn(), name, now)?;
        }
        audit(tx, "bus.skipped", selection, met.len(), Some(reason))?;
        Ok(u64::try_from(met.len()).unwrap_or(u64::MAX))
    })?;
    db.wake().notify();
    Ok(skipped)
}

/// Locks a dead item for the rest of the transaction, before anything else is locked in it, and gives it.
///
/// # Errors
/// 404 when it is not parked; a conflict when it is not dead; those of the database.
pub fn lock_dead(tx: &mut Tx<'_>, subscriber: &str, item_id: Uuid) -> AppResult<ParkedItem> {
    tx.with_role(ROLE, |tx| {
        store::hold_cursor(tx.conn(), subscriber)?.ok_or(AppError::NotFound)?;
        let item = queries::show_parked(tx.conn(), subscriber, item_id)?.item;
        if item.state != ParkedState::Dead.as_str() {
            return Err(AppError::conflict("bus-not-dead"));
        }
        Ok(item)
    })
}

/// Skips a dead item inside a transaction that has booked the transfer which corrects for it; the audit row is part of it.
/// Whoever books calls [`lock_dead`] first, so that locks are taken in one order everywhere.
///
/// # Errors
/// 422 for a reason of less than ten letters; 404 when the item is not parked; a conflict when it is not dead.
pub fn skip_with_correction(
    tx: &mut Tx<'_>,
    subscriber: &str,
    item_id: Uuid,
    reason: &str,
) -> AppResult<()> {
    let reason = checked_reason(reason)?;
    let item = lock_dead(tx, subscriber, item_id)?;
    tx.with_role(ROLE, |tx| {
        let selection = Selection::Items(vec![(subscriber.to_owned(), item_id)]);
        update(tx, &selection, SKIPPED, Some(reason))?;
        let now = tx.now;
        store::unblock_next(tx.conn(), subscriber, item.sequence_key, now)?;
        audit(
            tx,
            "bus.skipped_with_correction",
            &selection,
            1,
            Some(reason),
        )
    })?;
    tx.wake_workers();
    Ok(())
}

fn checked_reason(reason: &str) -> AppResult<&str> {
    let reason = reason.trim();
    if reason.chars().count() < REASON_MIN {
        return Err(AppError::field("reason", "bus-reason-short"));
    }
    Ok(reason)
}

/// Locks the cursors of all subscribers concerned, by name; gives those of money.
fn hold_cursors(tx: &mut Tx<'_>, selection: &Selection) -> AppResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        money: bool,
    }
    let rows: Vec<Row> = sql_query(
        "select name, money from bus.subscribers where $1 is null or name = any($1) order by name for update",
    )
    .bind::<Nullable<Array<Text>>, _>(selection.subscribers())
    .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .filter(|row| row.money)
        .map(|row| row.name)
        .collect())
}

/// Changes the unresolved items of a selection; `set` may name who acts, the time and the reason as columns of `given`.
fn update(
    tx: &mut Tx<'_>,
    selection: &Selection,
    set: &str,
    reason: Option<&str>,
) -> AppResult<Vec<Met>> {
    let (now, actor) = (tx.now, tx.origin.actor);
    let (filter, items) = match selection {
        Selection::Filter(filter) => (filter.clone(), None),
        Selection::Items(items) => (ParkedFilter::default(), Some(items)),
    };
    let names: Option<Vec<&str>> =
        items.map(|items| items.iter().map(|(name, _)| name.as_str()).collect());
    let ids: Option<Vec<Uuid>> = items.map(|items| items.iter().map(|(_, id)| *id).collect());
    let met: Vec<Met> = sql_query(format!(
        "update bus.parked_items p set {set}
         from (select $7 as actor_id, $8 as now, $9 as reason) given
         where {} and p.state in {UNRESOLVED}
           and ($10 is null or (p.subscriber, p.item_id) in (select * from unnest($10, $11)))
         returning p.subscriber",
        condition_of(filter.state)
    ))
    .bind::<Nullable<Text>, _>(filter.subscriber)
    .bind::<Nullable<Text>, _>(filter.error_class)
    .bind::<Nullable<SqlUuid>, _>(filter.key)
    .bind::<Nullable<Text>, _>(filter.event_type)
    .bind::<Nullable<Timestamptz>, _>(filter.since)
    .bind::<Nullable<Timestamptz>, _>(filter.before)
    .bind::<Nullable<SqlUuid>, _>(actor)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Text>, _>(reason)
    .bind::<Nullable<Array<Text>>, _>(names)
    .bind::<Nullable<Array<SqlUuid>>, _>(ids)
    .load(tx.conn())?;
    if met.is_empty() && items.is_some() {
        return Err(AppError::NotFound);
    }
    Ok(met)
}

fn audit(
    tx: &mut Tx<'_>,
    action: &str,
    selection: &Selection,
    count: usize,
    reason: Option<&str>,
) -> AppResult<()> {
    tx.audit(
        action,
        selection.subject(),
        &json!({ "selection": selection.as_json(), "items": count, "reason": reason }),
    )
}

/// Tries what was parked for its unknown version again, as soon as a program runs that knows it (E11, E12). Gives how many.
pub(super) fn revive_known(db: &Db, names: &[&str]) -> AppResult<u64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        subscriber: String,
        #[diesel(sql_type = SqlUuid)]
        item_id: Uuid,
        #[diesel(sql_type = Text)]
        event_type: String,
        #[diesel(sql_type = SmallInt)]
        type_version: i16,
    }
    let rows: Vec<Row> = db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), |tx| {
        Ok(sql_query(
            "select p.subscriber, p.item_id, e.event_type, e.type_version
             from bus.parked_items p join bus.events e on e.seq = p.seq
             where p.state = 'dead' and p.error_class = $1 and p.subscriber = any($2) order by p.seq limit 10000",
        )
        .bind::<Text, _>(UNKNOWN_VERSION)
        .bind::<Array<Text>, _>(names)
        .load(tx.conn())?)
    })?;
    let known: Vec<(String, Uuid)> = rows
        .into_iter()
        .filter(|row| events::is_known(&row.event_type, row.type_version))
        .map(|row| (row.subscriber, row.item_id))
        .collect();
    if known.is_empty() {
        return Ok(0);
    }
    let revived = replay(db, &Selection::Items(known), Origin::system())?;
    tracing::info!(
        revived,
        "parked events of a version that is known now are tried again"
    );
    Ok(revived)
}
