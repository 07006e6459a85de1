//! Mails about accounts: written in the unit of work of what they tell of, sent by a worker of their own (A41, A42).

mod letter;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use rand::Rng;
use uuid::Uuid;

use super::entry::hash_of;
use super::registration::{REGISTRATION_LIFE, answer_registrations};
use super::reset::answer_requests;
use crate::auth::ROLE;
use crate::auth::store::{self, ClaimedMail, NewMail, Purpose, UserRow};
use crate::platform::config::Config;
use crate::platform::db::{Db, DbRole, Tx};
use crate::platform::error::AppResult;
use crate::platform::i18n::Lang;
use crate::platform::mail::{
    Failure, Letter, MailError, MailQueue, Mailer, Queued, domain_of, queue_step,
};
use crate::platform::workers::Progress;

/// How long a mail with a link is tried: whoever asked has asked again by then, or gone.
const LINK_MAILS_FOR: Duration = Duration::hours(1);

/// What a mail about an account is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum MailKind {
    /// The link to a new password.
    PasswordReset,
    /// That there is a new password.
    PasswordChanged,
    /// That mails go to another address from now on; it goes to the old one.
    AddressChanged,
    /// The link that proves the address of a registration.
    RegistrationProof,
    /// That somebody wanted to register with the address of an account.
    RegistrationKnown,
    /// That the log-in name of a registration is taken.
    RegistrationNameTaken,
}

impl MailKind {
    const ALL: [Self; 6] = [
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::AddressChanged,
        Self::RegistrationProof,
        Self::RegistrationKnown,
        Self::RegistrationNameTaken,
    ];

    /// The word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::AddressChanged => "address_changed",
            Self::RegistrationProof => "registration_proof",
            Self::RegistrationKnown => "registration_known",
            Self::RegistrationNameTaken => "registration_name_taken",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What the link in it is good for, and for how long.
    const fn link(self) -> Option<(Purpose, Duration)> {
        match self {
            Self::PasswordReset => Some((Purpose::PasswordReset, Duration::minutes(10))),
            Self::RegistrationProof => Some((Purpose::Registration, REGISTRATION_LIFE)),
            Self::PasswordChanged
            | Self::AddressChanged
            | Self::RegistrationKnown
            | Self::RegistrationNameTaken => None,
        }
    }
}

/// What stands where a letter has its secret, when it is shown to somebody else.
const HIDDEN: &str = "••••••••";

/// The letter of a mail for those who look after users; the secret of its link is hidden, and nobody has it any more.
///
/// # Errors
/// Internal, for a kind that is unknown and for a template that fails.
pub(in crate::auth) fn preview(config: &Config, mail: &ClaimedMail) -> AppResult<Letter> {
    let has_link = MailKind::parse(&mail.kind).is_some_and(|kind| kind.link().is_some());
    letter::of(config, mail, has_link.then_some(HIDDEN))
}

/// Sends what is due: first the answers to requests are written, then the mails go out. While the emergency stop is set they go on, as
/// logging in does.
///
/// # Errors
/// Those of the database; what the mail server says is written down at each mail.
pub fn mail_step(db: &Db, mailer: &Mailer, config: &Config) -> AppResult<Progress> {
    let asked = answer_requests(db, config)?;
    let answered = answer_registrations(db, config)? || asked;
    let sent = queue_step(db, mailer, config, &Queue(config))?;
    Ok(if answered { Progress::More } else { sent })
}

/// Writes a mail to a user's stored address, in the user's language or, where none is chosen, in that of the page.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn write_mail(
    tx: &mut Tx<'_>,
    config: &Config,
    kind: MailKind,
    user: &UserRow,
    page: Option<Lang>,
) -> AppResult<()> {
    let chosen = user.language.as_deref().and_then(Lang::from_code);
    let receiver = Receiver {
        address: &user.email,
        name: &user.full_name(),
        lang: chosen.or(page).unwrap_or_default(),
    };
    write_mail_to(tx, config, kind, user.id, &receiver)
}

/// Who gets a mail.
pub(in crate::auth) struct Receiver<'a> {
    pub address: &'a str,
    pub name: &'a str,
    pub lang: Lang,
}

