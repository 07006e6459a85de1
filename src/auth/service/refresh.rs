//! Refresh tokens: each is exchanged once, and whoever comes a second time ends the whole family (A07, A37).
//!
//! The next token follows from the present one and a secret of this installation. So a client whose answer was lost on the way,
//! or that asked twice at once, is given the very same next token, as long as nobody has used it or the access token beside it:
//! there is one chain of tokens, however often it is asked for. After that an old token can only be a stolen copy, or the owner
//! after a thief: all tokens of the log-in end.

use chrono::Duration;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use super::entry::hash_of;
use crate::auth::store::{self, NewFamily, NewRefreshToken, UserRow};
use crate::auth::tokens::Pair;
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// The secret that each token's successor is derived with.
const CHAIN_SECRET: &str = "refresh_chain";

/// A refresh token as its holder gets it, and the pair that it is half of.
pub(in crate::auth) struct Issued {
    /// The token; only its hash is stored.
    pub secret: String,
    /// What the access token beside it says.
    pub pair: Pair,
}

/// Begins a family: somebody has logged in over the API.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn begin_family(
    tx: &mut Tx<'_>,
    config: &Config,
    user: Uuid,
) -> AppResult<Issued> {
    let mut random = [0_u8; 32];
    tx.rng.fill_bytes(&mut random);
    let secret = hex::encode(random);
    let pair = Pair {
        family: tx.new_id(),
        id: tx.new_id(),
    };
    let (now, from) = (tx.now, tx.origin.clone());
    let life = Duration::from_std(config.session_absolute).unwrap_or(Duration::hours(12));
    let family = NewFamily {
        id: pair.family,
        user_id: user,
        expires_at: now + life,
        address: from.address.as_deref(),
        user_agent: from.agent.as_deref(),
    };
    store::insert_family(tx.conn(), &family, now)?;
    insert(tx, &secret, pair, None)?;
    Ok(Issued { secret, pair })
}

/// Exchanges a refresh token for the next pair of its family. The inner error is one that must not undo what was done: the end
/// of the family.
///
/// # Errors
/// Unauthenticated for a token that is unknown, over, or was exchanged for one that is in use already.
pub(in crate::auth) fn exchange(
    tx: &mut Tx<'_>,
    secret: &str,
) -> AppResult<AppResult<(UserRow, Issued)>> {
    let hash = hash_of(secret);
    let now = tx.now;
    let Some(token) = store::lock_refresh_token(tx.conn(), &hash, now)? else {
        return Ok(Err(AppError::Unauthenticated));
    };
    if token.over {
        return Ok(Err(AppError::Unauthenticated));
    }
    let next = successor(tx, secret)?;
    let id = match token.child_pair_id {
        None => {
            store::update_exchanged(tx.conn(), &hash, now)?;
            let pair = Pair {
                family: token.family_id,
                id: tx.new_id(),
            };
            insert(tx, &next, pair, Some(&hash))?;
            tx.origin.actor = Some(token.user_id);
            tx.audit(
                "auth.tokens_refreshed",
                Some(token.user_id),
                &json!({ "family": token.family_id }),
            )?;
            pair.id
        }
        Some(id) if !token.child_used => id,
        Some(_) => {
            store::revoke_family(tx.conn(), token.family_id, now)?;
            tx.origin.actor = Some(token.user_id);
            tx.audit(
                "auth.refresh_token_replayed",
                Some(token.user_id),
                &json!({ "family": token.family_id }),
            )?;
            tracing::warn!(user.id = %token.user_id, "a refresh token was used a second time: its family ends");
            return Ok(Err(AppError::Unauthenticated));
        }
    };
    let user = store::find_user(tx.conn(), token.user_id)?.ok_or(AppError::Unauthenticated)?;
    let pair = Pair {
        family: token.family_id,
        id,
    };
    Ok(Ok((user, Issued { secret: next, pair })))
}

/// Ends the family of a refresh token (`revoke_token`); an unknown one is as good as ended.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn revoke(tx: &mut Tx<'_>, secret: &str) -> AppResult<()> {
    let now = tx.now;
    let Some(token) = store::lock_refresh_token(tx.conn(), &hash_of(secret), now)? else {
        return Ok(());
    };
    if store::revoke_family(tx.conn(), token.family_id, now)? {
        tx.origin.actor = Some(token.user_id);
        tx.audit("auth.logged_out", Some(token.user_id), &json!({}))?;
    }
    Ok(())
}

/// The token that follows a token.
fn successor(tx: &mut Tx<'_>, secret: &str) -> AppResult<String> {
    let mut fresh = [0_u8; 32];
    tx.rng.fill_bytes(&mut fresh);
    let now = tx.now;
    let key = store::secret_or_insert(tx.conn(), CHAIN_SECRET, &fresh, now)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    mac.update(secret.as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

fn insert(tx: &mut Tx<'_>, secret: &str, pair: Pair, parent: Option<&[u8]>) -> AppResult<()> {
    let now = tx.now;
    let token = NewRefreshToken {
        token_hash: &hash_of(secret),
        pair_id: pair.id,
        family_id: pair.family,
        parent_hash: parent,
    };
    store::insert_refresh_token(tx.conn(), &token, now)
}
