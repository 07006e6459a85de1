//! Ending sessions: one's own, and those of others (A08).

use serde_json::json;
use uuid::Uuid;

use super::actors::active;
use super::entry::{LoggedIn, hash_of};
use super::own::end_everything_of;
use crate::auth::store;
use crate::auth::{Actor, Operation, ROLE};
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::web::cookies;

/// Ends one of one's own sessions, in a browser or over the API.
///
/// # Errors
/// 404 for one that is not one's own or has ended.
pub(in crate::auth) fn end_session(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> AppResult<()> {
    actor.allow(Operation::OwnSessions)?;
    let now = tx.now;
    if !store::end_session_of(tx.conn(), actor.id.0, id, now)? {
        return Err(AppError::NotFound);
    }
    tx.audit(
        "auth.session_ended",
        Some(actor.id.0),
        &json!({ "session": id }),
    )
}

/// Ends all of one's own sessions but the one that asks, whose id has this hash.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn end_other_sessions(
    tx: &mut Tx<'_>,
    actor: &Actor,
    current: &[u8],
) -> AppResult<()> {
    actor.allow(Operation::OwnSessions)?;
    let now = tx.now;
    store::delete_other_sessions(tx.conn(), actor.id.0, current)?;
    store::revoke_families_of(tx.conn(), actor.id.0, now)?;
    tx.audit("auth.other_sessions_ended", Some(actor.id.0), &json!({}))
}

/// Ends all sessions and tokens of somebody, as an administrator.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::auth) fn end_all_sessions(
    tx: &mut Tx<'_>,
    actor: &Actor,
    user: UserId,
) -> AppResult<()> {
    actor.allow(Operation::ManageUsers)?;
    active(store::find_user(tx.conn(), user.0)?)?;
    let now = tx.now;
    end_everything_of(tx, user.0)?;
    store::revoke_api_tokens_of(tx.conn(), user.0, now)?;
    store::delete_feeds_of(tx.conn(), user.0)?;
    tx.audit("auth.sessions_ended", Some(user.0), &json!({}))
}

/// Gives the session of this cookie a new id, after its owner has shown a credential again.
///
/// # Errors
/// Unauthenticated when the session has ended meanwhile.
pub(in crate::auth) async fn confirm_session(
    db: &Db,
    origin: Origin,
    secret: &str,
) -> AppResult<LoggedIn> {
    let fresh = cookies::new_secret();
    let (old_hash, new_hash) = (hash_of(secret), hash_of(&fresh));
    let age = db
        .transaction_even_stopped(ROLE, origin, move |tx| {
            let (now, actor) = (tx.now, tx.origin.actor);
            let ends = store::confirm_session(tx.conn(), &old_hash, &new_hash, now)?
                .ok_or(AppError::Unauthenticated)?;
            tx.audit("auth.confirmed", actor, &json!({}))?;
            Ok(ends - now)
        })
        .await?;
    Ok(LoggedIn { secret: fresh, age })
}
