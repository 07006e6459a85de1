//! `/api/v1/ops`: the operator's tools as JSON (contract section 3).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path, Query, ServiceConfig, get, post, resource};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, OpenApi, PartialSchema, ToSchema};
use uuid::Uuid;

use super::ROLE;
use super::service::{self, Consumer, LetterFilter};
use crate::auth::ApiUser;
use crate::bus::{Hold, ParkedItem, ParkedState, Roster};
use crate::platform::db::{Answer, Db};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::api::{
    CursorText, JsonBody, List, OptionalJsonBody, PageLimit, PersonUid, words,
};
use crate::platform::web::{Cursor, limit};

mod feed;
mod stop;

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    stop::configure(app);
    feed::configure(app);
    app.service(resource("/api/v1/ops/consumers").route(get().to(list_consumers)))
        .service(resource("/api/v1/ops/consumers/{name}/pause").route(post().to(pause_consumer)))
        .service(resource("/api/v1/ops/consumers/{name}/resume").route(post().to(resume_consumer)))
        .service(resource("/api/v1/ops/dead-letters").route(get().to(list_dead_letters)))
        .service(
            resource("/api/v1/ops/dead-letters/{item}/retry").route(post().to(retry_dead_letter)),
        );
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "operations", description = "The operator's tools: consumers of events, what they could not digest, the emergency stop")),
    paths(
        list_consumers, pause_consumer, resume_consumer, list_dead_letters, retry_dead_letter, stop::set_stop,
        stop::release_stop,
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

/// Where a parked item stands.
struct LetterWord;

impl PartialSchema for LetterWord {
    fn schema() -> RefOr<Schema> {
        words(ParkedState::ALL.iter().map(|state| state.as_str()))
    }
}

impl ToSchema for LetterWord {}

/// An event that a consumer could not digest.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct LetterBody {
    id: Uuid,
    consumer: String,
    event_id: Uuid,
    seq: i64,
    #[schema(required)]
    r#type: Option<String>,
    /// What it is about; what follows of the same key waits behind it.
    key: Uuid,
    #[schema(value_type = LetterWord)]
    state: String,
    attempts: i32,
    #[schema(required)]
    next_attempt_at: Option<DateTime<Utc>>,
    #[schema(required)]
    error_class: Option<String>,
    #[schema(required)]
    error: Option<String>,
    first_failed_at: DateTime<Utc>,
}

impl From<ParkedItem> for LetterBody {
    fn from(item: ParkedItem) -> Self {
        Self {
            id: item.item_id,
            consumer: item.subscriber,
            event_id: item.event_id,
            seq: item.seq,
            r#type: item.event_type,
            key: item.sequence_key,
            state: item.state,
            attempts: item.attempts,
            next_attempt_at: item.next_attempt_at,
            error_class: item.error_class,
            error: item.error,
            first_failed_at: item.first_failed_at,
        }
    }
}

/// Lists the consumers of events
#[utoipa::path(
    get, path = "/api/v1/ops/consumers", tag = "operations",
    responses((status = 200, body = List<ConsumerBody>, description = "All of them")),
)]
async fn list_consumers(
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
struct PauseOrder {
    #[schema(value_type = ReasonText, inline)]
    reason: String,
}

/// The order to go on.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeOrder {
    /// Whose hold is taken away; one's own when nobody is named.
    #[schema(example = "operator:kesha")]
    holder: Option<String>,
}

/// The order to try again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryOrder {
    /// At which consumer; everywhere when none is named.
    #[schema(example = "accounting.ledger")]
    consumer: Option<String>,
}

/// Pauses a consumer
#[utoipa::path(
    post, path = "/api/v1/ops/consumers/{name}/pause", tag = "operations",
    params(("name" = String, Path, description = "The consumer", example = "accounting.ledger")),
    request_body = PauseOrder,
    responses((status = 200, body = ConsumerBody, description = "The consumer as it is now")),
)]
async fn pause_consumer(
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
async fn resume_consumer(
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

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LettersQuery {
    /// Only items that stand so; all that are not settled when nothing is said.
    #[param(value_type = Option<LetterWord>, inline)]
    state: Option<String>,
    /// Only items of this consumer.
    consumer: Option<String>,
    /// Only items that failed in this way.
    class: Option<String>,
    /// Only items about this.
    #[param(value_type = Option<PersonUid>, inline)]
    key: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// Lists what consumers could not digest
#[utoipa::path(
    get, path = "/api/v1/ops/dead-letters", tag = "operations",
    params(LettersQuery),
    responses((status = 200, body = List<LetterBody>, description = "A piece of the list")),
)]
async fn list_dead_letters(
    user: ApiUser,
    db: Data<Db>,
    query: Query<LettersQuery>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let (rows, after) = (
        limit(query.limit.as_deref())?,
        Cursor::key(query.cursor.as_deref())?,
    );
    let filter = LetterFilter {
        state: query.state,
        consumer: query.consumer,
        class: query.class,
        key: query.key,
    };
    let wanted = filter.parse()?;
    let letters = db
        .read(ROLE, move |conn| {
            service::list_letters(conn, &user.actor, &wanted, after, rows)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List::from(letters.page.map(LetterBody::from))))
}

/// What was tried.
#[derive(Serialize, ToSchema)]
struct Retried {
    /// At how many consumers.
    retried: u64,
}

/// Tries an item again
///
/// At the consumer that is named, else at every one that has parked it.
#[utoipa::path(
    post, path = "/api/v1/ops/dead-letters/{item}/retry", tag = "operations",
    params(("item" = Uuid, Path, description = "The item, as `id` in the list")),
    request_body(content = Option<RetryOrder>, description = "At which consumer"),
    responses((status = 200, body = Retried, description = "What was tried")),
)]
async fn retry_dead_letter(
    user: ApiUser,
    db: Data<Db>,
    item: Path<Uuid>,
    body: OptionalJsonBody<RetryOrder>,
) -> AppResult<HttpResponse> {
    let (item, order) = (item.into_inner(), body.into_inner());
    let (origin, actor, own_db) = (user.origin(), user.actor.clone(), db.clone());
    let retrying = async {
        let retried = aside(move || {
            service::retry_everywhere(&own_db, &actor, origin, item, order.consumer.as_deref())
        })
        .await?;
        Answer::ok(&Retried { retried })
    };
    Ok(user.once_around(&db, retrying).await?.into())
}

/// Does something on a thread of its own, as it may have to wait for the step in hand.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    web::block(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}
