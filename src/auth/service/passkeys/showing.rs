//! Logging in with a passkey, without a name: the authenticator knows whose it is.

use uuid::Uuid;
use webauthn_rp::bin::Decode;
use webauthn_rp::request::TimedCeremony;
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions,
};

use super::{LIFE, Party, handle_of, key_of, stored};
use crate::auth::service::entry::{Entry, LoggedIn, begin_session};
use crate::auth::store::{self, PasskeyRow};
use crate::auth::{ROLE, Role};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::cookies;

/// A public key as it is stored.
type PublicKey = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// What the browser is asked to show: JSON for `navigator.credentials.get`.
///
/// # Errors
/// Conflict where there can be no passkeys.
pub(in crate::auth) async fn begin_passkey_log_in(
    db: &Db,
    config: &Config,
    origin: Origin,
) -> AppResult<String> {
    let party = Party::of(config)?;
    let (server, client) = DiscoverableCredentialRequestOptions::passkey(&party.id)
        .start_ceremony()
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    let asked =
        serde_json::to_string(&client).map_err(|error| AppError::Internal(Box::new(error)))?;
    let (challenge, state) = (key_of(&server.sent_challenge()), stored(&server)?);
    db.transaction_even_stopped(ROLE, origin, move |tx| {
        let now = tx.now;
        store::insert_ceremony(tx.conn(), &challenge, None, &state, now + LIFE, now)
    })
    .await?;
    Ok(asked)
}

/// Logs somebody in by the answer of their authenticator. It has asked for their finger or PIN, so no second factor is asked for.
///
/// # Errors
/// Unauthenticated for everything that does not fit; conflict where there can be no passkeys.
pub(in crate::auth) async fn log_in_with_passkey(
    db: &Db,
    config: &Config,
    origin: Origin,
    answer: &str,
) -> AppResult<LoggedIn> {
    let party = Party::of(config)?;
    let refused = |_| AppError::Unauthenticated;
    let shown = DiscoverableAuthentication16::from_json_relaxed(answer.as_bytes());
    let shown = shown.map_err(refused)?;
    let challenge = key_of(&shown.challenge_relaxed().map_err(refused)?);
    let entry = Entry::new(config, cookies::new_secret());
    // The inner error must not undo that the question is answered.
    db.transaction_even_stopped(ROLE, origin, move |tx| {
        let now = tx.now;
        let Some(state) = store::take_ceremony(tx.conn(), &challenge, None, now)? else {
            return Ok(Err(AppError::Unauthenticated));
        };
        match check(tx, &party, &state, &shown)? {
            Some(user) => begin_session(tx, user, "passkey", entry).map(Ok),
            None => Ok(Err(AppError::Unauthenticated)),
        }
    })
    .await?
}

/// The user whose passkey signed the challenge, if they may have a page.
fn check(
    tx: &mut Tx<'_>,
    party: &Party,
    state: &[u8],
    shown: &DiscoverableAuthentication16,
) -> AppResult<Option<Uuid>> {
    let Some(row) = store::lock_passkey(tx.conn(), shown.raw_id().as_ref())? else {
        return Ok(None);
    };
    let user = store::find_user(tx.conn(), row.user_id)?.filter(|user| {
        user.deactivated_at.is_none() && user.roles != [Role::Internalservice.to_string()]
    });
    let Some(user) = user else {
        return Ok(None);
    };
    let Some(moved) = verified(party, state, shown, &row)? else {
        return Ok(None);
    };
    let now = tx.now;
    store::update_passkey_used(tx.conn(), row.id, &moved, now)?;
    // Whoever had shown a password before this step has not failed with it.
    store::release_attempt(tx.conn(), &user.username, now)?;
    Ok(Some(user.id))
}

/// What is stored of the passkey from now on, if the answer is right.
fn verified(
    party: &Party,
    state: &[u8],
    shown: &DiscoverableAuthentication16,
    row: &PasskeyRow,
) -> AppResult<Option<Vec<u8>>> {
    let broken = || AppError::internal(format!("passkey {} cannot be read", row.id));
    let asked = DiscoverableAuthenticationServerState::decode(state).map_err(|_| broken())?;
    let public_key = PublicKey::decode(&row.public_key).map_err(|_| broken())?;
    let moving: [u8; 7] = row.state.as_slice().try_into().map_err(|_| broken())?;
    let moving = DynamicState::decode(moving).map_err(|_| broken())?;
    let handle = handle_of(row.user_id)?;
    let mut credential = AuthenticatedCredential::new(shown.raw_id(), &handle, public_key, moving)
        .map_err(|_| broken())?;
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &[party.origin.as_str()],
        ..AuthenticationVerificationOptions::default()
    };
    match asked.verify(&party.id, shown, &mut credential, &options) {
        Ok(_) => Ok(Some(stored(&credential.dynamic_state())?.to_vec())),
        Err(_) => Ok(None),
    }
}
