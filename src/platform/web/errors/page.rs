//! The error page.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use askama::Template;
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::Face;
use crate::platform::error::Message;
use crate::platform::web::Frame;

#[derive(Template)]
#[template(path = "errors/error.html")]
struct ErrorPage {
    frame: Frame,
    status: u16,
    heading: String,
    text: String,
    fields: Vec<(String, String)>,
    wait: Option<String>,
    request_id: Uuid,
}

/// The page of an error in the visitor's language, with their navigation when they are known.
pub(super) fn draw(face: &Face, frame: Frame, request_id: Uuid) -> HttpResponse {
    let wait = face
        .retry_after
        .map(|seconds| frame.text(&Message::new("error-try-again-in").with("seconds", seconds)));
    let page = ErrorPage {
        status: face.status.as_u16(),
        heading: frame.text(&Message::new(face.title())),
        text: frame.text(&face.message),
        fields: face
            .fields
            .iter()
            .map(|(field, message)| (field.to_string(), frame.text(message)))
            .collect(),
        wait,
        request_id,
        frame,
    };
    let html = page.render().unwrap_or_else(|error| {
        tracing::error!(error = %error, "the error page cannot be drawn");
        format!("{} {request_id}", page.status)
    });
    HttpResponse::build(face.status)
        .content_type(ContentType::html())
        .body(html)
}
