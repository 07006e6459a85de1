//! The headers of every answer: what browsers may do with it, and the request's id.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};

use super::{Flash, WebSettings, cookies, request_id};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";
const FIXED: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("x-frame-options", "DENY"),
];

/// What a page may do that shows something of this site in a frame.
const FRAMING: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                       frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// What is shown in such a frame: it may look as it says and do nothing at all.
const FRAMED: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; \
                      sandbox";

/// The same page, allowed to show something of this site in a frame.
#[must_use]
pub fn framing(mut page: HttpResponse) -> HttpResponse {
    set(&mut page, "content-security-policy", FRAMING);
    page
}

/// Foreign HTML, such as a letter, for a frame of this site and nothing else: without scripts, forms and links that lead out.
#[must_use]
pub fn framed(html: String) -> HttpResponse {
    let mut answer = HttpResponse::Ok()
        .content_type(header::ContentType::html())
        .body(html);
    set(&mut answer, "content-security-policy", FRAMED);
    set(&mut answer, "x-frame-options", "SAMEORIGIN");
    answer
}

fn set(answer: &mut HttpResponse, name: &'static str, value: &'static str) {
    answer.headers_mut().insert(
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    );
}

/// Adds the security headers, `x-request-id`, and the cookies that the page asked for; forbids to store every answer that does
/// not say itself how long it lasts.
///
/// # Errors
/// Those of the service inside, as an answer with the same headers.
pub async fn security_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let https = WebSettings::of(request.request()).https;
    let id = request_id(request.request());
    match next.call(request).await {
        Ok(mut answer) => {
            let waiting = answer
                .request()
                .extensions_mut()
                .remove::<cookies::Waiting>()
                .unwrap_or_default();
            let flash = answer.response_mut().extensions_mut().remove::<Flash>();
            let flash = flash.map(|flash| flash.cookie(WebSettings::of(answer.request())));
            for cookie in waiting
                .0
                .iter()
                .filter(|cookie| flash.is_none() || cookie.name() != cookies::FLASH)
                .chain(&flash)
            {
                answer.response_mut().add_cookie(cookie)?;
            }
            add(answer.headers_mut(), https, &id.to_string());
            Ok(answer)
        }
        Err(error) => {
            let mut answer: HttpResponse = error.error_response();
            add(answer.headers_mut(), https, &id.to_string());
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

fn add(headers: &mut HeaderMap, https: bool, request_id: &str) {
    for (name, value) in FIXED {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if https {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
