//! Logging in with the shape of a beak in place of the password (A02).

use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::entry::{Step, enter};
use super::login::{Proven, cleaned, reserve};
use super::secrets::keyed_hash;
use super::throttle::{count_guess, forget_guess};
use crate::auth::beak::{Shape, ShapeError};
use crate::auth::store;
use crate::auth::{Actor, Operation, ROLE};
use crate::platform::config::Config;
use crate::platform::db::{Db, Origin, Tx};
use crate::platform::error::{AppError, AppResult};

/// What the key is called that shapes are hashed with.
const KEY: &str = "beak_shape";

/// Log-in name or address, and the shape, as they were sent.
pub(in crate::auth) struct BeakLogIn {
    pub login: String,
    pub shape: String,
}

/// Two drawings of a shape.
pub(in crate::auth) struct NewBeak {
    pub shape: String,
    pub again: String,
}

/// The error at a field for a drawing that is no shape.
fn at(field: &'static str, error: ShapeError) -> AppError {
    match error {
        ShapeError::NotUnderstood => AppError::field(field, "field-beak-not-understood"),
        ShapeError::TooSimple => AppError::field(field, "field-beak-simple"),
    }
}

/// The shape that was drawn twice.
///
/// # Errors
/// 422 for no shape, and for two that differ.
pub(in crate::auth) fn checked_beak(beak: &NewBeak) -> AppResult<Shape> {
    let shape = Shape::parse(&beak.shape).map_err(|error| at("shape", error))?;
    if Shape::parse(&beak.again).map_err(|error| at("again", error))? != shape {
        return Err(AppError::field("again", "field-beak-differs"));
    }
    Ok(shape)
}

/// Keeps the shape of one's beak; an earlier one counts no more. Asking whether somebody has a shape counts as an attempt to log
/// in, since the answer tells of somebody's credential. The inner error is one that must not undo that count.
///
/// # Errors
/// Forbidden; 422 for one that somebody has; 429 after failures.
pub(in crate::auth) fn enrol_beak(
    tx: &mut Tx<'_>,
    actor: &Actor,
    shape: &Shape,
) -> AppResult<AppResult<()>> {
    actor.allow(Operation::OwnProfile)?;
    let user = store::find_user(tx.conn(), actor.id.0)?.ok_or(AppError::NotFound)?;
    let name = match reserve(tx, &user.username)? {
        Ok((name, _)) => name,
        Err(error) => return Ok(Err(error)),
    };
    let hash = keyed_hash(tx, KEY, shape.bytes())?;
    if store::is_beak_taken(tx.conn(), actor.id.0, &hash)? {
        tx.audit("auth.beak_refused", Some(actor.id.0), &json!({}))?;
        return Ok(Err(AppError::field("shape", "field-beak-taken")));
    }
    let now = tx.now;
    store::replace_beak(tx.conn(), actor.id.0, &hash, now)?;
    store::release_attempt(tx.conn(), &name, now)?;
    tx.audit("auth.beak_enrolled", Some(actor.id.0), &json!({}))?;
    Ok(Ok(()))
}

/// Removes the shape of one's beak.
///
/// # Errors
/// Forbidden; conflict when there is none.
pub(in crate::auth) fn remove_beak(tx: &mut Tx<'_>, actor: &Actor) -> AppResult<()> {
    actor.allow(Operation::OwnProfile)?;
    if !store::delete_beak(tx.conn(), actor.id.0)? {
        return Err(AppError::conflict("error-no-beak"));
    }
    tx.audit("auth.beak_removed", Some(actor.id.0), &json!({}))
}

/// Logs somebody in with a browser by the shape of their beak: the first factor, as the password is.
///
/// # Errors
/// Unauthenticated for everything that does not fit, after the same steps; 429 after failures; 404 when the setting is off.
pub(in crate::auth) async fn log_in_with_beak(
    db: &Db,
    config: &Config,
    origin: &Origin,
    attempt: BeakLogIn,
) -> AppResult<Step> {
    if !config.beak_log_in {
        return Err(AppError::NotFound);
    }
    let login = cleaned(&attempt.login);
    count_guess(db, origin, config.login_limit).await?;
    let found = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| reserve(tx, &login))
        .await?;
    let (name, credentials) = found?;
    // Somebody unknown is looked up and compared like anybody else; no shape is a shape of nobody.
    let id = credentials
        .filter(|user| user.active)
        .map_or(Uuid::nil(), |user| user.id);
    let shape = Shape::parse(&attempt.shape).map_or_else(|_| Vec::new(), |s| s.bytes().to_vec());
    let fits = db
        .transaction_even_stopped(ROLE, origin.clone(), move |tx| {
            let hash = keyed_hash(tx, KEY, &shape)?;
            let stored = store::find_beak(tx.conn(), id)?.map(|row| row.shape_hash);
            let stored = stored.unwrap_or_else(|| vec![0; hash.len()]);
            let fits = bool::from(stored.ct_eq(&hash));
            if fits {
                let now = tx.now;
                store::touch_beak(tx.conn(), id, now)?;
            }
            Ok(fits)
        })
        .await?;
    if !fits {
        return Err(AppError::Unauthenticated);
    }
    forget_guess(db, origin, config.login_limit).await?;
    enter(db, config, origin, Proven::new(id, name), "beak").await
}
