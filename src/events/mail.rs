//! What accounting tells about its mails (M37); about the employee.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Event;

/// `email.sent`: the mail server accepted a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSent {
    /// The mail.
    pub mail: Uuid,
    /// Its Message-ID.
    pub message_id: String,
    /// What it was about: `payout`, `statement` or `day_digest`.
    pub kind: String,
}

/// `email.failed`: a mail was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailFailed {
    /// The mail.
    pub mail: Uuid,
    /// Its Message-ID.
    pub message_id: String,
    /// What it was about: `payout`, `statement` or `day_digest`.
    pub kind: String,
    /// What the server said last.
    pub error: String,
}

impl Event for EmailSent {
    const TYPE: &'static str = "email.sent";
    const VERSION: i16 = 2;
    const TOPIC: &'static str = "mail";
    const PRODUCER: &'static str = "accounting";
}

impl Event for EmailFailed {
    const TYPE: &'static str = "email.failed";
    const VERSION: i16 = 2;
    const TOPIC: &'static str = "mail";
    const PRODUCER: &'static str = "accounting";
}
