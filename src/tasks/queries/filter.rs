//! Which tasks of a list are wanted.

use crate::events::TaskStatus;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::UserId;
use crate::platform::text::composed;

/// The filter of the list of all tasks; without anything it takes them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tasks) struct TaskFilter {
    pub status: Option<TaskStatus>,
    pub assignee: Option<UserId>,
    pub text: Option<String>,
}

impl TaskFilter {
    /// Reads the words of an address; empty ones are no filter.
    ///
    /// # Errors
    /// Invalid at `status` or `assignee`, when there is no such thing.
    pub fn parse(
        status: Option<&str>,
        assignee: Option<&str>,
        text: Option<&str>,
    ) -> AppResult<Self> {
        fn given(word: Option<&str>) -> Option<&str> {
            word.map(str::trim).filter(|word| !word.is_empty())
        }
        Ok(Self {
            status: parse_status(status)?,
            assignee: given(assignee)
                .map(str::parse)
                .transpose()
                .map_err(|_| AppError::field("assignee", "field-not-understood"))?,
            text: given(text).map(|text| composed(text).chars().take(200).collect()),
        })
    }

    /// The text as a pattern for `ilike`, its own wildcards taken literally.
    pub(super) fn pattern(&self) -> Option<String> {
        let escape = |text: &String| {
            let literal: String = text.chars().fold(String::new(), |mut literal, c| {
                if matches!(c, '%' | '_' | '\\') {
                    literal.push('\\');
                }
                literal.push(c);
                literal
            });
            format!("%{literal}%")
        };
        self.text.as_ref().map(escape)
    }

    /// The number, when the text is one: `482`, `T-482`, `#482`.
    pub(super) fn number(&self) -> Option<i64> {
        let text = self.text.as_deref()?;
        let figures = ["T-", "t-", "Т-", "т-", "#"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text);
        figures.parse().ok()
    }
}

/// A status by its word; none for none.
///
/// # Errors
/// Invalid at `status` for any other word.
pub(in crate::tasks) fn parse_status(word: Option<&str>) -> AppResult<Option<TaskStatus>> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    TaskStatus::parse(word)
        .map(Some)
        .ok_or_else(|| AppError::field("status", "field-task-status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_text(text: &str) -> TaskFilter {
        TaskFilter::parse(None, None, Some(text)).unwrap()
    }

    #[test]
    fn a_text_is_taken_literally() {
        assert_eq!(
            with_text(r"100%_\").pattern().as_deref(),
            Some(r"%100\%\_\\%")
        );
        assert_eq!(with_text("  ").pattern(), None);
    }

    #[test]
    fn a_task_is_found_by_its_number() {
        assert_eq!(with_text("T-482").number(), Some(482));
        assert_eq!(with_text("482").number(), Some(482));
        assert_eq!(with_text("UBERPOP-482").number(), None);
    }

    #[test]
    fn t23_only_known_statuses_are_taken() {
        assert!(TaskFilter::parse(Some("closed"), None, None).is_err());
        let open = TaskFilter::parse(Some("open"), Some(""), None).unwrap();
        assert_eq!(open.status, Some(TaskStatus::Open));
    }
}
