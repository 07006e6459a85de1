//! `/api/v1/ops`: the operator's tools as JSON (contract section 3).

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Json, Path, Query, ServiceConfig, get, post, resource};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ROLE;
use super::service::{self, Consumer, LetterFilter};
use crate::auth::ApiUser;
use crate::bus::{Hold, ParkedItem, Roster};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
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

#[derive(Serialize)]
struct HoldBody {
    holder: String,
    reason: String,
    actor: Option<Uuid>,
    since: DateTime<Utc>,
}

#[derive(Serialize)]
struct ConsumerBody {
    name: String,
    state: &'static str,
    position: i64,
    head: i64,
    lag: i64,
    waiting_since: Option<DateTime<Utc>>,
    applied_last_minute: i64,
    applied_total: i64,
    retrying: i64,
    blocked: i64,
    dead: i64,
    money: bool,
    last_error: Option<String>,
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

#[derive(Serialize)]
struct LetterBody {
    id: Uuid,
    consumer: String,
    event_id: Uuid,
    seq: i64,
    r#type: Option<String>,
    key: Uuid,
    state: String,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    error_class: Option<String>,
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

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

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
    Ok(HttpResponse::Ok().json(List {
        items: consumers.into_iter().map(ConsumerBody::from).collect(),
        next_cursor: None,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseOrder {
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeOrder {
    holder: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryOrder {
    consumer: Option<String>,
}

/// A body that may be missing.
fn optional<T: Default + for<'de> Deserialize<'de>>(
    body: &Bytes,
    field: &'static str,
) -> AppResult<T> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|_| AppError::field(field, "field-not-understood"))
}

async fn pause_consumer(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
    name: Path<String>,
    body: Json<PauseOrder>,
) -> AppResult<HttpResponse> {
    let (origin, actor, reason) = (user.origin(), user.actor.clone(), body.into_inner().reason);
    let (own_db, own_name) = (db.clone(), name.clone());
    aside(move || service::pause(&own_db, &actor, origin, &own_name, &reason)).await?;
    show(user, db, roster, name.into_inner()).await
}

async fn resume_consumer(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
    name: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let order: ResumeOrder = optional(&body, "holder")?;
    let (origin, actor) = (user.origin(), user.actor.clone());
    let (own_db, own_name) = (db.clone(), name.clone());
    aside(move || service::resume(&own_db, &actor, origin, &own_name, order.holder.as_deref()))
        .await?;
    show(user, db, roster, name.into_inner()).await
}

/// A consumer as it is now.
async fn show(
    user: ApiUser,
    db: Data<Db>,
    roster: Data<Roster>,
    name: String,
) -> AppResult<HttpResponse> {
    let now = db.clock().now();
    let consumer = db
        .read(ROLE, move |conn| {
            service::show_consumer(conn, &user.actor, &roster, &name, now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ConsumerBody::from(consumer)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LettersQuery {
    state: Option<String>,
    consumer: Option<String>,
    class: Option<String>,
    key: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

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
    let page = letters.page.map(LetterBody::from);
    Ok(HttpResponse::Ok().json(List {
        items: page.items,
        next_cursor: page.next,
    }))
}

#[derive(Serialize)]
struct Retried {
    retried: u64,
}

/// Tries an item again: at the consumer that is named, else at every one that has parked it.
async fn retry_dead_letter(
    user: ApiUser,
    db: Data<Db>,
    item: Path<String>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let order: RetryOrder = optional(&body, "consumer")?;
    let item: Uuid = item.parse().map_err(|_| AppError::NotFound)?;
    let (origin, actor) = (user.origin(), user.actor);
    let retried = aside(move || {
        service::retry_everywhere(&db, &actor, origin, item, order.consumer.as_deref())
    })
    .await?;
    Ok(HttpResponse::Ok().json(Retried { retried }))
}

/// Does something on a thread of its own, as it may have to wait for the step in hand.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    web::block(work)
        .await
        .map_err(|error| AppError::internal(error.to_string()))?
}
