//! Making passkeys, and removing them.

use std::borrow::Cow;

use serde_json::json;
use uuid::Uuid;
use webauthn_rp::bin::Decode;
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, Username,
};
use webauthn_rp::request::{PublicKeyCredentialDescriptor, TimedCeremony};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{PublicKeyCredentialCreationOptions, Registration, RegistrationServerState};

use super::{LIFE, Party, handle_of, key_of, stored};
use crate::auth::person::check_name;
use crate::auth::service::account::kept;
use crate::auth::service::factors::{forget_recovery_codes, fresh_recovery_codes};
use crate::auth::store::{self, PasskeyRow};
use crate::auth::{Actor, Operation, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};

/// Passkeys that one user may have.
const MOST: usize = 20;

/// What the browser is asked to make: JSON for `navigator.credentials.create`.
///
/// # Errors
/// Forbidden; conflict where there can be no passkeys, and when there are too many.
pub(in crate::auth) async fn begin_passkey(
    db: &Db,
    config: &Config,
    origin: Origin,
    actor: &Actor,
) -> AppResult<String> {
    actor.allow(Operation::OwnProfile)?;
    let (party, id) = (Party::of(config)?, actor.id.0);
    let (user, known) = db
        .read(ROLE, move |conn| {
            let user = store::find_user(conn, id)?.ok_or(AppError::NotFound)?;
            Ok((user, store::list_passkeys(conn, id)?))
        })
        .await?;
    if known.len() >= MOST {
        return Err(AppError::Conflict(
            Message::new("error-too-many-passkeys").with("most", MOST),
        ));
    }
    let exclude = known
        .into_iter()
        .map(|row| {
            Ok(PublicKeyCredentialDescriptor {
                id: CredentialId::<Vec<u8>>::decode(row.credential_id).map_err(unreadable)?,
                transports: AuthTransports::decode(0).map_err(unreadable)?,
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    let handle = handle_of(id)?;
    let full_name = user.full_name();
    let entity = PublicKeyCredentialUserEntity {
        name: Username::try_from(Cow::Borrowed(user.username.as_str()))
            .map_err(|error| AppError::Internal(Box::new(error)))?,
        id: &handle,
        display_name: Nickname::try_from(Cow::Borrowed(full_name.as_str())).ok(),
    };
    let mut options = PublicKeyCredentialCreationOptions::passkey(&party.id, entity, exclude);
    // Authenticators of phones and laptops do not know this extension; that the owner was verified is checked each time anyway.
    options.extensions.cred_protect = CredProtect::None;
    let (server, client) = options
        .start_ceremony()
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    let asked =
        serde_json::to_string(&client).map_err(|error| AppError::Internal(Box::new(error)))?;
    let (challenge, state) = (key_of(&server.sent_challenge()), stored(&server)?);
    db.transaction(ROLE, origin, move |tx| {
        let now = tx.now;
        store::insert_ceremony(tx.conn(), &challenge, Some(id), &state, now + LIFE, now)?;
        tx.audit("auth.passkey_begun", Some(id), &json!({}))
    })
    .await?;
    Ok(asked)
}

/// Keeps the passkey that an authenticator made; gives recovery codes when it is the first second factor.
///
/// # Errors
/// Forbidden; 422 for a name that does not fit, or an answer that is to no question of ours.
pub(in crate::auth) async fn finish_passkey(
    db: &Db,
    config: &Config,
    origin: Origin,
    actor: &Actor,
    name: &str,
    answer: &str,
) -> AppResult<Vec<String>> {
    actor.allow(Operation::OwnProfile)?;
    let party = Party::of(config)?;
    let mut errors = Vec::new();
    let name = kept(&mut errors, "passkey_name", check_name(name));
    let Some(name) = name else {
        return Err(AppError::Invalid(errors));
    };
    let registration = Registration::from_json_relaxed(answer.as_bytes()).map_err(|_| unfit())?;
    let challenge = registration.challenge_relaxed().map_err(|_| unfit())?;
    let (id, challenge) = (actor.id.0, key_of(&challenge));
    db.transaction(ROLE, origin, move |tx| {
        let now = tx.now;
        let state = store::take_ceremony(tx.conn(), &challenge, Some(id), now)?;
        let state = RegistrationServerState::<16>::decode(&state.ok_or_else(unfit)?)
            .map_err(|_| AppError::internal("a passkey's ceremony cannot be read"))?;
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[party.origin.as_str()],
            ..RegistrationVerificationOptions::default()
        };
        let made = state
            .verify(&party.id, &registration, &options)
            .map_err(|_| unfit())?;
        let first = !store::find_factors(tx.conn(), id)?.any();
        let passkey = PasskeyRow {
            id: tx.new_id(),
            user_id: id,
            credential_id: made.id().as_ref().to_vec(),
            name,
            public_key: stored(&made.static_state())?,
            state: stored(&made.dynamic_state())?.to_vec(),
            created_at: now,
            last_used_at: None,
        };
        store::insert_passkey(tx.conn(), &passkey)?;
        let detail = json!({ "passkey": passkey.id, "name": passkey.name });
        tx.audit("auth.passkey_enrolled", Some(id), &detail)?;
        if first {
            fresh_recovery_codes(tx, id)
        } else {
            Ok(Vec::new())
        }
    })
    .await
}

/// Removes one of one's passkeys, and the recovery codes when no other second factor is left.
///
/// # Errors
/// Forbidden; 404 for one that is not one's own.
pub(in crate::auth) fn remove_passkey(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    if !store::delete_passkey(tx.conn(), actor.id.0, id)? {
        return Err(AppError::NotFound);
    }
    forget_recovery_codes(tx, actor.id.0)?;
    tx.audit(
        "auth.passkey_removed",
        Some(actor.id.0),
        &json!({ "passkey": id }),
    )
}

fn unreadable<E>(_: E) -> AppError {
    AppError::internal("a stored passkey cannot be read")
}

/// What everything is told that is no answer to a question of ours.
fn unfit() -> AppError {
    AppError::field("credential", "field-passkey-unfit")
}
