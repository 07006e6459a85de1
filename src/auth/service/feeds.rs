//! The secret addresses of people's feeds.

use diesel::pg::PgConnection;
use rand::Rng;
use serde_json::json;

use super::entry::hash_of;
use crate::auth::store::{self, FeedRow};
use crate::auth::{Actor, FeedKind, Operation};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// Makes the secret of a feed's address and gives it, this once; the one before is worth nothing from now on.
///
/// # Errors
/// Forbidden for those who may not see what the feed tells.
pub fn make_feed(tx: &mut Tx<'_>, actor: &Actor, kind: FeedKind) -> AppResult<String> {
    actor.allow(Operation::OwnProfile)?;
    actor.allow(kind.operation())?;
    let mut random = [0_u8; 32];
    tx.rng.fill_bytes(&mut random);
    let secret = hex::encode(random);
    let now = tx.now;
    store::replace_feed(tx.conn(), actor.id.0, kind.as_str(), &hash_of(&secret), now)?;
    let detail = json!({ "feed": kind.as_str() });
    tx.audit("auth.feed_made", Some(actor.id.0), &detail)?;
    Ok(secret)
}

/// Ends a feed.
///
/// # Errors
/// 404 when there is none.
pub fn end_feed(tx: &mut Tx<'_>, actor: &Actor, kind: FeedKind) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    if !store::delete_feed(tx.conn(), actor.id.0, kind.as_str())? {
        return Err(AppError::NotFound);
    }
    let detail = json!({ "feed": kind.as_str() });
    tx.audit("auth.feed_ended", Some(actor.id.0), &detail)
}

/// The feeds that somebody has.
///
/// # Errors
/// Forbidden for those who have no profile.
pub fn list_feeds(conn: &mut PgConnection, actor: &Actor) -> AppResult<Vec<FeedRow>> {
    actor.allow(Operation::OwnProfile)?;
    store::list_feeds(conn, actor.id.0)
}
