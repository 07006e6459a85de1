//! Answers that several modules give.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::web::PageOf;

/// One piece of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Leads to the next piece; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A list that is whole.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}

impl<T> From<PageOf<T>> for List<T> {
    fn from(page: PageOf<T>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next,
        }
    }
}

/// A person, to be shown and asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct Named {
    /// The person's uid.
    pub uid: Uuid,
    /// Name and surname.
    #[schema(example = "Kesha Popugov")]
    pub name: String,
}
