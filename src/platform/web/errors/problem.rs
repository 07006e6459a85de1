//! Problem documents (RFC 9457) for the API.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Face;
use crate::platform::error::Message;
use crate::platform::i18n::{self, Lang};

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct Problem<'a> {
    /// The kind of problem; stable.
    #[schema(example = "/problems/invalid-input")]
    r#type: String,
    /// The kind of problem, for people.
    #[schema(example = "Something is wrong with what was sent")]
    title: String,
    /// The status of the answer.
    #[schema(example = 422)]
    status: u16,
    /// What to do about it, for people, in the language that `Accept-Language` asks for.
    detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/v1/tasks")]
    instance: &'a str,
    /// The sentence in `detail`, by a name that is stable.
    #[schema(example = "error-invalid-input")]
    code: &'a str,
    /// Find it in the log by this.
    request_id: Uuid,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<ProblemField<'a>>,
}

/// What is wrong with a field.
#[derive(Serialize, ToSchema)]
pub struct ProblemField<'a> {
    /// Its name; inside of others with dots, such as `roles[0]`.
    #[schema(example = "title")]
    field: &'a str,
    /// What is wrong, by a name that is stable.
    #[schema(example = "field-title-empty")]
    code: &'a str,
    /// What is wrong, for people.
    message: String,
}

/// The problem document of an error; `type` and `code` are stable, `title`, `detail` and `message` are for people.
pub(super) fn draw(face: &Face, lang: Lang, path: &str, request_id: Uuid) -> HttpResponse {
    let errors = face
        .fields
        .iter()
        .map(|(field, message)| ProblemField {
            field,
            code: message.id,
            message: i18n::text(lang, message),
        })
        .collect();
    let problem = Problem {
        r#type: format!("/problems/{}", face.name),
        title: i18n::text(lang, &Message::new(face.title())),
        status: face.status.as_u16(),
        detail: i18n::text(lang, &face.message),
        instance: path,
        code: face.message.id,
        request_id,
        errors,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    HttpResponse::build(face.status)
        .content_type("application/problem+json")
        .body(body)
}
