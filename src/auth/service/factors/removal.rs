//! Help for somebody whose second factors are lost, recovery codes and all.

use serde_json::json;

use crate::auth::service::actors::active;
use crate::auth::service::own::end_everything_of;
use crate::auth::store;
use crate::auth::{Actor, Operation};
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::ids::UserId;

/// Removes all second factors of somebody, as an administrator, and ends their sessions: whoever has what was lost is out too.
///
/// # Errors
/// Forbidden; 404.
pub(in crate::auth) fn remove_factors_of(
    tx: &mut Tx<'_>,
    actor: &Actor,
    user: UserId,
) -> AppResult<()> {
    actor.allow(Operation::ManageUsers)?;
    active(store::find_user(tx.conn(), user.0)?)?;
    let (before, now) = (store::find_factors(tx.conn(), user.0)?, tx.now);
    store::delete_totp(tx.conn(), user.0)?;
    store::delete_passkeys_of(tx.conn(), user.0)?;
    store::replace_recovery_codes(tx.conn(), user.0, &[], now)?;
    end_everything_of(tx, user.0)?;
    let detail = json!({ "totp": before.totp_since.is_some(), "passkeys": before.passkeys });
    tx.audit("auth.second_factors_removed", Some(user.0), &detail)
}
