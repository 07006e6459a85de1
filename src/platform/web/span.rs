//! What the log tells of a request. The address of a feed is a secret, so its log has the route only (A64).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{DefaultRootSpanBuilder, RequestId, RootSpanBuilder};

/// Where the addresses of feeds begin; what follows is secret.
const FEEDS: &str = "/feeds/";

/// A path as the log may have it.
#[must_use]
pub fn without_secret(path: &str) -> &str {
    if path.starts_with(FEEDS) { FEEDS } else { path }
}

/// The span around a request.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        if !request.path().starts_with(FEEDS) {
            return DefaultRootSpanBuilder::on_request_start(request);
        }
        let id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "HTTP request",
            http.method = %request.method(),
            http.route = request.match_pattern().unwrap_or_default(),
            http.target = FEEDS,
            http.status_code = Empty,
            otel.status_code = Empty,
            request_id = id.map(|id| id.to_string()).unwrap_or_default(),
            exception.message = Empty,
            exception.details = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        DefaultRootSpanBuilder::on_request_end(span, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a64_the_log_never_has_the_address_of_a_feed() {
        assert_eq!(without_secret("/feeds/5ec7e7/tasks.atom"), "/feeds/");
        assert_eq!(without_secret("/tasks/all"), "/tasks/all");
    }
}
