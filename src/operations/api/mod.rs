//! `/api/v1/ops`: the operator's tools as JSON (contract section 3).

mod consumers;
mod feed;
mod letters;
mod stop;

use actix_web::web::{self, ServiceConfig, get, post, resource};
use utoipa::OpenApi;

use crate::platform::error::{AppError, AppResult};

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    stop::configure(app);
    feed::configure(app);
    app.service(resource("/api/v1/ops/consumers").route(get().to(consumers::list_consumers)))
        .service(
            resource("/api/v1/ops/consumers/{name}/pause")
                .route(post().to(consumers::pause_consumer)),
        )
        .service(
            resource("/api/v1/ops/consumers/{name}/resume")
                .route(post().to(consumers::resume_consumer)),
        )
        .service(resource("/api/v1/ops/dead-letters").route(get().to(letters::list_dead_letters)))
        .service(
            resource("/api/v1/ops/dead-letters/{item}/retry")
                .route(post().to(letters::retry_dead_letter)),
        );
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "operations", description = "The operator's tools: consumers of events, what they could not digest, the emergency stop")),
    paths(
        consumers::list_consumers, consumers::pause_consumer, consumers::resume_consumer,
        letters::list_dead_letters, letters::retry_dead_letter, stop::set_stop, stop::release_stop,
    ),
)]
struct Operator;

/// The module's part of the API's document.
pub(super) struct Document;

impl OpenApi for Document {
    fn openapi() -> utoipa::openapi::OpenApi {
        let mut document = Operator::openapi();
        document.merge(feed::Document::openapi());
        document
    }
}

/// Does something on a thread of its own, as it may have to wait for the step in hand.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    web::block(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}
