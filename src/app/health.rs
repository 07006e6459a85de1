//! Health: alive without asking anybody, ready only if a write would work (contract section 2, R26).

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};
use serde::Serialize;

use crate::bus;
use crate::platform::db::{Db, Writable};
use crate::platform::workers::{Board, Health};

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    modules: BTreeMap<String, String>,
}

/// Mounts the two checks.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/health/live", get().to(live))
        .route("/health/ready", get().to(ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

async fn ready(db: Data<Db>, board: Data<Board>) -> HttpResponse {
    let mut modules: BTreeMap<String, String> = board
        .all()
        .into_iter()
        .map(|(name, health)| match health {
            Health::Up => (name, "up".to_owned()),
            Health::Stopped => (name, "stopped".to_owned()),
            Health::Failing(_) => (name, "failing".to_owned()),
        })
        .collect();
    if let Ok(subscribers) = db.read(bus::ROLE, bus::statuses).await {
        modules.extend(
            subscribers
                .into_iter()
                .filter(|row| row.paused)
                .map(|row| (row.name, "paused".to_owned())),
        );
    }
    let status = match db.check_writable().await {
        Ok(Writable::Yes) => "ready",
        Ok(Writable::ReadOnly) => "read_only",
        Ok(Writable::Stopped) => "stopped",
        Err(_) => "unavailable",
    };
    let body = Readiness { status, modules };
    if status == "ready" {
        return HttpResponse::Ok().json(body);
    }
    HttpResponse::ServiceUnavailable()
        .insert_header(("retry-after", "5"))
        .json(body)
}
