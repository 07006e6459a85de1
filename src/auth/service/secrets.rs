//! What this installation keeps to itself: keys by purpose, and secrets sealed with them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;

use crate::auth::store;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// The key of a purpose; made when it is asked for the first time.
///
/// # Errors
/// Those of the database.
pub(super) fn key_for(tx: &mut Tx<'_>, purpose: &str) -> AppResult<Vec<u8>> {
    let mut fresh = [0_u8; 32];
    tx.rng.fill_bytes(&mut fresh);
    let now = tx.now;
    store::secret_or_insert(tx.conn(), purpose, &fresh, now)
}

/// The keyed hash of something, for a purpose.
///
/// # Errors
/// Those of the database.
pub(super) fn keyed_hash(tx: &mut Tx<'_>, purpose: &str, of: &[u8]) -> AppResult<Vec<u8>> {
    let key = key_for(tx, purpose)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    mac.update(of);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Seals a secret for a purpose (AES-256-GCM, a fresh nonce in front): it opens only with the same words about whose it is.
///
/// # Errors
/// Those of the database.
pub(super) fn seal(
    tx: &mut Tx<'_>,
    purpose: &str,
    whose: &[u8],
    secret: &[u8],
) -> AppResult<Vec<u8>> {
    let key = aead(&key_for(tx, purpose)?)?;
    let mut nonce = [0_u8; NONCE_LEN];
    tx.rng.fill_bytes(&mut nonce);
    let mut sealed = secret.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(whose),
        &mut sealed,
    )
    .map_err(|_| AppError::internal("a secret cannot be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// What was sealed.
///
/// # Errors
/// Internal for what was not sealed with this key for this owner; those of the database.
pub(super) fn open(
    tx: &mut Tx<'_>,
    purpose: &str,
    whose: &[u8],
    sealed: &[u8],
) -> AppResult<Vec<u8>> {
    let broken = || AppError::internal(format!("a sealed secret of {purpose} cannot be opened"));
    let key = aead(&key_for(tx, purpose)?)?;
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut rest = rest.to_vec();
    let secret = key
        .open_in_place(nonce, Aad::from(whose), &mut rest)
        .map_err(|_| broken())?;
    Ok(secret.to_vec())
}

fn aead(key: &[u8]) -> AppResult<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| AppError::internal("a key of this installation has the wrong length"))
}
