//! Mails: the transport over lettre, an SMTP server or none, in which case mails are kept; and how a module's queue of mails is
//! worked off.

mod queue;

use std::str::FromStr;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Message, SmtpTransport, Transport};
use thiserror::Error;

pub use queue::{Failure, MailQueue, Queued, next_attempt, queue_step};

/// The domain of the Message-IDs of mails from this sender.
#[must_use]
pub fn domain_of(sender: &str) -> &str {
    let domain = sender
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    domain.trim_end_matches('>')
}

/// A mail ready to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The stable Message-ID, in angle brackets (D09).
    pub message_id: String,
    /// The receiver's address.
    pub to: String,
    /// The receiver's name.
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why a mail did not go out.
#[derive(Debug, Error)]
pub enum MailError {
    /// The server will never take it: a bad address, say.
    #[error("refused for good: {0}")]
    Refused(String),
    /// The server may take it later.
    #[error("not now: {0}")]
    Later(String),
    /// There is no server to talk to; no mail would go out now.
    #[error("the mail server cannot be reached: {0}")]
    Unreachable(String),
}

/// Sends mails. Cheap to clone; connections are pooled.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<SmtpTransport>,
    from: Mailbox,
}

impl Mailer {
    /// A mailer for `smtp_url` that waits so long for each answer; without an address, mails are kept.
    ///
    /// # Errors
    /// That the address or the sender cannot be understood, in a line.
    pub fn new(smtp_url: Option<&str>, from: &str, patience: Duration) -> Result<Self, String> {
        let transport = smtp_url
            .map(|url| {
                SmtpTransport::from_url(url).map(|builder| builder.timeout(Some(patience)).build())
            })
            .transpose()
            .map_err(|error| format!("ATES_SMTP_URL: {error}"))?;
        let from = Mailbox::from_str(from).map_err(|error| format!("ATES_MAIL_FROM: {error}"))?;
        Ok(Self { transport, from })
    }

    /// Whether mails leave the house at all.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends one mail and waits for the server's word.
    ///
    /// # Errors
    /// Whether it makes sense to try again, and what the server said.
    pub fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let Some(transport) = &self.transport else {
            return Err(MailError::Later("no mail server is configured".into()));
        };
        let message = self.message(letter).map_err(MailError::Refused)?;
        match transport.send(&message) {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
            // It said something, or it does so when it is asked for nothing: then this mail alone is the trouble.
            Err(error) if error.status().is_some() || error.is_client() => {
                Err(MailError::Later(error.to_string()))
            }
            Err(error) => match transport.test_connection() {
                Ok(true) => Err(MailError::Later(error.to_string())),
                Ok(false) | Err(_) => Err(MailError::Unreachable(error.to_string())),
            },
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let address = letter
            .to
            .parse()
            .map_err(|error| format!("the address: {error}"))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.to_name.clone()), address))
            .message_id(Some(letter.message_id.clone()))
            .subject(letter.subject.clone())
            .multipart(
                MultiPart::alternative()
                    .singlepart(
                        SinglePart::builder()
                            .header(ContentType::TEXT_PLAIN)
                            .body(letter.text.clone()),
                    )
                    .singlepart(
                        SinglePart::builder()
                            .header(ContentType::TEXT_HTML)
                            .body(letter.html.clone()),
                    ),
            )
            .map_err(|error| error.to_string())
    }
}
