//! The API as a whole: its document, what the document says of every operation alike, and the viewer.

mod complete;
mod strict;
mod viewer;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{ServiceConfig, get, resource};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Written};

use crate::auth::{ApiUser, Operation};
use crate::platform::error::AppResult;
use crate::platform::web::Problem;
use crate::{accounting, analytics, auth, operations, tasks};

use super::health;
pub(super) use strict::strict_queries;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "aTES",
        version = "1",
        description = "The awesome task exchange system of UberPopug Inc, for scripts, bots and reports. Amounts are integers in \
                       minor units (cents), with keys that end in `_minor`. Times are RFC 3339 in UTC, days `YYYY-MM-DD` in the \
                       company's zone. Lists come in pieces: `next_cursor` of one leads to the next. Every error is a problem \
                       document (RFC 9457) whose `type` and `code` are stable. A read that is answered with an `ETag` may be asked \
                       for again with `If-None-Match`.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "This installation")),
    security(("bearer" = [])),
    components(schemas(Problem)),
    paths(show_document),
    tags((name = "about", description = "The API itself, and the health of the process")),
)]
struct Frame;

/// Mounts the document and its viewer.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/openapi.json").route(get().to(show_document)));
    viewer::configure(app);
}

/// The document of the API: what each module says of its operations, completed by what holds for all of them.
#[must_use]
pub fn document() -> &'static Written {
    static DOCUMENT: OnceLock<Written> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Frame::openapi();
        for part in [
            health::document(),
            auth::document(),
            tasks::document(),
            accounting::document(),
            analytics::document(),
            operations::document(),
        ] {
            document.merge(part);
        }
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token of `auth_user`, or a token of a script from the profile page",
            ))
            .build();
        document
            .components
            .get_or_insert_with(Components::new)
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
        complete::complete(&mut document);
        document
    })
}

/// The document as it is served and kept in the repository.
fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| document().to_pretty_json().unwrap_or_default())
}

/// Shows this document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "about", operation_id = "api_document",
    responses((status = 200, body = Object, description = "The document")),
)]
async fn show_document(user: ApiUser) -> AppResult<HttpResponse> {
    user.actor.allow(Operation::ApiDocument)?;
    Ok(written())
}

fn written() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(header::ContentType::json())
        .body(text())
}
