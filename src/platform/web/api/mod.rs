//! What every operation of the API shares: how a body is read, what a list looks like, and the words of the OpenAPI document.

mod body;
mod cache;
mod lists;
mod schemas;
#[cfg(test)]
mod tests;

pub(super) use body::JSON_LIMIT;
pub use body::{JsonBody, JsonOrForm, Nothing, OptionalJsonBody};
pub use cache::revalidation;
pub use lists::{List, Named};
pub use schemas::{CursorText, Day, PageLimit, PersonUid, text, text_of, words};
