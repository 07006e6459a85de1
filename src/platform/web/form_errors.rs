//! What is wrong with a form, in the visitor's language.

use actix_web::http::StatusCode;

use crate::platform::error::FieldError;
use crate::platform::i18n::{self, Lang};

/// The errors of a form, by field; empty when the form is shown for the first time.
#[derive(Clone, Debug, Default)]
pub struct FormErrors(Vec<(&'static str, String)>);

impl FormErrors {
    /// No errors.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The errors as the visitor reads them.
    #[must_use]
    pub fn new(lang: Lang, errors: &[FieldError]) -> Self {
        Self(
            errors
                .iter()
                .map(|error| (error.field, i18n::text(lang, &error.message)))
                .collect(),
        )
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(name, _)| *name == field)
            .map(|(_, text)| text.clone())
    }

    /// Whether there is nothing wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The status of a page that shows the form: 200, or 422 when something is wrong.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }

    /// Every error: the field and the text.
    #[must_use]
    pub fn all(&self) -> &[(&'static str, String)] {
        &self.0
    }
}
