//! The first of two walls against forged requests: a change must come from a page of this site (A44).

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;

use super::{Face, WebSettings};

/// Refuses every state-changing request that does not come from a page of this site. The API and the health are let
/// through: they never take the browser's cookie.
///
/// # Errors
/// Those of the service inside.
pub async fn fetch_guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if is_safe || is_for_programs(request.path()) || comes_from_here(&request) {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    }
    tracing::warn!(
        path = request.path(),
        "refused a change that did not come from a page of ours"
    );
    Ok(request.error_response(Face::new(
        StatusCode::FORBIDDEN,
        "cross-site",
        "error-cross-site",
    )))
}

/// What never takes the browser's cookie.
fn is_for_programs(path: &str) -> bool {
    ["/api/", "/.well-known/", "/health/"]
        .iter()
        .any(|start| path.starts_with(start))
}

fn comes_from_here(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = &WebSettings::of(request.request()).origin;
    headers
        .get(header::ORIGIN)
        .is_some_and(|given| given.as_bytes() == origin.as_bytes())
}
