//! What an `other` row of the journal says (T27): a word for the program, which pages turn into a sentence.

use std::fmt;

use super::model::TaskText;

/// A field of a task that people change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The title.
    Title,
    /// The id in the issue tracker.
    JiraId,
    /// The description.
    Description,
}

impl Field {
    const ALL: [Self; 3] = [Self::Title, Self::JiraId, Self::Description];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::JiraId => "jira_id",
            Self::Description => "description",
        }
    }
}

/// A note in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It was priced and saved, so it is open now.
    Opened,
    /// These fields were changed.
    Edited(Vec<Field>),
    /// Words of an operator, as they were written.
    Words(String),
}

impl Note {
    /// What differs between two texts.
    #[must_use]
    pub fn edited(before: &TaskText, after: &TaskText) -> Self {
        let differs = |field: &Field| match field {
            Field::Title => before.title != after.title,
            Field::JiraId => before.jira_id != after.jira_id,
            Field::Description => before.description != after.description,
        };
        Self::Edited(Field::ALL.into_iter().filter(differs).collect())
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "opened" {
            return Self::Opened;
        }
        let fields = text.strip_prefix("edited: ").map(|names| {
            let field = |name| Field::ALL.into_iter().find(|field| field.as_str() == name);
            names.split(", ").map(field).collect::<Option<Vec<_>>>()
        });
        match fields {
            Some(Some(fields)) => Self::Edited(fields),
            _ => Self::Words(text.to_owned()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => f.write_str("opened"),
            Self::Edited(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
                write!(f, "edited: {}", names.join(", "))
            }
            Self::Words(words) => f.write_str(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t27_a_note_is_read_as_it_was_written() {
        for note in [
            Note::Opened,
            Note::Edited(vec![Field::Title, Field::Description]),
            Note::Words("edited by hand: see the audit".into()),
        ] {
            assert_eq!(Note::parse(&note.to_string()), note);
        }
    }
}
