//! The mails: written with what they are about, sent by a worker of their own, never inside a posting (M34 to M39).

mod again;
mod letter;
mod writing;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::store::{self, ClaimedMail, Matter};
use crate::events::{self, EmailFailed, EmailSent};
use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Tx};
use crate::platform::error::AppResult;
use crate::platform::ids::UserId;
use crate::platform::mail::{Failure, Letter, MailError, MailQueue, Mailer, Queued, queue_step};
use crate::platform::workers::Progress;

pub(in crate::accounting) use again::{send_again, send_given_up_again};
pub(in crate::accounting) use letter::{Content, Letters, Notice};
pub(in crate::accounting) use writing::write_mails;

/// Sends the mails that are due. Without a mail server they stay `new`, and are shown.
///
/// # Errors
/// Those of the database; what the mail server says is written down at each mail.
pub fn mail_step(db: &Db, mailer: &Mailer, config: &Config) -> AppResult<Progress> {
    queue_step(db, mailer, config, &Queue(config))
}

/// The table of mails about money.
struct Queue<'a>(&'a Config);

impl Queued for (ClaimedMail, Matter) {
    fn id(&self) -> Uuid {
        self.0.id
    }

    fn attempts(&self) -> i32 {
        self.0.attempts
    }

    fn retry_since(&self) -> DateTime<Utc> {
        self.0.retry_since
    }
}

impl MailQueue for Queue<'_> {
    type Mail = (ClaimedMail, Matter);

    fn role(&self) -> DbRole {
        ROLE
    }

    fn goes_on_when_stopped(&self) -> bool {
        false
    }

    fn claim(&self, tx: &mut Tx<'_>, hold: Duration, batch: i64) -> AppResult<Vec<Self::Mail>> {
        let now = tx.now;
        let mails = store::claim_mails(tx.conn(), now, hold, batch)?;
        mails
            .into_iter()
            .map(|mail| {
                let (kind, date) = (mail.kind.as_str(), mail.business_date);
                let matter = store::find_matter(tx.conn(), kind, mail.employee_id, date)?;
                Ok((mail, matter))
            })
            .collect()
    }

    fn letter(&self, (mail, matter): &Self::Mail) -> Result<Letter, MailError> {
        Letters::new(self.0).of(mail, matter)
    }

    fn release(&self, tx: &mut Tx<'_>, mails: &[&Self::Mail]) -> AppResult<()> {
        let mails: Vec<&ClaimedMail> = mails.iter().map(|(mail, _)| mail).collect();
        store::release_mails(tx.conn(), &mails)
    }

    fn sent(&self, tx: &mut Tx<'_>, (mail, _): &Self::Mail) -> AppResult<()> {
        let now = tx.now;
        if store::update_sent(tx.conn(), mail.id, now)? {
            let sent = EmailSent {
                mail: mail.id,
                message_id: mail.message_id.clone(),
                kind: mail.kind.clone(),
            };
            events::publish(tx, UserId(mail.employee_id), &sent)?;
        }
        Ok(())
    }

    fn waits(
        &self,
        tx: &mut Tx<'_>,
        (mail, _): &Self::Mail,
        next: DateTime<Utc>,
        error: &str,
    ) -> AppResult<()> {
        store::update_waiting(tx.conn(), mail, next, error)
    }

    fn postpone(&self, tx: &mut Tx<'_>, next: DateTime<Utc>, error: &str) -> AppResult<()> {
        let now = tx.now;
        store::postpone_mails(tx.conn(), now, next, error)
    }

    /// Tells of it, unless the person has another address by now, where it is tried again (M37).
    fn failed(
        &self,
        tx: &mut Tx<'_>,
        (mail, _): &Self::Mail,
        failure: Failure,
        error: &str,
    ) -> AppResult<()> {
        let now = tx.now;
        if store::update_failed(tx.conn(), mail, failure, error)?
            && store::follow_addresses(tx.conn(), &[mail.employee_id], now)? == 0
        {
            let failed = EmailFailed {
                mail: mail.id,
                message_id: mail.message_id.clone(),
                kind: mail.kind.clone(),
                error: error.to_owned(),
            };
            events::publish(tx, UserId(mail.employee_id), &failed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
