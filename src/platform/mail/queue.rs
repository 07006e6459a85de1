//! How a queue of mails is worked off: claimed for a short time, sent outside any transaction, then marked; tried again after growing
//! pauses. The queues themselves are tables of the modules.
//!
//! Exactly once is impossible over SMTP. A mail is claimed for some minutes, sent, and then marked; when the process dies between the
//! server's word and the mark, the claim runs out and the mail goes out once more, under the same Message-ID (D09).

use chrono::{DateTime, Duration, Utc};
use rand::RngExt;
use uuid::Uuid;

use super::{Letter, MailError, Mailer};
use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Lane, Origin, Tx};
use crate::platform::error::AppResult;
use crate::platform::faults;
use crate::platform::stop;
use crate::platform::workers::Progress;

/// Mails taken up in one step.
const BATCH: i64 = 20;

/// How long a worker begins with mails of one claim.
const SPAN: Duration = Duration::seconds(60);

/// Answers of a mail server that one mail waits for at most: connection, greeting, EHLO, STARTTLS, EHLO, three of the log-in, sender,
/// receiver, DATA and the end.
const ANSWERS: i32 = 12;

/// The pauses between attempts, in minutes; the last one repeats, so that a server that is back is noticed within a quarter of an hour.
const PAUSES: [i64; 5] = [1, 2, 4, 8, 10];

/// Letters of what the mail server said that are kept.
const ERROR_LENGTH: usize = 500;

/// A claimed mail.
pub trait Queued {
    /// Its id in the queue.
    fn id(&self) -> Uuid;
    /// Which attempt this is, from 1.
    fn attempts(&self) -> i32;
    /// When the retries began to count.
    fn retry_since(&self) -> DateTime<Utc>;
}

/// Why a mail was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server refused it for good: nobody can be reached at this address.
    Refused,
    /// The time for retries is over.
    Expired,
}

impl Failure {
    /// The word in the tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// A module's table of mails that wait. Every method but [`MailQueue::letter`] runs inside a unit of work of the module's role.
pub trait MailQueue {
    /// A claimed mail.
    type Mail: Queued;

    /// Whose table it is.
    fn role(&self) -> DbRole;

    /// Whether mails go out while the emergency stop is set.
    fn goes_on_when_stopped(&self) -> bool;

