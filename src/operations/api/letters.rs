//! Dead letters: what consumers could not digest.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::aside;
use crate::auth::ApiUser;
use crate::bus::{ParkedItem, ParkedState};
use crate::operations::ROLE;
use crate::operations::service::{self, LetterFilter};
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::web::api::{CursorText, List, OptionalJsonBody, PageLimit, PersonUid, words};
use crate::platform::web::{Cursor, limit};

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

/// The order to try again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryOrder {
    /// At which consumer; everywhere when none is named.
    #[schema(example = "accounting.ledger")]
    consumer: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LettersQuery {
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
    /// Only items whose event is of this type.
    r#type: Option<String>,
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
pub(super) async fn list_dead_letters(
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
        r#type: query.r#type,
        ..LetterFilter::default()
    };
    let wanted = filter.parse(Tz::UTC)?;
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
pub(super) async fn retry_dead_letter(
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
