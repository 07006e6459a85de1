//! Kinds of values that the document describes more closely than their types do.

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::platform::web::{DEFAULT_LIMIT, MAX_LIMIT};

/// One of these words.
#[must_use]
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .into()
}

/// A text that fits a pattern of ECMA 262.
#[must_use]
pub fn text(shortest: usize, longest: usize, pattern: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(shortest))
        .max_length(Some(longest))
        .pattern(Some(pattern))
        .build()
}

/// The same, with an example.
#[must_use]
pub fn text_of(shortest: usize, longest: usize, pattern: &str, example: &str) -> RefOr<Schema> {
    let mut text = text(shortest, longest, pattern);
    text.examples = vec![json!(example)];
    RefOr::T(text.into())
}

/// `limit`: how many rows a piece of a list has at most.
pub struct PageLimit;

impl PartialSchema for PageLimit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(MAX_LIMIT))
            .default(Some(json!(DEFAULT_LIMIT)))
            .into()
    }
}

impl ToSchema for PageLimit {}

/// `cursor`: where a piece of a list begins, as the piece before said it.
pub struct CursorText;

impl PartialSchema for CursorText {
    fn schema() -> RefOr<Schema> {
        text(1, 512, "^[A-Za-z0-9_-]+$").into()
    }
}

impl ToSchema for CursorText {}

/// A business date, `YYYY-MM-DD` in the company's zone.
pub struct Day;

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .examples([json!("2026-03-02")])
            .into()
    }
}

impl ToSchema for Day {}

/// The uid of a person.
pub struct PersonUid;

impl PartialSchema for PersonUid {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .into()
    }
}

impl ToSchema for PersonUid {}
