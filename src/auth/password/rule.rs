//! What a password may be: long, and not made of what everybody here knows. No composition rules, no expiry; every character
//! counts, spaces and emoji too. Bytes are hashed as they were received, without normalising them.

use crate::platform::error::Message;

/// Shortest password, in Unicode scalar values.
pub const PASSWORD_MIN: usize = 15;
/// Longest password, in Unicode scalar values; checked before anything is hashed (A49).
pub const PASSWORD_MAX: usize = 128;

/// Words of the product and the company that make a password easy to guess.
const CONTEXT: [&str; 9] = [
    "ates",
    "uberpopug",
    "popug",
    "password",
    "administrator",
    "manager",
    "developer",
    "accountant",
    "пароль",
];
/// Letters that remain, once words of the context are taken out, for a password to be one of its own.
const OWN_MIN: usize = 8;

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
    let mailbox = email.split('@').next().unwrap_or_default().to_lowercase();
    for own in [username.to_lowercase(), mailbox] {
        if own.chars().count() >= 3 && lower.contains(&own) {
            return Err(Message::new("field-password-own-name"));
        }
    }
    if lower.contains("uberpopug") || is_mostly_context(&lower) || has_few_characters(&lower) {
        return Err(Message::new("field-password-easy"));
    }
    Ok(())
}

/// Whether little remains when the words that everybody here knows are taken out.
fn is_mostly_context(lower: &str) -> bool {
    let mut rest = lower.to_owned();
    for word in CONTEXT {
        rest = rest.replace(word, "");
    }
    rest.chars().filter(|c| c.is_alphanumeric()).count() < OWN_MIN && rest != lower
}

/// Whether it is one or two characters over and over.
fn has_few_characters(lower: &str) -> bool {
    lower
        .chars()
        .collect::<std::collections::BTreeSet<char>>()
        .len()
        < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(password: &str) -> bool {
        check_password(password, "kesha", "i.petrov@uberpopug.example").is_ok()
    }

    #[test]
    fn a_password_has_15_to_128_characters_of_any_kind() {
        assert!(!is_taken("short of it 14"));
        assert!(is_taken("just fifteen ch"));
        assert!(is_taken("длинная фраза без смысла"));
        assert!(is_taken("🦜🦚🦩🐦🦉🦆🦢🐧🐤🐔🦃🦅🐓🕊🪶"));
        let long: String = "correct horse battery staple "
            .chars()
            .cycle()
            .take(128)
            .collect();
        assert!(is_taken(&long));
        assert!(!is_taken(&format!("{long}x")));
    }

    #[test]
    fn a_password_is_not_made_of_what_everybody_knows() {
        assert!(!is_taken("my name is Kesha, hello"));
        assert!(!is_taken("i.Petrov has a long password"));
        assert!(!is_taken("UberPopug is the company"));
        assert!(!is_taken("ates ates ates ates"));
        assert!(!is_taken("password-password-1"));
        assert!(!is_taken("aaaaaaaaaaaaaaaaaaaa"));
        assert!(!is_taken("abababababababababab"));
        assert!(is_taken("he creates parrots of glass"));
    }
}
