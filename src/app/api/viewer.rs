//! The viewer of the document, for people: pages of its own, open where the installation wants it (`ATES_API_VIEWER`).
//!
//! Its files come with the program and ask nobody else. It reads a copy of the document beside itself, since the API never looks at the
//! cookie; what is tried out with it needs a token like every other request. Its style sheet is written by its scripts, hence a policy
//! of its own, which no other page has.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{Data, Path, ServiceConfig, get, resource};
use utoipa_swagger_ui::{Config as Look, serve};

use super::written;
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::redirect;

const PLACE: &str = "/docs/api/";
const DOCUMENT: &str = "openapi.json";

/// As of every page, but styles may be written by a script of ours, and pictures come from our own style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/docs/api").route(get().to(lead_in)))
        .service(resource("/docs/api/{file:.*}").route(get().to(show_file)));
}

async fn lead_in(viewer: Viewer, config: Data<Config>) -> AppResult<HttpResponse> {
    allow(&viewer, &config)?;
    Ok(redirect(PLACE))
}

async fn show_file(
    viewer: Viewer,
    config: Data<Config>,
    file: Path<String>,
) -> AppResult<HttpResponse> {
    allow(&viewer, &config)?;
    if *file == DOCUMENT {
        return Ok(written());
    }
    let look = Look::from(format!("{PLACE}{DOCUMENT}"))
        .validator_url("none")
        .persist_authorization(false)
        .use_base_layout();
    let file = serve(&file, Arc::new(look))
        .map_err(|error| AppError::internal(error.to_string()))?
        .ok_or(AppError::NotFound)?;
    let mut answer = HttpResponse::Ok()
        .content_type(file.content_type)
        .body(file.bytes.into_owned());
    answer.headers_mut().insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(POLICY),
    );
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// Whether somebody may see it: 404 where it is switched off.
fn allow(viewer: &Viewer, config: &Config) -> AppResult<()> {
    viewer.actor.allow(Operation::ApiDocument)?;
    if config.api_viewer {
        return Ok(());
    }
    Err(AppError::NotFound)
}
