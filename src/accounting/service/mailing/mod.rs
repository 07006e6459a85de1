//! The mails: written with what they are about, sent by a worker of their own, never inside a posting (M34 to M39).
//!
//! Exactly once is impossible over SMTP. A mail is claimed for two minutes, sent, and then marked; when the process dies between the
//! server's word and the mark, the claim runs out and the mail goes out once more, under the same Message-ID (D09).

mod again;
mod letter;
mod writing;

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use uuid::Uuid;

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

/// How long a claim holds.
const HOLD: Duration = Duration::seconds(120);

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
    let claimed = system(db, claim)?;
    let more = i64::try_from(claimed.len()).unwrap_or(i64::MAX) == BATCH;
    let last_start = db.clock().now() + HOLD - margin(config);
    let mut rest = claimed.iter();
    while let Some((mail, matter)) = rest.next() {
        if db.clock().now() > last_start {
            let left: Vec<Uuid> = std::iter::once(mail.id)
                .chain(rest.map(|(mail, _)| mail.id))
                .collect();
            system(db, |tx| store::release_mails(tx.conn(), &left))?;
            break;
        }
        faults::point("mail.before_send");
        let outcome = Letters::new(config)
            .of(mail, matter)
            .and_then(|letter| mailer.send(&letter));
        faults::point("mail.after_answer");
        let left: Vec<Uuid> = match outcome {
            Err(MailError::Unreachable(_)) => rest.by_ref().map(|(mail, _)| mail.id).collect(),
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

/// What must be left of the claim when the sending of a mail begins: more than the mail server may take for its answers.
fn margin(config: &Config) -> Duration {
    let patience = Duration::from_std(config.mail_timeout).unwrap_or(HOLD);
    (patience * 3 + Duration::seconds(5)).min(HOLD)
}

fn claim(tx: &mut Tx<'_>) -> AppResult<Vec<(ClaimedMail, Matter)>> {
    let now = tx.now;
    let mails = store::claim_mails(tx.conn(), now, HOLD, BATCH)?;
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
        store::update_waiting(tx.conn(), mail.id, next, &text)?;
        if matches!(error, MailError::Unreachable(_)) {
            store::postpone_mails(tx.conn(), now, next, &text)?;
        }
        return Ok(());
    }
    let failure = match error {
        MailError::Refused(_) => Failure::Refused,
        MailError::Later(_) | MailError::Unreachable(_) => Failure::Expired,
    };
    if store::update_failed(tx.conn(), mail.id, failure, &text)?
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
mod tests {
    use super::*;
    use crate::accounting::store::{DayDigest, Figures};
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
            retry_since: DateTime::UNIX_EPOCH,
        }
    }

    fn config() -> Config {
        let values = [
            ("ATES_MAIL_RETRY_SECONDS", "7200"),
            ("ATES_BASE_URL", "https://ates.example/"),
        ];
        Config::from_values(values.map(|(key, value)| (key.to_owned(), value.to_owned()))).unwrap()
    }

    fn monday() -> Matter {
        Matter::Payout(Some(Figures {
            opening_minor: Money::from_whole(-20),
            fees_minor: Money::from_whole(-30),
            rewards_minor: Money::from_whole(1_300),
            payout_minor: Money::from_whole(1_250),
            ..Figures::default()
        }))
    }

    #[test]
    fn m34_pauses_grow_from_a_minute_to_ten_and_end_with_the_time_for_retries() {
        let at = |minutes| DateTime::UNIX_EPOCH + Duration::minutes(minutes);
        let next = |attempts, minutes| next_attempt(&mail(attempts), &config(), at(minutes), 100);
        assert_eq!(next(1, 0), Some(at(1)));
        assert_eq!(next(3, 3), Some(at(7)));
        assert_eq!(next(7, 31), Some(at(41)));
        assert_eq!(next(8, 115), Some(at(120)));
        assert_eq!(next(9, 120), None);
    }

    #[test]
    fn m36_a_letter_names_the_person_and_the_sum_and_is_safe_as_html() {
        let letter = Letters::new(&config()).of(&mail(1), &monday()).unwrap();
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
                .contains("https://ates.example/account/statements/2026-03-02\n"),
            "{}",
            letter.text
        );
        for part in [&letter.text, &letter.html] {
            for figure in ["−20,00\u{a0}$", "−30,00\u{a0}$", "+1\u{a0}300,00\u{a0}$"] {
                assert!(part.contains(figure), "{figure} in {part}");
            }
        }
    }

    #[test]
    fn the_digest_of_a_day_is_in_its_letter_and_so_is_the_way_to_compute_it_again() {
        let mail = ClaimedMail {
            kind: "day_digest".into(),
            language: "en".into(),
            ..mail(1)
        };
        let digest = Matter::Digest(Some(DayDigest {
            fees_minor: Money::from_whole(90),
            rewards_minor: Money::from_whole(70),
            paid_minor: Money::from_whole(1_250),
            people: 3,
            negative_balances: 2,
            transfers: 12,
            digest: vec![0xab; 32],
        }));
        let letter = Letters::new(&config()).of(&mail, &digest).unwrap();
        for part in [&letter.text, &letter.html] {
            assert!(part.contains(&"ab".repeat(32)), "{part}");
            assert!(part.contains("docs/verify-seals.sql"), "{part}");
            assert!(part.contains("$1,250.00"), "{part}");
        }
    }
}
