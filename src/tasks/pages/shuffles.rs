//! `/shuffles`: the presses of the shuffle, the confirmation before one, and the progress of each.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;
use uuid::Uuid;

use super::once_if_keyed;
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::ids::ShuffleId;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, FormBody, ListPlace, PIECE, attachment_of_list, redirect, render,
};
use crate::tasks::queries::ShuffleState;
use crate::tasks::service::{Limits, note_refusal};
use crate::tasks::views::{
    NewShufflePage, SHARES_SHOWN, ShufflePage, ShufflesPage, shuffle_row, shuffles_header,
};
use crate::tasks::{ROLE, queries, service};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShuffleForm {
    key: Option<Uuid>,
}

/// Every press, the latest first.
pub(super) async fn list_shuffles(
    viewer: Viewer,
    db: Data<Db>,
    place: Query<ListPlace>,
) -> AppResult<HttpResponse> {
    let (actor, after) = (viewer.actor.clone(), Cursor::key(place.cursor())?);
    let page = db
        .read(ROLE, move |conn| {
            queries::list_shuffles(conn, &actor, after, DEFAULT_LIMIT)?
                .with_count(|| queries::count_shuffles(conn, &actor))
        })
        .await?;
    let now = db.clock().now();
    render(&ShufflesPage::new(viewer.frame, page, &place, now))
}

/// The same as a file.
pub(super) async fn export_shuffles(viewer: Viewer, db: Data<Db>) -> AppResult<HttpResponse> {
    let (frame, actor) = (viewer.frame, viewer.actor);
    let header = shuffles_header(frame.l);
    attachment_of_list("shuffles.csv", &header, move |cursor| {
        let (db, actor, frame) = (db.clone(), actor.clone(), frame.clone());
        async move {
            let (after, now) = (Cursor::key(cursor.as_deref())?, db.clock().now());
            let page = db
                .read(ROLE, move |conn| {
                    queries::list_shuffles(conn, &actor, after, PIECE)
                })
                .await?;
            Ok(page.map(|shuffle| shuffle_row(&frame, &shuffle, &now)))
        }
    })
    .await
}

/// What a press would do, before it is done (M-5).
pub(super) async fn new_shuffle(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let actor = viewer.actor.clone();
    let (outlook, last) = db
        .read(ROLE, move |conn| {
            Ok((
                queries::shuffle_outlook(conn, &actor)?,
                queries::list_shuffles(conn, &actor, None, 1)?.items.pop(),
            ))
        })
        .await?;
    render(&NewShufflePage {
        frame: viewer.frame,
        outlook,
        last,
        fee: config.fee,
    })
}

/// Stores a press and leads to its progress; the same form twice is one press.
pub(super) async fn request_shuffle(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<ShuffleForm>,
) -> AppResult<HttpResponse> {
    let (key, origin, queue_limit) = (form.key, viewer.origin(), config.shuffle_queue);
    let (actor, limits) = (viewer.actor, Limits::of(&config));
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            actor.allow(Operation::Shuffle)?;
            once_if_keyed(tx, &actor, key, |tx| {
                limits.allow_press(tx, &actor)?;
                let id = service::request_shuffle(tx, &actor, queue_limit)?;
                Ok(format!("/shuffles/{id}"))
            })
        })
        .await;
    let location = note_refusal(&db, &config, origin, outcome).await?;
    db.wake().notify();
    Ok(redirect(&location))
}

/// How far a press is; once it is done, its seed and how much everyone got.
pub(super) async fn show_shuffle(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    let (shuffle, shares) = db
        .read_by_keys(ROLE, move |conn| {
            let shuffle = queries::show_shuffle(conn, &actor, id)?;
            let shares = match shuffle.state {
                ShuffleState::Done => queries::list_shares(conn, &actor, id, SHARES_SHOWN + 1)?,
                ShuffleState::Queued | ShuffleState::Running => Vec::new(),
            };
            Ok((shuffle, shares))
        })
        .await?;
    let now = db.clock().now();
    render(&ShufflePage::new(viewer.frame, shuffle, shares, now))
}
