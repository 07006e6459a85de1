//! From a template to an answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;

use crate::platform::error::{AppError, AppResult};

/// The page with status 200.
///
/// # Errors
/// Internal, when the template fails.
pub fn render(page: &impl Template) -> AppResult<HttpResponse> {
    render_with(StatusCode::OK, page)
}

/// The page with a status of its own: 422 for a form that comes back with its errors, 409 for a lost race.
///
/// # Errors
/// Internal, when the template fails.
pub fn render_with(status: StatusCode, page: &impl Template) -> AppResult<HttpResponse> {
    let html = page
        .render()
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    Ok(HttpResponse::build(status)
        .content_type(ContentType::html())
        .body(html))
}
