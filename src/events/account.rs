//! What auth tells: people come, change, go and log in.

use serde::{Deserialize, Serialize};

use super::Event;

/// A person's record as other modules may know it: no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    /// The log-in name.
    pub username: String,
    /// Where mails go.
    pub email: String,
    /// The given name.
    pub name: String,
    /// The family name.
    pub surname: String,
    /// The language of mails, when the person chose one.
    pub language: Option<String>,
    /// The role set, by name.
    pub roles: Vec<String>,
    /// Grows with each change, so that an older record never overwrites a newer one.
    pub version: i64,
}

/// `account.created`: a user was registered (A18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountCreated(pub AccountRecord);

/// `account.updated`: a user's record or roles were changed (A18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountUpdated(pub AccountRecord);

/// `account.deleted`: a user was deactivated (A18, A20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountDeleted {
    /// As in [`AccountRecord`].
    pub version: i64,
}

/// `account.logged_in`: somebody logged in (A06).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLoggedIn {
    /// By what: `password`, `beak`, `passkey` or `openid`.
    pub method: String,
}

impl Event for AccountCreated {
    const TYPE: &'static str = "account.created";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "account";
    const PRODUCER: &'static str = "auth";
}

impl Event for AccountUpdated {
    const TYPE: &'static str = "account.updated";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "account";
    const PRODUCER: &'static str = "auth";
}

impl Event for AccountDeleted {
    const TYPE: &'static str = "account.deleted";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "account";
    const PRODUCER: &'static str = "auth";
}

impl Event for AccountLoggedIn {
    const TYPE: &'static str = "account.logged_in";
    const VERSION: i16 = 2;
    const TOPIC: &'static str = "account";
    const PRODUCER: &'static str = "auth";
}
