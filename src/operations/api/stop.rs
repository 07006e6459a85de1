//! `/api/v1/ops/stop` and `/api/v1/ops/release` (R14).

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, post, resource};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::auth::{ApiUser, PasswordGate};
use crate::operations::ROLE;
use crate::operations::service;
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::stop::{self, Stop};
use crate::platform::web::api::{JsonBody, text_of};

pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/ops/stop").route(post().to(set_stop)))
        .service(resource("/api/v1/ops/release").route(post().to(release_stop)));
}

/// Why; space around it does not count.
struct ReasonText;

impl PartialSchema for ReasonText {
    fn schema() -> RefOr<Schema> {
        let (shortest, longest) = (*service::REASON.start(), *service::REASON.end());
        text_of(
            shortest,
            longest,
            "^[^\\u0000]*$",
            "The ledger disagrees with the statements",
        )
    }
}

impl ToSchema for ReasonText {}

/// The order to stop; a password is checked when there is one, as the token is proof of one within minutes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StopOrder {
    #[schema(value_type = ReasonText, inline)]
    reason: String,
    /// One's own password again.
    #[schema(format = Password)]
    password: Option<String>,
}

/// The order to go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseOrder {
    #[schema(value_type = ReasonText, inline)]
    reason: String,
    /// One's own password again.
    #[schema(format = Password)]
    password: String,
}

/// The emergency stop.
#[derive(Serialize, ToSchema)]
#[schema(as = EmergencyStop)]
struct StopBody {
    /// Whether it is set.
    stopped: bool,
    reason: String,
    since: DateTime<Utc>,
    /// Who set it.
    by: String,
    #[schema(required)]
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

/// Sets the emergency stop
///
/// From then on nothing changes until an administrator releases it; what can be read can still be read.
#[utoipa::path(
    post, path = "/api/v1/ops/stop", tag = "operations",
    request_body = StopOrder,
    responses(
        (status = 200, body = StopBody, description = "The stop"),
        (status = 409, description = "It is set already"),
        (status = 429, description = "Too many wrong passwords of late"),
    ),
)]
pub(super) async fn set_stop(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    order: JsonBody<StopOrder>,
) -> AppResult<HttpResponse> {
    let StopOrder { reason, password } = order.into_inner();
    let stopping = async {
        let origin = user.origin();
        service::stop(&db, &gate, &user.actor, origin, &reason, password).await?;
        let stop = db.read(ROLE, stop::current).await?;
        // Somebody may have released it meanwhile.
        let stop = stop.ok_or_else(|| AppError::conflict("error-stop-not-set"))?;
        Answer::ok(&StopBody::from(stop))
    };
    Ok(user.once_around(&db, stopping).await?.into())
}

/// Releases the emergency stop
#[utoipa::path(
    post, path = "/api/v1/ops/release", tag = "operations",
    request_body = ReleaseOrder,
    responses(
        (status = 200, body = StopBody, description = "The stop as it was"),
        (status = 409, description = "It is not set"),
        (status = 429, description = "Too many wrong passwords of late"),
    ),
)]
pub(super) async fn release_stop(
    user: ApiUser,
    db: Data<Db>,
    gate: Data<PasswordGate>,
    order: JsonBody<ReleaseOrder>,
) -> AppResult<HttpResponse> {
    let ReleaseOrder { reason, password } = order.into_inner();
    let releasing = async {
        let origin = user.origin();
        let released = service::release(&db, &gate, &user.actor, origin, &reason, password).await?;
        Answer::ok(&StopBody::from(released))
    };
    Ok(user.once_around(&db, releasing).await?.into())
}
