//! The mails: written with what they are about, sent by a worker of their own, never inside a posting (M34 to M39).
//!
//! Exactly once is impossible over SMTP. A mail is claimed for some minutes, sent, and then marked; when the process dies between the
//! server's word and the mark, the claim runs out and the mail goes out once more, under the same Message-ID (D09).

mod again;
mod letter;
mod writing;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;

use crate::accounting::ROLE;
use crate::accounting::store::{self, ClaimedMail, Failure, Matter};
use crate::events::{self, EmailFailed, EmailSent};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::AppResult;
use crate::platform::faults;
use crate::platform::ids::UserId;
use crate::platform::mail::{MailError, Mailer};
use crate::platform::stop;
use crate::platform::workers::Progress;

pub(in crate::accounting) use again::send_again;
pub(in crate::accounting) use letter::{Content, Letters, Notice};
pub(in crate::accounting) use writing::write_mails;

/// Mails taken up in one step.
const BATCH: i64 = 20;

/// How long a worker begins with mails of one claim.
const SPAN: Duration = Duration::seconds(60);

/// Answers of a mail server that one mail waits for at most: connection, greeting, EHLO, STARTTLS, EHLO, three of the log-in, sender,
/// receiver, DATA and the end.
const ANSWERS: i32 = 12;

/// The pauses between attempts, in minutes; the last one repeats, so that a server that is back is noticed within a quarter of an hour.
const PAUSES: [i64; 5] = [1, 2, 4, 8, 10];

/// Sends the mails that are due. Without a mail server they stay `new`, and are shown. One mail that stalls or is refused holds up no
/// other for longer than the server's patience; when the server itself is away, all wait for the next attempt of one.
///
/// # Errors
/// Those of the database; what the mail server says is written down at each mail.
pub fn mail_step(db: &Db, mailer: &Mailer, config: &Config) -> AppResult<Progress> {
    if !mailer.is_connected() {
        return Ok(Progress::Idle);
    }
    let hold = SPAN + margin(config);
    let claimed = system(db, |tx| claim(tx, hold))?;
    let more = i64::try_from(claimed.len()).unwrap_or(i64::MAX) == BATCH;
    let last_start = db.clock().now() + SPAN;
    let mut rest = claimed.iter();
    while let Some((mail, matter)) = rest.next() {
        if db.clock().now() > last_start {
            let left: Vec<&ClaimedMail> = std::iter::once(mail)
                .chain(rest.map(|(mail, _)| mail))
                .collect();
            system(db, |tx| store::release_mails(tx.conn(), &left))?;
            break;
        }
        faults::point("mail.before_send");
        let outcome = Letters::new(config)
            .of(mail, matter)
            .and_then(|letter| mailer.send(&letter));
        faults::point("mail.after_answer");
        let left: Vec<&ClaimedMail> = match outcome {
            Err(MailError::Unreachable(_)) => rest.by_ref().map(|(mail, _)| mail).collect(),
            _ => Vec::new(),
        };
        // What has happened outside is written down even while the emergency stop is set; the next mail waits for its release (R14).
        let origin = Origin::system();
        let stopped = db.transaction_even_stopped_blocking(Lane::Worker, ROLE, origin, |tx| {
            store::release_mails(tx.conn(), &left)?;
            mark(tx, config, mail, outcome)?;
            Ok(stop::current(tx.conn())?.is_some())
        })?;
        if stopped {
            return Ok(Progress::Idle);
        }
    }
    Ok(if more { Progress::More } else { Progress::Idle })
}

/// What must be left of the claim when the sending of a mail begins: more than the mail server may take for all of its answers.
fn margin(config: &Config) -> Duration {
    let patience = Duration::from_std(config.mail_timeout).unwrap_or(Duration::hours(1));
    patience * ANSWERS + Duration::seconds(5)
}

fn claim(tx: &mut Tx<'_>, hold: Duration) -> AppResult<Vec<(ClaimedMail, Matter)>> {
    let now = tx.now;
    let mails = store::claim_mails(tx.conn(), now, hold, BATCH)?;
    mails
        .into_iter()
        .map(|mail| {
            let (kind, date) = (mail.kind.as_str(), mail.business_date);
            let matter = store::find_matter(tx.conn(), kind, mail.employee_id, date)?;
            Ok((mail, matter))
        })
        .collect()
}

/// Writes down what came of an attempt, and tells of it when it was the last (M37).
fn mark(
    tx: &mut Tx<'_>,
    config: &Config,
    mail: &ClaimedMail,
    outcome: Result<(), MailError>,
) -> AppResult<()> {
    let now = tx.now;
    let employee = UserId(mail.employee_id);
    let (message_id, kind) = (mail.message_id.clone(), mail.kind.clone());
    let Err(error) = outcome else {
        if store::update_sent(tx.conn(), mail.id, now)? {
            let sent = EmailSent {
                mail: mail.id,
                message_id,
                kind,
            };
            events::publish(tx, employee, &sent)?;
        }
        return Ok(());
    };
    let text: String = error.to_string().chars().take(500).collect();
    let percent = tx.rng.random_range(80..=120);
    let next = match error {
        MailError::Refused(_) => None,
        MailError::Later(_) | MailError::Unreachable(_) => next_attempt(mail, config, now, percent),
    };
    tracing::warn!(mail.id = %mail.id, attempt = mail.attempts, retried = next.is_some(), "a mail did not go out");
    if let Some(next) = next {
        store::update_waiting(tx.conn(), mail, next, &text)?;
        if matches!(error, MailError::Unreachable(_)) {
            store::postpone_mails(tx.conn(), now, next, &text)?;
        }
        return Ok(());
    }
    let failure = match error {
        MailError::Refused(_) => Failure::Refused,
        MailError::Later(_) | MailError::Unreachable(_) => Failure::Expired,
    };
    if store::update_failed(tx.conn(), mail, failure, &text)?
        && store::follow_addresses(tx.conn(), &[mail.employee_id], now)? == 0
    {
        let failed = EmailFailed {
            mail: mail.id,
            message_id,
            kind,
            error: text,
        };
        events::publish(tx, employee, &failed)?;
    }
    Ok(())
}

/// When a mail is tried again: after a growing pause, `percent` of it, but not after the time for retries has run out.
fn next_attempt(
    mail: &ClaimedMail,
    config: &Config,
    now: DateTime<Utc>,
    percent: i64,
) -> Option<DateTime<Utc>> {
    let end = mail.retry_since + config.mail_retry_for;
    let index = usize::try_from(mail.attempts - 1)
        .unwrap_or(0)
        .min(PAUSES.len() - 1);
    (now < end).then(|| (now + Duration::seconds(PAUSES[index] * 60 * percent / 100)).min(end))
}

fn system<T>(db: &Db, work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>) -> AppResult<T> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), work)
}

#[cfg(test)]
mod tests;
