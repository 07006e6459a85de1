//! Reads that are asked for again: an answer of the API carries the digest of its body as `ETag`, and whoever shows the same digest
//! again is told 304 without the body. Nothing is kept on the way (`no-store`): the caller keeps what it likes.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use sha2::{Digest, Sha256};

/// Adds the `ETag` to answers of the API, and answers 304 to who has the same already.
///
/// # Errors
/// Those of the service inside.
pub async fn revalidation<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let concerned = request.method() == Method::GET && request.path().starts_with("/api/");
    let known = concerned
        .then(|| request.headers().get(header::IF_NONE_MATCH))
        .flatten()
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    let answer = next.call(request).await?;
    if !concerned || answer.status() != StatusCode::OK {
        return Ok(answer.map_into_left_body());
    }
    let (request, response) = answer.into_parts();
    let (head, body) = response.into_parts();
    // A stream has no digest before its end.
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(stream) => {
            let response = head.set_body(EitherBody::left(stream));
            return Ok(ServiceResponse::new(request, response));
        }
    };
    let tag = tag_of(&body);
    let mut response: HttpResponse<BoxBody> = if known.is_some_and(|known| names(&known, &tag)) {
        HttpResponse::NotModified().finish()
    } else {
        head.set_body(BoxBody::new(body))
    };
    if let Ok(value) = header::HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    let response = response.map_body(|_, body| EitherBody::right(body));
    Ok(ServiceResponse::new(request, response))
}

/// A weak tag, since the answer may still be compressed.
fn tag_of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("W/\"{}\"", hex::encode(&digest[..16]))
}

/// Whether a list of tags, as `If-None-Match` has it, names this one; weakly, as RFC 9110 has it for this header.
fn names(list: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|one| bare(one) == bare(tag))
}
