//! What a password may be: long, not on the list of common ones, and not made of what everybody here knows. No composition rules, no
//! expiry; every character counts, spaces and emoji too. Bytes are hashed as they were received, without normalising them.

mod common;
mod strength;

use crate::platform::error::Message;
pub use strength::judge;

/// Shortest password, in Unicode scalar values.
pub const PASSWORD_MIN: usize = 15;
/// Longest password, in Unicode scalar values; checked before anything is hashed (A49).
pub const PASSWORD_MAX: usize = 128;

/// Words of the product and the company that make a password easy to guess.
const CONTEXT: [&str; 22] = [
    "ates",
    "uberpopug",
    "popug",
    "parrot",
    "password",
    "passphrase",
    "administrator",
    "admin",
    "manager",
    "developer",
    "boss",
    "accountant",
    "internalservice",
    "other",
    "попуг",
    "пароль",
    "администратор",
    "менеджер",
    "разработчик",
    "начальник",
    "бухгалтер",
    "убер",
];
/// Letters that remain, once words of the context are taken out, for a password to be one of its own.
const OWN_MIN: usize = 8;
/// The shortest name of one's own that is looked for.
const NAME_MIN: usize = 3;

/// Checks a new password of the user with this log-in name and e-mail address.
///
/// # Errors
/// What is wrong with it, for people.
pub fn check_password(password: &str, username: &str, email: &str) -> Result<(), Message> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        return Err(Message::new("field-password-short").with("min", PASSWORD_MIN));
    }
    if length > PASSWORD_MAX {
        return Err(Message::new("field-password-long").with("max", PASSWORD_MAX));
    }
    let lower = password.to_lowercase();
    let readings = common::readings(password);
    let says = |word: &str| {
        let is_long = word.chars().count() > NAME_MIN;
        lower.contains(word) || is_long && readings.iter().any(|read| read.contains(word))
    };
    let mailbox = email.split('@').next().unwrap_or_default().to_lowercase();
    for own in [username.trim().to_lowercase(), mailbox] {
        if own.chars().count() >= NAME_MIN && says(&own) {
            return Err(Message::new("field-password-own-name"));
        }
    }
    if says("uberpopug") || readings.iter().any(|read| is_mostly_context(read)) {
        return Err(Message::new("field-password-easy"));
    }
    if has_few_characters(&lower) || readings.iter().any(|read| common::is_common(read)) {
        return Err(Message::new("field-password-common"));
    }
    Ok(())
}

/// Whether little remains when the words that everybody here knows are taken out.
fn is_mostly_context(reading: &str) -> bool {
    let mut rest = reading.to_owned();
    for word in CONTEXT {
        rest = rest.replace(word, "");
    }
    rest.chars().filter(|c| c.is_alphabetic()).count() < OWN_MIN && rest != reading
}

/// Whether it is a few signs over and over.
fn has_few_characters(lower: &str) -> bool {
    lower
        .chars()
        .collect::<std::collections::BTreeSet<char>>()
        .len()
        < 4
}

#[cfg(test)]
mod tests;
