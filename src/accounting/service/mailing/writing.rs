//! The mails that follow from a closed day: the statements of those who were paid nothing, and the digest for those who answer for the
//! books.

use chrono::Duration;
use uuid::Uuid;

use crate::accounting::store::{self, Unwritten};
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::AppResult;
use crate::platform::mail::domain_of;

/// Days that were closed longer ago are not written about any more: neither a setting that is switched on nor a first seal of old days
/// fills anybody's mailbox.
const RECENT: Duration = Duration::days(3);

/// Writes the mails about recently closed days that are not there yet, each once; repeating it changes nothing. Gives how many.
///
/// # Errors
/// Those of the database.
pub(in crate::accounting) fn write_mails(tx: &mut Tx<'_>, config: &Config) -> AppResult<usize> {
    let (now, since) = (tx.now, tx.now - RECENT);
    let mut written = 0;
    let statements = if config.statement_mails {
        store::list_unwritten_statements(tx.conn(), since)?
    } else {
        Vec::new()
    };
    let digests = store::list_unwritten_digests(tx.conn(), since)?;
    for (kind, mails) in [("statement", statements), ("day_digest", digests)] {
        if mails.is_empty() {
            continue;
        }
        written += mails.len();
        let mails: Vec<(Uuid, Unwritten)> =
            mails.into_iter().map(|mail| (tx.new_id(), mail)).collect();
        store::insert_mails_of(tx.conn(), kind, &mails, domain_of(&config.mail_from), now)?;
        tx.wake_workers();
    }
    Ok(written)
}
