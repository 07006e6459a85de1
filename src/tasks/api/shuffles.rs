//! Shuffles.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::auth::{ApiUser, Operation};
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::ids::ShuffleId;
use crate::platform::web::api::{Nothing, OptionalJsonBody, words};
use crate::tasks::queries::{self, Shuffle, ShuffleState};
use crate::tasks::service::{Limits, note_refusal};
use crate::tasks::{ROLE, service};

/// Where a shuffle stands.
struct ShuffleWord;

impl PartialSchema for ShuffleWord {
    fn schema() -> RefOr<Schema> {
        words(ShuffleState::ALL.map(ShuffleState::as_str))
    }
}

impl ToSchema for ShuffleWord {}

/// A shuffle: one press of the button.
#[derive(Serialize, ToSchema)]
#[schema(as = Shuffle)]
struct ShuffleBody {
    uid: Uuid,
    /// Its number, from 1.
    number: i64,
    #[schema(value_type = ShuffleWord)]
    status: &'static str,
    /// Tasks to be drawn.
    total: i32,
    /// Tasks that are drawn.
    done: i32,
    /// SHA-256 of the seed, in hex.
    commitment: String,
    /// The seed in hex, once the run is done.
    #[schema(required)]
    seed: Option<String>,
    requested_at: DateTime<Utc>,
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
}

impl From<Shuffle> for ShuffleBody {
    fn from(shuffle: Shuffle) -> Self {
        Self {
            uid: shuffle.id,
            number: shuffle.number,
            status: shuffle.state.as_str(),
            total: shuffle.total,
            done: shuffle.done,
            commitment: hex::encode(shuffle.commitment),
            seed: shuffle.seed.map(hex::encode),
            requested_at: shuffle.requested_at,
            finished_at: shuffle.finished_at,
        }
    }
}

/// Shuffles the open tasks
///
/// Every open task is drawn to somebody, who is charged. The press is stored and answered at once; a worker draws, one shuffle
/// after another.
#[utoipa::path(
    post, path = "/api/v1/tasks/reassign", tag = "tasks",
    request_body(content = Option<Nothing>, description = "Nothing to say"),
    responses(
        (status = 202, body = ShuffleBody, description = "The press is stored",
            headers(("location" = String, description = "Where the shuffle is shown")),
            links(("show_shuffle" = (operation_id = "show_shuffle", parameters(("uid" = "$response.body#/uid")))))),
        (status = 429, description = "Too many shuffles wait, or somebody has pressed too often"),
    ),
)]
pub(super) async fn reassign_tasks(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    _: OptionalJsonBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (origin, queue_limit) = (user.origin(), config.shuffle_queue);
    let limits = Limits::of(&config);
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            user.actor.allow(Operation::Shuffle)?;
            user.once(tx, |tx| {
                limits.allow_press(tx, &user.actor)?;
                let id = service::request_shuffle(tx, &user.actor, queue_limit)?;
                let shuffle = queries::show_shuffle(tx.conn(), &user.actor, id)?;
                let location = format!("/api/v1/tasks/reassign/{}", shuffle.id);
                Answer::accepted(location, &ShuffleBody::from(shuffle))
            })
        })
        .await;
    let answer = note_refusal(&db, &config, origin, outcome).await?;
    db.wake().notify();
    Ok(answer.into())
}

/// Shows a shuffle
#[utoipa::path(
    get, path = "/api/v1/tasks/reassign/{uid}", tag = "tasks",
    params(("uid" = Uuid, Path, description = "The shuffle")),
    responses((status = 200, body = ShuffleBody, description = "The shuffle")),
)]
pub(super) async fn show_shuffle(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let shuffle = db
        .read(ROLE, move |conn| {
            queries::show_shuffle(conn, &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ShuffleBody::from(shuffle)))
}
