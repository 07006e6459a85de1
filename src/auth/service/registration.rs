//! People who register themselves, where a setting allows it. The form does the same for everybody, whether the name or the address is
//! taken or not; what came of it stands in a mail, and the account is made when the address is proven (A41).

use chrono::Duration;
use serde_json::json;

use super::account::{NewAccount, TAKEN};
use super::actor_from;
use super::entry::hash_of;
use super::mailing::{MailKind, Receiver, write_mail, write_mail_to};
use super::throttle::{Throttle, source_of, too_early};
use super::users::insert;
use crate::auth::password::PasswordGate;
use crate::auth::store::{self, Purpose, Registration};
use crate::auth::{Operation, ROLE};
use crate::platform::config::{Config, SelfRegistration};
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::i18n::Lang;

/// How long an address may be proven.
pub(in crate::auth) const REGISTRATION_LIFE: Duration = Duration::hours(24);

/// Registrations that the worker answers in one step.
const BATCH: i64 = 20;

/// The settings of self-registration.
///
/// # Errors
/// 404 where it is off.
pub(in crate::auth) fn self_registration(config: &Config) -> AppResult<&SelfRegistration> {
    config.self_registration.as_ref().ok_or(AppError::NotFound)
}

/// Takes a registration down. The answer and the work are the same whether or not somebody has the name or the address.
///
/// # Errors
/// 404 where it is off; 422 for what is typed wrongly, and for an address of another company; 429 for a source that asks too often; 503
/// when too many hash.
pub(in crate::auth) async fn ask_to_register(
    db: &Db,
    gate: &PasswordGate,
    config: &Config,
    origin: Origin,
    account: NewAccount,
    lang: Lang,
) -> AppResult<()> {
    let settings = self_registration(config)?;
    let account = NewAccount {
        roles: vec![settings.role.clone()],
        ..account
    };
    let checked = account.check()?;
    let domain = checked.email.rsplit('@').next().unwrap_or_default();
    if !settings.domains.is_empty() && !settings.domains.iter().any(|one| one == domain) {
        let domains = settings.domains.join(", ");
        let message = Message::new("field-email-domain").with("domains", domains);
        return Err(AppError::field("email", message));
    }
    let refused = db
        .transaction(ROLE, origin.clone(), |tx| {
            let source = source_of(&tx.origin);
            Throttle::REGISTRATIONS_OF_SOURCE.count(tx, &source)
        })
        .await?;
    if let Some(seconds) = refused {
        return Err(too_early(seconds));
    }
    let password_hash = gate.hash(account.password).await?;
    db.transaction(ROLE, origin, move |tx| {
        let registration = Registration {
            id: tx.new_id(),
            username: checked.username,
            email: checked.email,
            name: checked.name,
            surname: checked.surname,
            password_hash,
            language: lang.code().to_owned(),
            address: tx.origin.address.clone(),
            agent: tx.origin.agent.clone(),
            correlation_id: tx.origin.correlation,
        };
        let now = tx.now;
        store::insert_registration(tx.conn(), &registration, now)?;
        tx.wake_workers();
        Ok(())
    })
    .await
}

/// Answers registrations by mail. Gives whether there were some.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn answer_registrations(db: &Db, config: &Config) -> AppResult<bool> {
    let found = db.read_blocking(ROLE, |conn| {
        store::list_unanswered_registrations(conn, BATCH)
    })?;
    for registration in &found {
        let origin = registration.origin();
        db.transaction_even_stopped_blocking(Lane::Worker, ROLE, origin, |tx| {
            let now = tx.now;
            if store::update_answered(tx.conn(), registration.id, now)? {
                answer(tx, config, registration)?;
            }
            Ok(())
        })?;
    }
    Ok(!found.is_empty())
}

fn answer(tx: &mut Tx<'_>, config: &Config, registration: &Registration) -> AppResult<()> {
    let Registration {
        id,
        username,
        email,
        ..
    } = registration;
    let lang = Lang::from_code(&registration.language).unwrap_or_default();
    let address = email.to_lowercase();
    let early = Throttle::REGISTRATIONS_OF_ADDRESS.count(tx, &address)?;
    let holder = match store::find_credentials(tx.conn(), email)? {
        Some(found) => store::find_user(tx.conn(), found.id)?,
        None => None,
    };
    let newcomer = Receiver {
        address: email,
        name: &format!("{} {}", registration.name, registration.surname),
        lang,
    };
    let outcome = if early.is_some() {
        "too_early"
    } else if let Some(holder) = &holder {
        let may = actor_from(holder)?.may(Operation::ResetPassword);
        if may && holder.deactivated_at.is_none() {
            write_mail(tx, config, MailKind::RegistrationKnown, holder, Some(lang))?;
        }
        "address_known"
    } else if store::find_user_by_username(tx.conn(), username)?.is_some() {
        write_mail_to(tx, config, MailKind::RegistrationNameTaken, *id, &newcomer)?;
        "name_taken"
    } else {
        write_mail_to(tx, config, MailKind::RegistrationProof, *id, &newcomer)?;
        "mailed"
    };
    let known = holder.map(|user| user.id);
    tx.audit(
        "auth.registration_asked",
        known,
        &json!({ "outcome": outcome }),
    )
}

/// Makes the account of whoever proves their address with the code of a mail.
///
/// # Errors
/// 404 where it is off; 422 at `token` for a code that is unknown, used or too old, and when somebody else was faster to take the name or
/// the address.
pub(in crate::auth) async fn prove_registration(
    db: &Db,
    config: &Config,
    origin: Origin,
    token: &str,
) -> AppResult<()> {
    let role = self_registration(config)?.role.clone();
    let hash = hash_of(token.trim());
    db.transaction(ROLE, origin, move |tx| {
        let now = tx.now;
        let over = || AppError::field("token", "field-link-over");
        let id = store::use_link(tx.conn(), &hash, Purpose::Registration, now)?.ok_or_else(over)?;
        let registration = store::take_registration(tx.conn(), id)?.ok_or_else(over)?;
        let account = NewAccount::checked_before(&registration, &role)?;
        let user = insert(tx, &account, &registration.password_hash).map_err(at_token)?;
        tx.audit("auth.self_registered", Some(user.0), &json!({}))
    })
    .await
}

/// What is taken meanwhile is said where the code is typed: there is no other field.
fn at_token(error: AppError) -> AppError {
    let is_taken = |errors: &[crate::platform::error::FieldError]| {
        errors.iter().any(|error| {
            TAKEN
                .iter()
                .any(|(.., message)| *message == error.message.id)
        })
    };
    match error {
        AppError::Invalid(errors) if is_taken(&errors) => {
            AppError::field("token", "field-registration-taken")
        }
        other => other,
    }
}
