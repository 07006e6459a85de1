//! Who hears events: where each stands, and the switch of it.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;

use crate::auth::{Actor, Operation};
use crate::bus::{self, Holder, Roster, SubscriberStatus};
use crate::platform::db::{Db, Origin};
use crate::platform::error::{AppError, AppResult};

/// A subscriber as the operator sees it.
pub(in crate::operations) struct Consumer {
    pub status: SubscriberStatus,
    /// Items it applied in the last minute.
    pub pace: i64,
    /// Whether a lost event of it is lost money.
    pub money: bool,
}

/// Every subscriber, by name.
///
/// # Errors
/// Forbidden, and those of the database.
pub(in crate::operations) fn list_consumers(
    conn: &mut PgConnection,
    actor: &Actor,
    roster: &Roster,
    now: DateTime<Utc>,
) -> AppResult<Vec<Consumer>> {
    actor.allow(Operation::Operate)?;
    let paces = bus::paces(conn, now)?;
    let all = bus::statuses(conn)?.into_iter().map(|status| Consumer {
        pace: paces.get(&status.name).copied().unwrap_or_default(),
        money: roster.is_money(&status.name),
        status,
    });
    Ok(all.collect())
}

/// One subscriber.
///
/// # Errors
/// Forbidden; 404 for an unknown name; those of the database.
pub(in crate::operations) fn show_consumer(
    conn: &mut PgConnection,
    actor: &Actor,
    roster: &Roster,
    name: &str,
    now: DateTime<Utc>,
) -> AppResult<Consumer> {
    let all = list_consumers(conn, actor, roster, now)?;
    all.into_iter()
        .find(|consumer| consumer.status.name == name)
        .ok_or(AppError::NotFound)
}

/// Those that are further behind than the limit (E16).
pub(in crate::operations) fn warn_of_lag(consumers: &[Consumer], limit: i64) -> Vec<&Consumer> {
    consumers
        .iter()
        .filter(|consumer| consumer.status.lag() > limit)
        .collect()
}

/// The holder that a person is.
fn own_holder(actor: &Actor) -> Holder {
    Holder::Operator(actor.name.clone())
}

/// Pauses a subscriber in the name of a person: its events wait.
///
/// # Errors
/// Forbidden; 404 for an unknown name; 422 without a reason; those of the database.
pub(in crate::operations) fn pause(
    db: &Db,
    actor: &Actor,
    origin: Origin,
    name: &str,
    reason: &str,
) -> AppResult<()> {
    actor.allow(Operation::Operate)?;
    bus::pause(db, name, &own_holder(actor), reason, origin)
}

/// Lets one holder of a subscriber go, by default the person who asks; when it was the last, it goes on where it stopped.
///
/// # Errors
/// Forbidden; 404 for an unknown name, or when that holder does not hold it; those of the database.
pub(in crate::operations) fn resume(
    db: &Db,
    actor: &Actor,
    origin: Origin,
    name: &str,
    holder: Option<&str>,
) -> AppResult<()> {
    actor.allow(Operation::Operate)?;
    let holder = holder.map_or_else(|| own_holder(actor), Holder::parse);
    bus::resume(db, name, &holder, origin)
}
