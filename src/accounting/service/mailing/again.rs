//! A mail that somebody sends once more by hand.

use serde_json::json;
use uuid::Uuid;

use crate::accounting::store;
use crate::auth::{Actor, Operation};
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};

/// Sends a mail once more, under its old Message-ID and to the person's present address. One that was sent already is repeated only
/// when that is `confirmed`. It is audited.
///
/// # Errors
/// Forbidden; 404; conflict for a mail that is on its way, or that was sent and is not confirmed.
pub(in crate::accounting) fn send_again(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mail: Uuid,
    confirmed: bool,
) -> AppResult<()> {
    actor.allow(Operation::RunPayouts)?;
    let now = tx.now;
    let found = store::find_sendable(tx.conn(), mail)?.ok_or(AppError::NotFound)?;
    let action = match found.state.as_str() {
        "failed" => "accounting.mail_retried",
        "sent" if confirmed => "accounting.mail_repeated",
        "sent" => return Err(AppError::conflict("error-mail-already-sent")),
        _ => return Err(AppError::conflict("error-mail-on-its-way")),
    };
    store::send_again(tx.conn(), mail, &found.address, now)?;
    let detail = json!({
        "kind": found.kind,
        "sent_at": found.sent_at,
        "old_recipient": found.recipient,
        "recipient": found.address,
    });
    tx.audit(action, Some(mail), &detail)?;
    tx.wake_workers();
    Ok(())
}
