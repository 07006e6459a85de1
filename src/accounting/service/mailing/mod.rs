//! The mails about payouts: written with the payout, sent by a worker of their own, never inside a posting (M34 to M39).
//!
//! Exactly once is impossible over SMTP. A mail is claimed for a minute, sent, and then marked; when the process dies between the
//! server's word and the mark, the claim runs out and the mail goes out once more, under the same Message-ID (D09).

mod letter;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use serde_json::json;
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::store::{self, ClaimedMail};
use crate::auth::{Actor, Operation};
use crate::events::{self, EmailFailed, EmailSent};
use crate::platform::config::Config;
use crate::platform::db::{Db, Lane, Origin, Tx};
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::mail::{MailError, Mailer};
use crate::platform::stop;
use crate::platform::workers::Progress;

pub(in crate::accounting) use letter::{Content, Letters, Notice};

/// Mails taken up in one step.
const BATCH: i64 = 20;

/// How long a claim holds.
const HOLD: Duration = Duration::seconds(60);

/// What must be left of the claim when the sending of a mail begins; more than the mail server may take to answer.
const MARGIN: Duration = Duration::seconds(25);

/// The pauses between attempts, in minutes; the last one repeats.
const PAUSES: [i64; 7] = [1, 2, 4, 8, 16, 30, 60];

/// Sends the mails that are due. Without a mail server they stay `new`, and are shown.
///
/// # Errors
/// Those of the database; what the mail server says is written down at each mail.
pub fn mail_step(db: &Db, mailer: &Mailer, config: &Config) -> AppResult<Progress> {
    if !mailer.is_connected() {
        return Ok(Progress::Idle);
    }
    let claimed = system(db, |tx| {
        let now = tx.now;
        store::claim_mails(tx.conn(), now, HOLD, BATCH)
    })?;
    let more = i64::try_from(claimed.len()).unwrap_or(i64::MAX) == BATCH;
    let last_start = db.clock().now() + HOLD - MARGIN;
    for mail in claimed {
        if db.clock().now() > last_start {
            break;
        }
        let outcome = Letters::new(config)
            .of(&mail)
            .and_then(|letter| mailer.send(&letter));
        // What has happened outside is written down even while the emergency stop is set; the next mail waits for its release (R14).
        let origin = Origin::system();
        let stopped = db.transaction_even_stopped_blocking(Lane::Worker, ROLE, origin, |tx| {
            mark(tx, config, &mail, outcome)?;
            Ok(stop::current(tx.conn())?.is_some())
        })?;
        if stopped {
            return Ok(Progress::Idle);
        }
    }
    Ok(if more { Progress::More } else { Progress::Idle })
}

/// Sends a mail that was given up once more, under its old Message-ID.
///
/// # Errors
/// Forbidden; conflict for a mail that was not given up.
pub(in crate::accounting) fn retry_mail(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mail: Uuid,
) -> AppResult<()> {
    actor.allow(Operation::RunPayouts)?;
    let now = tx.now;
    if !store::retry_mail(tx.conn(), mail, now)? {
        return Err(AppError::conflict("error-mail-not-failed"));
    }
    tx.audit("accounting.mail_retried", Some(mail), &json!({}))?;
    tx.wake_workers();
    Ok(())
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
    let error = match outcome {
        Ok(()) => {
            if store::update_sent(tx.conn(), mail.id, now)? {
                let (message_id, kind) = (mail.message_id.clone(), mail.kind.clone());
                events::publish(
                    tx,
                    employee,
                    &EmailSent {
                        mail: mail.id,
                        message_id,
                        kind,
                    },
                )?;
            }
            return Ok(());
        }
        Err(error) => error,
    };
    let text: String = error.to_string().chars().take(500).collect();
    let next = match error {
        MailError::Refused(_) => None,
        MailError::Later(_) => next_attempt(mail, config, now, tx.rng.random_range(80..=120)),
    };
    tracing::warn!(mail.id = %mail.id, attempt = mail.attempts, retried = next.is_some(), "a mail did not go out");
    if let Some(next) = next {
        return store::update_waiting(tx.conn(), mail.id, next, &text);
    }
    if store::update_failed(tx.conn(), mail.id, &text)? {
        let (message_id, kind) = (mail.message_id.clone(), mail.kind.clone());
        events::publish(
            tx,
            employee,
            &EmailFailed {
                mail: mail.id,
                message_id,
                kind,
                error: text,
            },
        )?;
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
    let end = mail.created_at + config.mail_retry_for;
    let index = usize::try_from(mail.attempts - 1)
        .unwrap_or(0)
        .min(PAUSES.len() - 1);
    (now < end).then(|| (now + Duration::seconds(PAUSES[index] * 60 * percent / 100)).min(end))
}

fn system<T>(db: &Db, work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>) -> AppResult<T> {
    db.transaction_blocking(Lane::Worker, ROLE, Origin::system(), work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::money::Money;

    fn mail(attempts: i32) -> ClaimedMail {
        ClaimedMail {
            id: Uuid::nil(),
            message_id: "<payout.2026-03-02.x@uberpopug.example>".into(),
            kind: "payout".into(),
            employee_id: Uuid::nil(),
            business_date: "2026-03-02".parse().unwrap(),
            recipient: "kesha@uberpopug.example".into(),
            recipient_name: "Кеша <Popug>".into(),
            language: "ru".into(),
            amount_minor: Money::from_whole(1_250),
            attempts,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn config() -> Config {
        let values = [
            ("ATES_MAIL_RETRY_SECONDS", "7200"),
            ("ATES_BASE_URL", "https://ates.example/"),
        ];
        Config::from_values(values.map(|(key, value)| (key.to_owned(), value.to_owned()))).unwrap()
    }

    #[test]
    fn m34_pauses_grow_from_a_minute_to_an_hour_and_end_with_the_time_for_retries() {
        let at = |minutes| DateTime::UNIX_EPOCH + Duration::minutes(minutes);
        let next = |attempts, minutes| next_attempt(&mail(attempts), &config(), at(minutes), 100);
        assert_eq!(next(1, 0), Some(at(1)));
        assert_eq!(next(3, 3), Some(at(7)));
        assert_eq!(next(7, 31), Some(at(91)));
        assert_eq!(next(8, 91), Some(at(120)));
        assert_eq!(next(9, 120), None);
    }

    #[test]
    fn m36_a_letter_names_the_person_and_the_sum_and_is_safe_as_html() {
        let letter = Letters::new(&config()).of(&mail(1)).unwrap();
        assert!(letter.text.contains("Кеша <Popug>"), "{}", letter.text);
        assert!(
            letter.html.contains("Кеша &#60;Popug&#62;"),
            "{}",
            letter.html
        );
        for part in [&letter.subject, &letter.text, &letter.html] {
            assert!(part.contains("1\u{a0}250,00\u{a0}$"), "{part}");
        }
        assert!(
            letter
                .text
                .contains("https://ates.example/account?from=2026-03-02&to=2026-03-02"),
            "{}",
            letter.text
        );
    }
}
