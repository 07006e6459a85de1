//! Health: alive without asking anybody, ready only if a write would work (contract section 2, R26).

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get, resource};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::openapi::{OpenApi as Written, RefOr, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

use crate::bus;
use crate::platform::db::{Db, Writable};
use crate::platform::web::api::words;
use crate::platform::workers::Board;

/// How long the database is asked whether a write would work; who watches does not wait for a deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The process lives.
#[derive(Serialize, ToSchema)]
struct Liveness {
    #[schema(example = "alive")]
    status: &'static str,
}

/// Whether a write would work.
struct ReadyWord;

impl PartialSchema for ReadyWord {
    fn schema() -> RefOr<Schema> {
        words(["ready", "read_only", "stopped", "unavailable"])
    }
}

impl ToSchema for ReadyWord {}

/// Whether the process can do its work.
#[derive(Serialize, ToSchema)]
struct Readiness {
    #[schema(value_type = ReadyWord)]
    status: &'static str,
    /// How each part of the background work is: `up`, `stopped`, `failed` or `paused`.
    modules: BTreeMap<String, String>,
}

/// Mounts the two checks.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/health/live").route(get().to(live)))
        .service(resource("/health/ready").route(get().to(ready)));
}

/// The operations in the API's document.
pub(super) fn document() -> Written {
    #[derive(OpenApi)]
    #[openapi(paths(live, ready))]
    struct Document;
    Document::openapi()
}

/// Says that the process lives, without asking anybody
#[utoipa::path(
    get, path = "/health/live", tag = "about", operation_id = "health_live", security(()),
    responses((status = 200, body = Liveness, description = "It lives")),
)]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "alive" })
}

/// Says whether a write would work
#[utoipa::path(
    get, path = "/health/ready", tag = "about", operation_id = "health_ready", security(()),
    responses(
        (status = 200, body = Readiness, description = "It would"),
        (status = 503, body = Readiness, description = "It would not"),
    ),
)]
async fn ready(db: Data<Db>, board: Data<Board>) -> HttpResponse {
    let mut modules: BTreeMap<String, String> = board
        .all()
        .into_iter()
        .map(|(name, health)| (name, health.word().to_owned()))
        .collect();
    let (subscribers, writable) = tokio::join!(
        timeout(ANSWER_WITHIN, db.read(bus::ROLE, bus::statuses)),
        timeout(ANSWER_WITHIN, db.check_writable()),
    );
    let reads = matches!(subscribers, Ok(Ok(_)));
    if let Ok(Ok(subscribers)) = subscribers {
        modules.extend(
            subscribers
                .into_iter()
                .filter(|row| row.paused)
                .map(|row| (row.name, "paused".to_owned())),
        );
    }
    let status = match writable {
        Ok(Ok(Writable::Yes)) => "ready",
        Ok(Ok(Writable::ReadOnly)) if reads => "read_only",
        Ok(Ok(Writable::Stopped)) => "stopped",
        Ok(Ok(Writable::ReadOnly) | Err(_)) | Err(_) => "unavailable",
    };
    let body = Readiness { status, modules };
    if status == "ready" {
        return HttpResponse::Ok().json(body);
    }
    HttpResponse::ServiceUnavailable()
        .insert_header(("retry-after", "5"))
        .json(body)
}
