//! The signing keys as this process knows them, and how one takes over from another (A11).
//!
//! A new key is published before it signs, for as long as others may keep the published keys; a retired one checks tokens until
//! the last that it signed is over. Each process looks into the table again every few seconds, and at once when a token names a
//! key that it does not know.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::auth::ROLE;
use crate::auth::store::{self, StoredKey};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// How long others may keep the published keys, seconds: the `max-age` of the key set.
pub(in crate::auth) const PUBLISHED_FOR: i64 = 300;

/// How old the keys of this process may be before it looks again.
const FRESH_FOR: Duration = Duration::seconds(5);

/// How often a process looks for a key that a token names and that is not there.
const ASK_EVERY: Duration = Duration::seconds(1);

/// What a retired key is kept beyond the life of a token: the processes that have not looked yet, and clocks that differ.
const MARGIN: Duration = Duration::seconds(15);

/// The keys of this process.
#[derive(Clone, Default)]
pub struct TokenKeys(Arc<RwLock<Known>>);

#[derive(Clone, Default)]
struct Known {
    keys: Vec<StoredKey>,
    read_at: Option<DateTime<Utc>>,
}

impl TokenKeys {
    /// The key that signs at this moment.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn signing(&self, db: &Db, config: &Config) -> AppResult<StoredKey> {
        let keys = self.fresh(db, config, FRESH_FOR).await?;
        let now = db.clock().now();
        // The very first key signs at once, also by a clock that is behind that of the process which made it.
        let key = keys
            .iter()
            .find(|key| key.signs_from <= now)
            .or(keys.last());
        key.cloned()
            .ok_or_else(|| AppError::internal("no signing key"))
    }

    /// The key of a name, if tokens of it still count.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn find(
        &self,
        db: &Db,
        config: &Config,
        kid: &str,
    ) -> AppResult<Option<StoredKey>> {
        let find = |keys: Vec<StoredKey>| keys.into_iter().find(|key| key.kid == kid);
        if let Some(key) = find(self.fresh(db, config, FRESH_FOR).await?) {
            return Ok(Some(key));
        }
        Ok(find(self.fresh(db, config, ASK_EVERY).await?))
    }

    /// All keys that are published.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn published(&self, db: &Db, config: &Config) -> AppResult<Vec<StoredKey>> {
        self.fresh(db, config, FRESH_FOR).await
    }

    /// The keys, read again if they are older than `age`.
    async fn fresh(&self, db: &Db, config: &Config, age: Duration) -> AppResult<Vec<StoredKey>> {
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let now = db.clock().now();
        if known.read_at.is_some_and(|at| now >= at && now - at < age) {
            return Ok(known.keys);
        }
        let keep = kept_for(config);
        let keys = db
            .look_up(ROLE, Origin::system(), move |tx| read_or_make(tx, keep))
            .await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Known {
            keys: keys.clone(),
            read_at: Some(now),
        };
        Ok(keys)
    }
}

/// How long a retired key checks tokens.
fn kept_for(config: &Config) -> Duration {
    Duration::from_std(config.access_token_lifetime).unwrap_or(Duration::minutes(10)) + MARGIN
}

/// The keys of the table; the first one is made when there is none that signs.
fn read_or_make(tx: &mut Tx<'_>, keep: Duration) -> AppResult<Vec<StoredKey>> {
    let now = tx.now;
    let signs = |keys: &[StoredKey]| keys.iter().any(|key| key.retired_at.is_none());
    let keys = store::list_keys(tx.conn(), keep, now)?;
    if signs(&keys) || !tx.may_note() {
        return Ok(keys);
    }
    store::lock_keys(tx.conn())?;
    let keys = store::list_keys(tx.conn(), keep, now)?;
    if signs(&keys) {
        return Ok(keys);
    }
    make(tx, now)?;
    store::list_keys(tx.conn(), keep, now)
}

fn make(tx: &mut Tx<'_>, signs_from: DateTime<Utc>) -> AppResult<StoredKey> {
    let failed = |what: &str| AppError::internal(format!("an Ed25519 key cannot be {what}"));
    let pair = Ed25519KeyPair::generate().map_err(|_| failed("made"))?;
    let private_key = pair
        .to_pkcs8()
        .map_err(|_| failed("written"))?
        .as_ref()
        .to_vec();
    let key = StoredKey {
        kid: tx.new_id::<Uuid>().to_string(),
        private_key,
        public_key: pair.public_key().as_ref().to_vec(),
        signs_from,
        retired_at: None,
    };
    let now = tx.now;
    store::insert_key(tx.conn(), &key, now)?;
    Ok(key)
}

/// How a new key takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It signs once all who keep the published keys have seen it; the old one checks its tokens to their end.
    InTurn,
    /// It signs at once and the old ones count no more, nor do their tokens: for a key that somebody else may have.
    AtOnce,
}

/// Makes a new signing key that takes over from the present one; gives its name and from when it signs (A11).
///
/// # Errors
/// Those of the database.
pub fn rotate_keys(tx: &mut Tx<'_>, rotation: Rotation) -> AppResult<(String, DateTime<Utc>)> {
    let now = tx.now;
    store::lock_keys(tx.conn())?;
    let signs_from = match rotation {
        Rotation::InTurn => now + Duration::seconds(PUBLISHED_FOR) + FRESH_FOR,
        Rotation::AtOnce => now,
    };
    let key = make(tx, signs_from)?;
    store::retire_keys_before(tx.conn(), &key)?;
    if rotation == Rotation::AtOnce {
        store::delete_keys_retired_before(tx.conn(), now)?;
    }
    let detail = json!({ "kid": key.kid, "signs_from": signs_from, "at_once": rotation == Rotation::AtOnce });
    tx.audit("auth.keys_rotated", None, &detail)?;
    Ok((key.kid, signs_from))
}

/// Removes the keys whose last token is over.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn remove_old_keys(tx: &mut Tx<'_>, config: &Config) -> AppResult<()> {
    let before = tx.now - kept_for(config);
    store::delete_keys_retired_before(tx.conn(), before)
}
