//! `/api/v1/ops/stop` and `/api/v1/ops/release` (R14).

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, ServiceConfig, post, resource};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::auth::{ApiUser, PasswordGate};
use crate::operations::ROLE;
use crate::operations::service;
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::stop::{self, Stop};

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/ops/stop").route(post().to(set_stop)))
        .service(resource("/api/v1/ops/release").route(post().to(release_stop)));
}

/// The order to stop; a password is checked when there is one, as the token is proof of one within minutes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StopOrder {
    reason: String,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseOrder {
    reason: String,
    password: String,
}

#[derive(Serialize)]
struct StopBody {
    stopped: bool,
    reason: String,
    since: DateTime<Utc>,
    by: String,
    released_at: Option<DateTime<Utc>>,
}

impl From<Stop> for StopBody {
    fn from(stop: Stop) -> Self {
        Self {
            stopped: stop.released_at.is_none(),
            reason: stop.reason,
            since: stop.since,
            by: stop.set_by_name,
            released_at: stop.released_at,
        }
    }
}

async fn set_stop(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    order: Json<StopOrder>,
) -> AppResult<HttpResponse> {
    let StopOrder { reason, password } = order.into_inner();
    let stopping = async {
        let origin = user.origin();
        service::stop(&db, &gate, &user.actor, origin, &reason, password).await?;
        let stop = db.read(ROLE, stop::current).await?;
        Answer::ok(&stop.map(StopBody::from))
    };
    Ok(user.once_around(&db, stopping).await?.into())
}

async fn release_stop(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    order: Json<ReleaseOrder>,
) -> AppResult<HttpResponse> {
    let ReleaseOrder { reason, password } = order.into_inner();
    let releasing = async {
        let origin = user.origin();
        let released = service::release(&db, &gate, &user.actor, origin, &reason, password).await?;
        Answer::ok(&StopBody::from(released))
    };
    Ok(user.once_around(&db, releasing).await?.into())
}