/// Writes a mail about a user or a registration.
///
/// # Errors
/// Those of the database.
pub(in crate::auth) fn write_mail_to(
    tx: &mut Tx<'_>,
    config: &Config,
    kind: MailKind,
    subject: Uuid,
    receiver: &Receiver<'_>,
) -> AppResult<()> {
    let (id, now): (Uuid, _) = (tx.new_id(), tx.now);
    let message_id = format!("<account.{id}@{}>", domain_of(&config.mail_from));
    let mail = NewMail {
        id,
        message_id: &message_id,
        kind: kind.as_str(),
        subject_id: subject,
        recipient: receiver.address,
        recipient_name: receiver.name,
        language: receiver.lang.code(),
    };
    store::insert_mail(tx.conn(), &mail, now)?;
    tx.wake_workers();
    Ok(())
}

/// A mail with the link that was made for this attempt, which is kept nowhere else.
struct Attempt {
    mail: ClaimedMail,
    token: Option<String>,
}

impl Queued for Attempt {
    fn id(&self) -> Uuid {
        self.mail.id
    }

    fn attempts(&self) -> i32 {
        self.mail.attempts
    }

    fn retry_since(&self) -> DateTime<Utc> {
        self.mail.created_at
    }
}

/// The table of mails about accounts.
struct Queue<'a>(&'a Config);

impl MailQueue for Queue<'_> {
    type Mail = Attempt;

    fn role(&self) -> DbRole {
        ROLE
    }

    fn goes_on_when_stopped(&self) -> bool {
        true
    }

    fn claim(&self, tx: &mut Tx<'_>, hold: Duration, batch: i64) -> AppResult<Vec<Attempt>> {
        let now = tx.now;
        let with_links: Vec<&str> = MailKind::ALL
            .into_iter()
            .filter(|kind| kind.link().is_some())
            .map(MailKind::as_str)
            .collect();
        store::expire_mails(tx.conn(), &with_links, now - LINK_MAILS_FOR, now)?;
        let mails = store::claim_mails(tx.conn(), now, hold, batch)?;
        mails
            .into_iter()
            .map(|mail| {
                let token = make_link(tx, &mail)?;
                Ok(Attempt { mail, token })
            })
            .collect()
    }

    fn letter(&self, attempt: &Attempt) -> Result<Letter, MailError> {
        letter::of(self.0, &attempt.mail, attempt.token.as_deref())
            .map_err(|error| MailError::Refused(error.to_string()))
    }

    fn release(&self, tx: &mut Tx<'_>, attempts: &[&Attempt]) -> AppResult<()> {
        let mails: Vec<&ClaimedMail> = attempts.iter().map(|attempt| &attempt.mail).collect();
        store::release_mails(tx.conn(), &mails)
    }

    fn sent(&self, tx: &mut Tx<'_>, attempt: &Attempt) -> AppResult<()> {
        let now = tx.now;
        store::update_mail_sent(tx.conn(), attempt.mail.id, now)
    }

    fn waits(
        &self,
        tx: &mut Tx<'_>,
        attempt: &Attempt,
        next: DateTime<Utc>,
        error: &str,
    ) -> AppResult<()> {
        store::update_mail_waiting(tx.conn(), &attempt.mail, next, error)
    }

    fn postpone(&self, tx: &mut Tx<'_>, next: DateTime<Utc>, error: &str) -> AppResult<()> {
        let now = tx.now;
        store::postpone_mails(tx.conn(), now, next, error)
    }

    fn failed(
        &self,
        tx: &mut Tx<'_>,
        attempt: &Attempt,
        failure: Failure,
        error: &str,
    ) -> AppResult<()> {
        store::update_mail_failed(tx.conn(), &attempt.mail, failure, error)
    }
}

/// A fresh link for an attempt to send a mail, if it has one: a mail that comes late has a link that still works.
fn make_link(tx: &mut Tx<'_>, mail: &ClaimedMail) -> AppResult<Option<String>> {
    let Some((purpose, life)) = MailKind::parse(&mail.kind).and_then(MailKind::link) else {
        return Ok(None);
    };
    let mut random = [0_u8; 32];
    tx.rng.fill_bytes(&mut random);
    let token = BASE64_URL_SAFE_NO_PAD.encode(random);
    let now = tx.now;
    store::insert_mail_link(
        tx.conn(),
        &hash_of(&token),
        purpose,
        mail.subject_id,
        now + life,
        now,
    )?;
    Ok(Some(token))
}
