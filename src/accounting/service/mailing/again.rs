//! Mails that somebody sends once more by hand.

use serde_json::json;
use uuid::Uuid;

use crate::accounting::store::{self, GivenUp};
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

/// Sends all mails once more that were given up and are in the list, each under its old Message-ID and to the person's present address;
/// gives how many. It is audited.
///
/// # Errors
/// Forbidden; conflict when there are none.
pub(in crate::accounting) fn send_given_up_again(
    tx: &mut Tx<'_>,
    actor: &Actor,
    wanted: GivenUp,
) -> AppResult<usize> {
    actor.allow(Operation::RunPayouts)?;
    let now = tx.now;
    let mails = store::send_given_up_again(tx.conn(), wanted, now)?;
    if mails.is_empty() {
        return Err(AppError::conflict("error-no-mails-given-up"));
    }
    let detail = json!({
        "kind": wanted.kind,
        "from": wanted.period.map(|period| period.from),
        "to": wanted.period.map(|period| period.to),
        "mails": mails,
    });
    tx.audit("accounting.mails_retried", None, &detail)?;
    tx.wake_workers();
    Ok(mails.len())
}
