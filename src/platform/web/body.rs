//! How the body of a request is received: as it was sent, up to a limit, within a time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;

use super::Face;
use super::door::Place;

/// How long a body may take to come.
const DEADLINE: Duration = Duration::from_secs(10);

/// Receives a body of at most `limit` bytes.
///
/// # Errors
/// 408 when it does not come in time; 413 when it is longer, which its head may say already; 415 when it is packed: a few bytes unpack to
/// more than anybody has room for.
pub(super) async fn receive(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Bytes, Face> {
    let headers = request.headers();
    let packed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|how| !how.as_bytes().eq_ignore_ascii_case(b"identity"));
    if packed {
        return Err(Face::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let said: Option<usize> = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Face::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let mut coming = pin!(collect(payload, limit));
    // Most bodies are there with their head.
    if let Poll::Ready(body) = poll_fn(|context| Poll::Ready(coming.as_mut().poll(context))).await {
        return body;
    }
    let place = request.extensions().get::<Place>().cloned();
    if let Some(place) = &place {
        place.leave();
    }
    let body = tokio::time::timeout(DEADLINE, coming)
        .await
        .map_err(|_| Face::of_status(StatusCode::REQUEST_TIMEOUT))?;
    if let (Some(place), Ok(_)) = (&place, &body) {
        let back = place.come_back().await;
        back.map_err(|error| Face::of_error(&error))?;
    }
    body
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, Face> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Face::of_status(StatusCode::BAD_REQUEST))?;
        if body.len() + piece.len() > limit {
            return Err(Face::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// Whether a request says that its body is of this type.
pub(super) fn is_of_type(request: &HttpRequest, wanted: &str) -> bool {
    request.content_type().trim().eq_ignore_ascii_case(wanted)
}
