//! Nothing over plain http where people come over TLS (A24): the proxy in front of us ends TLS and says which way a request came.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;

use super::{Face, WebSettings};

/// Sends whoever reads a page over plain http to the same page over TLS, and refuses everything else that came so: what was in it has
/// been seen on the way. Without `X-Forwarded-Proto`, or without TLS in `ATES_BASE_URL`, nothing is known and nothing is done. Health is
/// asked from inside and is let through.
///
/// # Errors
/// Those of the service inside.
pub async fn https_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let settings = WebSettings::of(request.request());
    let path = request.path();
    if !settings.https || !came_plainly(&request) || path.starts_with("/health/") {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    }
    let is_page =
        [Method::GET, Method::HEAD].contains(request.method()) && !path.starts_with("/api/");
    if !is_page {
        return Ok(request.error_response(Face::new(
            StatusCode::FORBIDDEN,
            "https-required",
            "error-https-required",
        )));
    }
    let place = request
        .uri()
        .path_and_query()
        .map_or("/", |place| place.as_str());
    let target = format!("{}{place}", settings.origin);
    let answer = actix_web::HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, target))
        .finish();
    Ok(request.into_response(answer))
}

/// Whether the proxy says that the request came to it over plain http.
fn came_plainly(request: &ServiceRequest) -> bool {
    let said = request.headers().get("x-forwarded-proto");
    said.and_then(|said| said.to_str().ok())
        .and_then(|said| said.rsplit(',').next())
        .is_some_and(|last| last.trim().eq_ignore_ascii_case("http"))
}
