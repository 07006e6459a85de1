//! Consumers of events: how they are, and whether they work.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::aside;
use crate::auth::ApiUser;
use crate::bus::{Hold, Roster};
use crate::operations::ROLE;
use crate::operations::service::{self, Consumer};
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::web::api::{JsonBody, List, OptionalJsonBody, words};

/// Somebody who holds a consumer.
#[derive(Serialize, ToSchema)]
#[schema(as = Hold)]
struct HoldBody {
    #[schema(example = "operator:kesha")]
    holder: String,
    reason: String,
    /// The person, if it is one.
    #[schema(required)]
    actor: Option<Uuid>,
    since: DateTime<Utc>,
}

/// Whether a consumer works.
struct ConsumerWord;

impl PartialSchema for ConsumerWord {
    fn schema() -> RefOr<Schema> {
        words(["running", "paused", "retired"])
    }
}

impl ToSchema for ConsumerWord {}

/// A consumer of events.
#[derive(Serialize, ToSchema)]
#[schema(as = Consumer)]
struct ConsumerBody {
    #[schema(example = "accounting.ledger")]
    name: String,
    #[schema(value_type = ConsumerWord)]
    state: &'static str,
    /// The number of the last event that it is done with.
    position: i64,
    /// The number of the last event there is.
    head: i64,
    /// Events between the two.
    lag: i64,
    /// Since when the first of them waits.
    #[schema(required)]
    waiting_since: Option<DateTime<Utc>>,
    applied_last_minute: i64,
    applied_total: i64,
    /// Items that are tried again by themselves.
    retrying: i64,
    /// Items that wait behind another of their key.
    blocked: i64,
    /// Items that were given up.
    dead: i64,
    /// Whether it books money.
    money: bool,
    #[schema(required)]
    last_error: Option<String>,
    /// Who pauses it.
    holders: Vec<HoldBody>,
}

impl From<Hold> for HoldBody {
    fn from(hold: Hold) -> Self {
        Self {
            holder: hold.holder,
            reason: hold.reason,
            actor: hold.actor,
            since: hold.since,
        }
    }
}

impl From<Consumer> for ConsumerBody {
    fn from(consumer: Consumer) -> Self {
        let status = consumer.status;
        let state = if status.retired_at.is_some() {
            "retired"
        } else if status.paused {
            "paused"
        } else {
            "running"
        };
        Self {
            state,
            position: status.position,
            head: status.head,
            lag: status.lag(),
            waiting_since: status.waiting_since,
            applied_last_minute: consumer.pace,
            applied_total: status.applied_total,
            retrying: status.retrying,
            blocked: status.blocked,
            dead: status.dead,
            money: consumer.money,
            last_error: status.last_error,
            holders: status.holders.into_iter().map(HoldBody::from).collect(),
            name: status.name,
        }
    }
}

/// Lists the consumers of events
#[utoipa::path(
    get, path = "/api/v1/ops/consumers", tag = "operations",
    responses((status = 200, body = List<ConsumerBody>, description = "All of them")),
)]
pub(super) async fn list_consumers(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
) -> AppResult<HttpResponse> {
    let now = db.clock().now();
    let consumers = db
        .read(ROLE, move |conn| {
            service::list_consumers(conn, &user.actor, &roster, now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List::whole(
        consumers.into_iter().map(ConsumerBody::from).collect(),
    )))
}

/// Why; more than space.
struct ReasonText;

impl PartialSchema for ReasonText {
    fn schema() -> RefOr<Schema> {
        let reason = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .pattern(Some("^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$"))
            .examples(["The disk is nearly full"]);
        reason.into()
    }
}

impl ToSchema for ReasonText {}

/// The order to pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseOrder {
    #[schema(value_type = ReasonText, inline)]
    reason: String,
}

/// The order to go on.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumeOrder {
    /// Whose hold is taken away; one's own when nobody is named.
    #[schema(example = "operator:kesha")]
    holder: Option<String>,
}

/// Pauses a consumer
#[utoipa::path(
    post, path = "/api/v1/ops/consumers/{name}/pause", tag = "operations",
    params(("name" = String, Path, description = "The consumer", example = "accounting.ledger")),
    request_body = PauseOrder,
    responses((status = 200, body = ConsumerBody, description = "The consumer as it is now")),
)]
pub(super) async fn pause_consumer(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
    name: Path<String>,
    body: JsonBody<PauseOrder>,
) -> AppResult<HttpResponse> {
    let (origin, actor, reason) = (user.origin(), user.actor.clone(), body.into_inner().reason);
    let (own_db, own_name) = (db.clone(), name.clone());
    let pausing = async {
        aside(move || service::pause(&own_db, &actor, origin, &own_name, &reason)).await?;
        show(&user, &db, roster, name.into_inner()).await
    };
    Ok(user.once_around(&db, pausing).await?.into())
}

/// Lets a consumer go on
#[utoipa::path(
    post, path = "/api/v1/ops/consumers/{name}/resume", tag = "operations",
    params(("name" = String, Path, description = "The consumer", example = "accounting.ledger")),
    request_body(content = Option<ResumeOrder>, description = "Whose hold is taken away"),
    responses((status = 200, body = ConsumerBody, description = "The consumer as it is now")),
)]
pub(super) async fn resume_consumer(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
    name: Path<String>,
    body: OptionalJsonBody<ResumeOrder>,
) -> AppResult<HttpResponse> {
    let order = body.into_inner();
    let (origin, actor) = (user.origin(), user.actor.clone());
    let (own_db, own_name) = (db.clone(), name.clone());
    let resuming = async {
        aside(move || service::resume(&own_db, &actor, origin, &own_name, order.holder.as_deref()))
            .await?;
        show(&user, &db, roster, name.into_inner()).await
    };
    Ok(user.once_around(&db, resuming).await?.into())
}

/// A consumer as it is now.
async fn show(user: &ApiUser, db: &Db, roster: Data<Roster>, name: String) -> AppResult<Answer> {
    let (now, actor) = (db.clock().now(), user.actor.clone());
    let consumer = db
        .read(ROLE, move |conn| {
            service::show_consumer(conn, &actor, &roster, &name, now)
        })
        .await?;
    Answer::ok(&ConsumerBody::from(consumer))
}
