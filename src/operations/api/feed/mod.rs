//! `/api/v1/events`: the log for programs outside, by pieces, by long poll, or as a stream of server-sent events.

mod question;
mod stream;

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query, ServiceConfig, get, resource};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::auth::{ApiUser, Operation};
use crate::bus::{self, EventDocument, Feed, FeedFilter, Horizon, Piece};
use crate::platform::db::Db;
use crate::platform::error::{AppResult, Message};
use crate::platform::web::Face;
use question::{FeedQuery, Question, TakenUp};

/// How old the answer to "may they?" may be when events are handed over (D10).
const TRUSTED_FOR: Duration = Duration::from_secs(4);

/// How long a reader waits who is ahead of the log: behind a standby that lags, or before a log that was restored.
const AHEAD: Duration = Duration::from_secs(1);

/// After a read that found nothing although the log had grown: the filter leaves the rest out.
const REST: Duration = Duration::from_millis(250);

/// The feed in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "events", description = "What happened, for programs that follow it")),
    paths(list_events),
)]
pub(super) struct Document;

/// Mounts the feed.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(resource("/api/v1/events").route(get().to(list_events)));
}

/// A piece of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = EventPiece)]
struct PieceBody {
    /// The events, in order.
    items: Vec<EventDocument>,
    /// The number to ask with next, as `after`.
    next: i64,
    /// The last number of the log; while `next` is below it there is more to ask for at once.
    head: i64,
}

impl From<Piece> for PieceBody {
    fn from(piece: Piece) -> Self {
        Self {
            items: piece.events.into_iter().map(EventDocument::from).collect(),
            next: piece.next,
            head: piece.head,
        }
    }
}

/// Gives the events behind a number of the log, at once or when they come
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(FeedQuery, TakenUp),
    responses(
        (status = 200, description = "A piece of the log; whoever accepts `text/event-stream` gets a stream of it instead", content(
            (PieceBody = "application/json"), (String = "text/event-stream"),
        )),
        (status = 410, description = "What comes behind that number is not kept any more"),
    ),
)]
async fn list_events(
    request: HttpRequest,
    user: ApiUser,
    db: Data<Db>,
    horizon: Data<Horizon>,
    query: Query<FeedQuery>,
) -> Result<HttpResponse, actix_web::Error> {
    user.actor.allow(Operation::EventFeed)?;
    let question = query.into_inner().question(&request)?;
    if question.as_stream {
        return stream::open(request, db, &horizon, question).await;
    }
    let piece = match question.wait {
        Some(wait) => wait_for(&request, &db, &horizon, question, wait).await?,
        None => read(&db, &question.filter, question.after, question.limit).await?,
    };
    Ok(HttpResponse::Ok().json(PieceBody::from(piece)))
}

/// The next piece with an event in it, or an empty one when the time is over.
async fn wait_for(
    request: &HttpRequest,
    db: &Db,
    horizon: &Horizon,
    question: Question,
    wait: Duration,
) -> Result<Piece, actix_web::Error> {
    let (mut waiter, began) = (horizon.enter()?, Instant::now());
    let (mut after, mut known_at) = (question.after, Instant::now());
    loop {
        if known_at.elapsed() >= TRUSTED_FOR {
            ask_again(request).await?;
            known_at = Instant::now();
        }
        let piece = read(db, &question.filter, after, question.limit).await?;
        let left = wait.saturating_sub(began.elapsed());
        if !piece.events.is_empty() || left.is_zero() || waiter.is_closed() {
            return Ok(piece);
        }
        after = piece.next;
        if after > piece.head && !waiter.wait_past(after, AHEAD.min(left)).await {
            return Ok(piece);
        }
        if after >= piece.head {
            waiter.wait_past(after, left).await;
        }
        if piece.head > question.after {
            tokio::time::sleep(REST.min(left)).await;
        }
    }
}

/// Whether whoever asked may still do so.
async fn ask_again(request: &HttpRequest) -> Result<(), actix_web::Error> {
    let user = ApiUser::extract(request).await?;
    user.actor.allow(Operation::EventFeed)?;
    Ok(())
}

/// The next piece of the log; 410 when it is not kept any more.
async fn read(
    db: &Db,
    filter: &FeedFilter,
    after: i64,
    limit: i64,
) -> Result<Piece, actix_web::Error> {
    let filter = filter.clone();
    let found: AppResult<Feed> = db
        .read(bus::ROLE, move |conn| {
            bus::read_feed(conn, &filter, after, limit)
        })
        .await;
    match found? {
        Feed::Piece(piece) => Ok(piece),
        Feed::Gone(first) => {
            let message = Message::new("error-feed-gone")
                .with("before", first - 1)
                .with("ask", format!("after={}", first - 1));
            Err(Face::new(StatusCode::GONE, "gone", message).into())
        }
    }
}
