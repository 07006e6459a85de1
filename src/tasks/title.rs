//! What a task's title, jira id and description may be (T05), and how an imported title is split.

use thiserror::Error;

use crate::platform::text::composed;

/// Longest title, in Unicode scalar values.
pub const TITLE_MAX: usize = 200;
/// Longest description, in Unicode scalar values.
pub const DESCRIPTION_MAX: usize = 10_000;
const JIRA_KEY_MAX: usize = 20;
const JIRA_NUMBER_MAX: usize = 12;

/// Why a title is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TitleError {
    /// Nothing visible is left after trimming.
    #[error("the title is empty")]
    Empty,
    /// More than [`TITLE_MAX`] characters.
    #[error("the title is longer than {TITLE_MAX} characters")]
    TooLong,
    /// `[` or `]`: the id belongs into its own field.
    #[error("the title has a square bracket; a jira id goes into its own field")]
    Brackets,
    /// A line break, NUL or another control character.
    #[error("the title has a line break or a control character")]
    Control,
}

/// Why a jira id is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JiraIdError {
    /// Not of the form `UBERPOP-42`: up to 20 capital letters and digits, a hyphen, up to 12 digits.
    #[error("the jira id does not look like UBERPOP-42")]
    Form,
}

/// Why a description is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DescriptionError {
    /// More than [`DESCRIPTION_MAX`] characters.
    #[error("the description is longer than {DESCRIPTION_MAX} characters")]
    TooLong,
    /// NUL or another control character besides tab and line break.
    #[error("the description has a control character")]
    Control,
}

/// The title as it is stored, T05.
///
/// A tab becomes a space, bidi controls and zero-width marks are dropped, letters are composed (A54), the ends are trimmed.
/// 1 to 200 characters remain, without square brackets and control characters.
pub fn check_title(text: &str) -> Result<String, TitleError> {
    let spaced: String = without_disguise(text).replace('\t', " ");
    let title = spaced.trim();
    if title.is_empty() {
        return Err(TitleError::Empty);
    }
    if title.chars().any(is_refused) {
        return Err(TitleError::Control);
    }
    if title.contains(['[', ']']) {
        return Err(TitleError::Brackets);
    }
    if title.chars().count() > TITLE_MAX {
        return Err(TitleError::TooLong);
    }
    Ok(title.to_owned())
}

/// The jira id as it is stored, T05: `None` for nothing but white space.
pub fn check_jira_id(text: &str) -> Result<Option<String>, JiraIdError> {
    let id = text.trim();
    if id.is_empty() {
        return Ok(None);
    }
    if is_jira_id(id) {
        Ok(Some(id.to_owned()))
    } else {
        Err(JiraIdError::Form)
    }
}

/// The description as it is stored, T04: line breaks as `\n`, no white space at the end, `None` when nothing is left.
///
/// Bidi controls and zero-width marks are dropped and letters composed as in a title (A54).
pub fn check_description(text: &str) -> Result<Option<String>, DescriptionError> {
    let normal = without_disguise(text).replace("\r\n", "\n");
    let description = normal.trim_end();
    if description.is_empty() {
        return Ok(None);
    }
    if description
        .chars()
        .any(|c| is_refused(c) && c != '\n' && c != '\t')
    {
        return Err(DescriptionError::Control);
    }
    if description.chars().count() > DESCRIPTION_MAX {
        return Err(DescriptionError::TooLong);
    }
    Ok(Some(description.to_owned()))
}

/// Jira id and title of one imported row; neither is checked yet.
///
/// With an empty `jira_id`, `[KEY-1] - Title` is split: after the id may come one of `-`, `–`, `—`, `:` with spaces
/// around it. A row that has its id already, and a bracket that holds no id, stay as they are.
pub fn split_imported_title(jira_id: &str, title: &str) -> (String, String) {
    let untouched = || (jira_id.to_owned(), title.to_owned());
    if !jira_id.trim().is_empty() {
        return untouched();
    }
    let Some((id, rest)) = title
        .trim_start()
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    else {
        return untouched();
    };
    let id = id.trim();
    if !is_jira_id(id) {
        return untouched();
    }
    let rest = rest.trim_start();
    let text = rest
        .strip_prefix(['-', '–', '—', ':'])
        .unwrap_or(rest)
        .trim_start();
    (id.to_owned(), text.to_owned())
}

/// The title as people see it: `[UBERPOP-42] Поменять…`, or the bare title without an id (T05).
pub fn display_title(jira_id: Option<&str>, title: &str) -> String {
    match jira_id {
        Some(id) => format!("[{id}] {title}"),
        None => title.to_owned(),
    }
}

fn is_jira_id(text: &str) -> bool {
    let Some((key, number)) = text.split_once('-') else {
        return false;
    };
    key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.len() <= JIRA_KEY_MAX
        && key
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && (1..=JIRA_NUMBER_MAX).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// Control characters, and the line and paragraph separators that some readers take for line breaks.
fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Composes letters, and drops what changes the look of a text without being seen. The joiners U+200C and U+200D stay: emoji and some
/// scripts need them.
fn without_disguise(text: &str) -> String {
    composed(text)
        .chars()
        .filter(|c| {
            !matches!(c,
                '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
                | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        })
        .collect()
}

#[cfg(test)]
mod tests;
