//! Building a projection again from the log, beside the old one.
//!
//! It is one transaction: the rows are deleted, the log is told again by the same handler, and the commit is the switch. Until
//! then every reader sees the old rows, as Postgres shows nobody what has not been committed; a crash leaves them as they were.
//! The subscriber is held meanwhile, so the new rows stand exactly where the old ones stood. Publishing goes on.

use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};
use serde_json::json;
use uuid::Uuid;

use super::control::{self, Holder};
use super::store;
use super::subscriber::{Item, Subscriber};
use super::{ROLE, dispatch};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::faults;

const UNDER_WAY: &str = "bus-rebuild-under-way";

/// Builds all that a subscriber keeps again from the log up to where it stands; gives how many items that took. What is parked
/// or was skipped stays out, as it was before.
///
/// # Errors
/// A conflict when the subscriber cannot be built again, or somebody else is at it; what its handler says to an item: then
/// everything stays as it was, and the subscriber goes on.
pub fn rebuild(db: &Db, subscriber: &dyn Subscriber, origin: Origin) -> AppResult<u64> {
    let name = subscriber.name();
    if !subscriber.rebuildable() {
        return Err(AppError::conflict("bus-not-rebuildable"));
    }
    let holder = Holder::Rebuild;
    control::pause(
        db,
        name,
        &holder,
        "built again from the log",
        origin.clone(),
    )?;
    let outcome = db.transaction_blocking(Lane::Worker, ROLE, origin.clone(), |tx| {
        if !lock_hold(tx, name)? {
            return Err(AppError::conflict(UNDER_WAY));
        }
        let items = tell_again(tx, subscriber)?;
        faults::point("rebuild.before_switch");
        let cursor = store::hold_cursor(tx.conn(), name)?.ok_or(AppError::NotFound)?;
        tx.audit(
            "bus.rebuilt",
            None,
            &json!({ "subscriber": name, "items": items, "position": cursor.position }),
        )?;
        control::release(tx, name, &holder)?;
        Ok(items)
    });
    match &outcome {
        Ok(_) => db.wake().notify(),
        Err(AppError::Conflict(message)) if message.id == UNDER_WAY => {}
        Err(_) => control::resume(db, name, &holder, origin)?,
    }
    outcome
}

/// Locks the hold, so that nobody lets the subscriber go before the switch, and nobody else builds.
fn lock_hold(tx: &mut Tx<'_>, name: &str) -> AppResult<bool> {
    let rows = sql_query(
        "select holder from bus.pauses where subscriber = $1 and holder = 'rebuild' for update skip locked",
    )
    .bind::<Text, _>(name)
    .execute(tx.conn())?;
    Ok(rows == 1)
}

/// Empties what the subscriber keeps and tells it the log up to where it stands.
fn tell_again(tx: &mut Tx<'_>, subscriber: &dyn Subscriber) -> AppResult<u64> {
    let upto = store::position(tx.conn(), subscriber.name())?;
    tx.with_role(subscriber.role(), |tx| subscriber.clear(tx))?;
    let (mut after, mut told) = (0, 0);
    loop {
        let page = dispatch::FULL_PAGE;
        let events = store::list_events(
            tx.conn(),
            after,
            upto,
            subscriber.types(),
            page,
            dispatch::FACTS_AT_MOST,
        )?;
        let Some(last) = events.last() else {
            return Ok(told);
        };
        after = last.seq;
        let mut ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
        let mut items: Vec<Item> = Vec::new();
        let mut unknown = Vec::new();
        for event in &events {
            match event.items() {
                Ok(more) => items.extend(more),
                Err(error) => unknown.push((event.event_id, error)),
            }
        }
        ids.extend(items.iter().map(|item| item.item_id));
        let out = store::unresolved_items(tx.conn(), subscriber.name(), &ids)?;
        if let Some((_, error)) = unknown.into_iter().find(|(id, _)| !out.contains(id)) {
            return Err(AppError::Internal(Box::new(error)));
        }
        items.retain(|item| !out.contains(&item.item_id) && !out.contains(&item.cause.event_id.0));
        told += u64::try_from(items.len()).unwrap_or(0);
        tx.with_role(subscriber.role(), |tx| subscriber.handle(tx, &items))?;
    }
}