    /// Claims at most `batch` due mails for `hold`.
    ///
    /// # Errors
    /// Those of the database.
    fn claim(&self, tx: &mut Tx<'_>, hold: Duration, batch: i64) -> AppResult<Vec<Self::Mail>>;

    /// The mail as it is sent.
    ///
    /// # Errors
    /// Refused, when it cannot be written: it would fail again.
    fn letter(&self, mail: &Self::Mail) -> Result<Letter, MailError>;

    /// Gives mails back that were claimed together and not tried; those that are another worker's by now are left to it.
    ///
    /// # Errors
    /// Those of the database.
    fn release(&self, tx: &mut Tx<'_>, mails: &[&Self::Mail]) -> AppResult<()>;

    /// The server took it.
    ///
    /// # Errors
    /// Those of the database.
    fn sent(&self, tx: &mut Tx<'_>, mail: &Self::Mail) -> AppResult<()>;

    /// It did not go out and is tried again at `next`.
    ///
    /// # Errors
    /// Those of the database.
    fn waits(
        &self,
        tx: &mut Tx<'_>,
        mail: &Self::Mail,
        next: DateTime<Utc>,
        error: &str,
    ) -> AppResult<()>;

    /// The server cannot be reached: every mail that is due waits until `next`, without an attempt of its own.
    ///
    /// # Errors
    /// Those of the database.
    fn postpone(&self, tx: &mut Tx<'_>, next: DateTime<Utc>, error: &str) -> AppResult<()>;

    /// It is given up.
    ///
    /// # Errors
    /// Those of the database.
    fn failed(
        &self,
        tx: &mut Tx<'_>,
        mail: &Self::Mail,
        failure: Failure,
        error: &str,
    ) -> AppResult<()>;
}

/// Sends the mails of a queue that are due. Without a mail server they stay where they are. One mail that stalls or is refused holds up
/// no other for longer than the server's patience; when the server itself is away, all wait for the next attempt of one.
///
/// # Errors
/// Those of the database; what the mail server says is written down at each mail.
pub fn queue_step(
    db: &Db,
    mailer: &Mailer,
    config: &Config,
    queue: &impl MailQueue,
) -> AppResult<Progress> {
    if !mailer.is_connected() {
        return Ok(Progress::Idle);
    }
    let hold = SPAN + margin(config);
    let claimed = work(db, queue, |tx| queue.claim(tx, hold, BATCH))?;
    let more = i64::try_from(claimed.len()).unwrap_or(i64::MAX) == BATCH;
    let last_start = db.clock().now() + SPAN;
    let mut rest = claimed.iter();
    while let Some(mail) = rest.next() {
        if db.clock().now() > last_start {
            let left: Vec<_> = std::iter::once(mail).chain(rest).collect();
            work(db, queue, |tx| queue.release(tx, &left))?;
            break;
        }
        faults::point("mail.before_send");
        let outcome = queue.letter(mail).and_then(|letter| mailer.send(&letter));
        faults::point("mail.after_answer");
        let left: Vec<_> = match outcome {
            Err(MailError::Unreachable(_)) => rest.by_ref().collect(),
            _ => Vec::new(),
        };
        // What has happened outside is written down even while the emergency stop is set; the next mail waits for its release (R14).
        let (lane, origin) = (Lane::Worker, Origin::system());
        let stopped = db.transaction_even_stopped_blocking(lane, queue.role(), origin, |tx| {
            queue.release(tx, &left)?;
            mark(tx, config, queue, mail, outcome)?;
            Ok(stop::current(tx.conn())?.is_some())
        })?;
        if stopped && !queue.goes_on_when_stopped() {
            return Ok(Progress::Idle);
        }
    }
    Ok(if more { Progress::More } else { Progress::Idle })
}

fn work<T>(
    db: &Db,
    queue: &impl MailQueue,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<T>,
) -> AppResult<T> {
    let (lane, role, origin) = (Lane::Worker, queue.role(), Origin::system());
    if queue.goes_on_when_stopped() {
        db.transaction_even_stopped_blocking(lane, role, origin, work)
    } else {
        db.transaction_blocking(lane, role, origin, work)
    }
}

/// What must be left of the claim when the sending of a mail begins: more than the mail server may take for all of its answers.
fn margin(config: &Config) -> Duration {
    let patience = Duration::from_std(config.mail_timeout).unwrap_or(Duration::hours(1));
    patience * ANSWERS + Duration::seconds(5)
}

/// Writes down what came of an attempt.
fn mark<Q: MailQueue>(
    tx: &mut Tx<'_>,
    config: &Config,
    queue: &Q,
    mail: &Q::Mail,
    outcome: Result<(), MailError>,
) -> AppResult<()> {
    let Err(error) = outcome else {
        return queue.sent(tx, mail);
    };
    let text: String = error.to_string().chars().take(ERROR_LENGTH).collect();
    let percent = tx.rng.random_range(80..=120);
    let next = match error {
        MailError::Refused(_) => None,
        MailError::Later(_) | MailError::Unreachable(_) => {
            let retry_for =
                Duration::from_std(config.mail_retry_for).unwrap_or(Duration::hours(48));
            let since = mail.retry_since();
            next_attempt(mail.attempts(), since, retry_for, tx.now, percent)
        }
    };
    tracing::warn!(mail.id = %mail.id(), attempt = mail.attempts(), retried = next.is_some(), "a mail did not go out");
    if let Some(next) = next {
        queue.waits(tx, mail, next, &text)?;
        if matches!(error, MailError::Unreachable(_)) {
            queue.postpone(tx, next, &text)?;
        }
        return Ok(());
    }
    let failure = match error {
        MailError::Refused(_) => Failure::Refused,
        MailError::Later(_) | MailError::Unreachable(_) => Failure::Expired,
    };
    queue.failed(tx, mail, failure, &text)
}

/// When a mail is tried again after its `attempts`th attempt: after a growing pause, `percent` of it, but not after `retry_for` since
/// the retries began to count.
#[must_use]
pub fn next_attempt(
    attempts: i32,
    retry_since: DateTime<Utc>,
    retry_for: Duration,
    now: DateTime<Utc>,
    percent: i64,
) -> Option<DateTime<Utc>> {
    let end = retry_since + retry_for;
    let index = usize::try_from(attempts - 1)
        .unwrap_or(0)
        .min(PAUSES.len() - 1);
    (now < end).then(|| (now + Duration::seconds(PAUSES[index] * 60 * percent / 100)).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m38_a_claim_outlives_a_dialogue_in_which_every_answer_takes_all_the_time_it_may() {
        for seconds in [1, 20, 30] {
            let mut config = Config::from_values([]).unwrap();
            config.mail_timeout = std::time::Duration::from_secs(seconds);
            let dialogue = Duration::seconds(12 * i64::try_from(seconds).unwrap());
            assert!(margin(&config) > dialogue, "{seconds}");
        }
    }

    #[test]
    fn m34_pauses_grow_from_a_minute_to_ten_and_end_with_the_time_for_retries() {
        let at = |minutes| DateTime::UNIX_EPOCH + Duration::minutes(minutes);
        let next = |attempts, minutes| {
            let (since, retry_for) = (DateTime::UNIX_EPOCH, Duration::minutes(120));
            next_attempt(attempts, since, retry_for, at(minutes), 100)
        };
        assert_eq!(next(1, 0), Some(at(1)));
        assert_eq!(next(3, 3), Some(at(7)));
        assert_eq!(next(7, 31), Some(at(41)));
        assert_eq!(next(8, 115), Some(at(120)));
        assert_eq!(next(9, 120), None);
    }
}
