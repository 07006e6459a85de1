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
    /// The server will never take it for this address.
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
            // What our own side makes of it will not change by asking the server.
            Err(error) if error.is_client() => Err(MailError::Later(error.to_string())),
            // For the moment it wants no mail from anybody, or this one alone is the trouble; both pass.
            Err(error) if error.is_transient() => Err(MailError::Later(error.to_string())),
            // It refuses for good, or says nothing: us, or this address? It is asked for nothing at all to find out.
            Err(error) => match transport.test_connection() {
                Ok(true) if error.is_permanent() && is_about_the_address(&error.to_string()) => {
                    Err(MailError::Refused(error.to_string()))
                }
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
            .to(Mailbox::new(Some(on_one_line(&letter.to_name)), address))
            .message_id(Some(letter.message_id.clone()))
            .subject(on_one_line(&letter.subject))
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

/// Whether a refusal for good is of the receiver's address, rather than of our name, our sender or our mails: by its enhanced code
/// (RFC 3463: 5.1.x are addresses, 5.2.x mailboxes; 5.1.7 and 5.1.8 the sender's), else by its plain one (RFC 5321).
fn is_about_the_address(answer: &str) -> bool {
    let codes = || answer.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ':'));
    if let Some(enhanced) = codes().find(|word| word.starts_with("5.") && word.len() >= 5) {
        let is_sender = matches!(enhanced, "5.1.7" | "5.1.8");
        return !is_sender && (enhanced.starts_with("5.1.") || enhanced.starts_with("5.2."));
    }
    codes().any(|word| matches!(word, "550" | "551" | "552" | "553" | "556"))
        && !answer.to_ascii_lowercase().contains("sender")
}

/// What a header may say: a name with an end of a line in it must not get here, and if it does it is no other header (A52).
fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m34_only_a_refusal_of_the_address_itself_is_for_good() {
        for answer in [
            "permanent error (550): nobody here",
            "permanent error (550): 5.1.1 <kesha@uberpopug.example>: no such user",
            "permanent error (552): 5.2.2 mailbox full",
            "permanent error (553): mailbox name not allowed",
            "permanent error (556): 5.1.10 null MX",
        ] {
            assert!(is_about_the_address(answer), "{answer}");
        }
        for answer in [
            "permanent error (535): 5.7.8 authentication failed",
            "permanent error (530): authentication required",
            "permanent error (553): 5.1.8 sender address rejected: domain not found",
            "permanent error (550): sender denied",
            "permanent error (550): 5.7.1 message refused by policy",
            "permanent error (554): 5.7.1 relay access denied",
            "permanent error (554): transaction failed",
            "permanent error (502): command not implemented",
        ] {
            assert!(!is_about_the_address(answer), "{answer}");
        }
    }
}
