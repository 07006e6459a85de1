//! Problem documents (RFC 9457) for the API.

use actix_web::HttpResponse;
use serde::Serialize;
use uuid::Uuid;

use super::Face;
use crate::platform::error::Message;
use crate::platform::i18n::{self, Lang};

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: &'a str,
    code: &'a str,
    request_id: Uuid,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemField<'a>>,
}

#[derive(Serialize)]
struct ProblemField<'a> {
    field: &'a str,
    code: &'a str,
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
