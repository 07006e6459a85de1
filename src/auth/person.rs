//! What a user's name, log-in name and e-mail address may be (A52, A54).

use std::str::FromStr;

use lettre::Address;
use thiserror::Error;

use crate::platform::text::composed;

/// Shortest log-in name, in characters.
pub const USERNAME_MIN: usize = 3;
/// Longest log-in name, in characters.
pub const USERNAME_MAX: usize = 40;
/// Longest e-mail address, in bytes.
pub const EMAIL_MAX: usize = 254;
/// Longest name or surname, in Unicode scalar values.
pub const NAME_MAX: usize = 80;

/// Why a log-in name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UsernameError {
    /// Fewer than 3 or more than 40 characters.
    #[error("the log-in name needs {USERNAME_MIN} to {USERNAME_MAX} characters")]
    Length,
    /// Something other than Latin letters, digits, `.`, `_` and `-`, or no letter at the beginning.
    #[error(
        "the log-in name has Latin letters, digits, '.', '_' and '-', and begins with a letter"
    )]
    Characters,
}

/// Why an e-mail address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Longer than 254 bytes.
    #[error("the e-mail address is longer than {EMAIL_MAX} bytes")]
    TooLong,
    /// No address a mail server would take, or one with white space or invisible characters.
    #[error("this is not an e-mail address")]
    Form,
}

/// Why a name or surname is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing is left after trimming.
    #[error("the name is empty")]
    Empty,
    /// More than 80 characters.
    #[error("the name is longer than {NAME_MAX} characters")]
    TooLong,
    /// A control, bidi-control or zero-width character, `<` or `>`.
    #[error("the name has a character that cannot be shown")]
    Characters,
}

/// The log-in name as it is stored: trimmed, in lower case.
pub fn check_username(text: &str) -> Result<String, UsernameError> {
    let username = text.trim().to_ascii_lowercase();
    if !(USERNAME_MIN..=USERNAME_MAX).contains(&username.chars().count()) {
        return Err(UsernameError::Length);
    }
    let starts_well = username.starts_with(|c: char| c.is_ascii_lowercase());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if starts_well && username.chars().all(allowed) {
        Ok(username)
    } else {
        Err(UsernameError::Characters)
    }
}

/// The e-mail address as it is stored: trimmed, the domain in lower case, fit for a mail header (A52).
pub fn check_email(text: &str) -> Result<String, EmailError> {
    let email = text.trim();
    if email.len() > EMAIL_MAX {
        return Err(EmailError::TooLong);
    }
    let unfit = |c: char| c.is_whitespace() || is_unseen(c) || c == '<' || c == '>';
    if email.chars().any(unfit) || email.matches('@').count() != 1 {
        return Err(EmailError::Form);
    }
    let address = Address::from_str(email).map_err(|_| EmailError::Form)?;
    let address = Address::new(address.user(), address.domain().to_lowercase())
        .map_err(|_| EmailError::Form)?;
    let stored = address.to_string();
    // Lower case may take more bytes than upper case.
    if stored.len() > EMAIL_MAX {
        return Err(EmailError::TooLong);
    }
    Ok(stored)
}

/// The name or surname as it is stored: trimmed, its letters composed, 1 to 80 characters, all of them to be seen (A54).
pub fn check_name(text: &str) -> Result<String, NameError> {
    let name = composed(text.trim());
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().any(|c| is_unseen(c) || c == '<' || c == '>') {
        return Err(NameError::Characters);
    }
    if name.chars().count() > NAME_MAX {
        return Err(NameError::TooLong);
    }
    Ok(name)
}

/// Controls, line separators, bidi controls, zero-width and filler characters.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_latin_and_lower_case() {
        assert_eq!(
            check_username(" Ivan.Petrov-2_x "),
            Ok("ivan.petrov-2_x".into())
        );
        assert_eq!(check_username("abc"), Ok("abc".into()));
        assert_eq!(check_username("ab"), Err(UsernameError::Length));
        assert_eq!(check_username(&"a".repeat(40)), Ok("a".repeat(40)));
        assert_eq!(check_username(&"a".repeat(41)), Err(UsernameError::Length));
        for text in [
            "1abc",
            ".abc",
            "иван",
            "a b c",
            "abc@x",
            "abс",
            "abc\0",
            "\u{212A}elvin",
        ] {
            assert_eq!(
                check_username(text),
                Err(UsernameError::Characters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a52_an_email_address_is_fit_for_a_header() {
        assert_eq!(
            check_email(" Ivan.Petrov@UberPopug.Example "),
            Ok("Ivan.Petrov@uberpopug.example".into())
        );
        for text in [
            "",
            "@",
            "ivan",
            "ivan@",
            "@x.example",
            "a@b@c.example",
            "\"a@b\"@c.example",
            "a\r\nBcc: b@c.example",
            "a@c.example\r\nBcc: x",
            "a\0@c.example",
            "a b@c.example",
            "Ivan <a@c.example>",
            "a@c..example",
            "a@-",
            "a\u{202E}@c.example",
            "a@c.example,b",
        ] {
            assert_eq!(check_email(text), Err(EmailError::Form), "{text:?}");
        }
        let label = "x".repeat(60);
        let long = format!("a@{label}.{label}.{label}.{label}.example.example");
        assert_eq!(check_email(&long), Err(EmailError::TooLong));
    }

    #[test]
    fn a54_a_name_has_only_characters_that_can_be_seen() {
        for name in [
            "Мария-Луиза",
            "O’Brien",
            "Ёлкина",
            "José",
            "王",
            "van der Berg",
        ] {
            assert_eq!(check_name(&format!("  {name} ")), Ok(name.into()));
        }
        assert_eq!(check_name("Андреи\u{306}"), Ok("Андрей".into()));
        assert_eq!(check_name(" "), Err(NameError::Empty));
        assert_eq!(check_name(&"ж".repeat(80)), Ok("ж".repeat(80)));
        assert_eq!(check_name(&"ж".repeat(81)), Err(NameError::TooLong));
        for text in [
            "a\0",
            "a\nb",
            "a\r\nBcc: b",
            "a\tb",
            "a\u{200B}b",
            "a\u{202E}b",
            "a\u{2067}b",
            "\u{FEFF}a",
            "a\u{200D}b",
            "a\u{2028}b",
            "<b>",
            "\u{3164}",
        ] {
            assert_eq!(check_name(text), Err(NameError::Characters), "{text:?}");
        }
    }
}
