//! `/shuffles/{uid}/progress`: how far a press is, as server-sent events; and the files that a stranger needs to check the draw.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::auth::Viewer;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::ids::ShuffleId;
use crate::platform::web::{LiveEvent, Streams, attachment};
use crate::tasks::queries::ShuffleState;
use crate::tasks::views::{ProgressWords, candidates_csv, draw_csv};
use crate::tasks::{ROLE, queries};

/// Tells how far a press is until it is done. The first look is made here, so that a refusal is an answer like any other.
pub(super) async fn stream_progress(
    viewer: Viewer,
    db: Data<Db>,
    streams: Data<Streams>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let look = move || {
        let (db, actor, frame) = (db.clone(), viewer.actor.clone(), viewer.frame.clone());
        async move {
            let shuffle = db
                .read(ROLE, move |conn| queries::show_shuffle(conn, &actor, id))
                .await?;
            let last = shuffle.state == ShuffleState::Done;
            Ok(LiveEvent {
                name: if last { "done" } else { "progress" },
                content: ProgressWords::new(&frame, &shuffle, db.clock().now()).to_json(),
                last,
            })
        }
    };
    look().await?;
    streams.open(look)
}

/// Every assignment of a finished run with the list of people that it was drawn from.
pub(super) async fn export_draw(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    let record = db
        .read(ROLE, move |conn| queries::show_record(conn, &actor, id))
        .await?;
    let name = format!("shuffle-{}-draw.csv", record.number);
    Ok(attachment(&name, draw_csv(viewer.frame.l, &record)))
}

/// The lists of people that a finished run drew from.
pub(super) async fn export_candidates(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    let record = db
        .read(ROLE, move |conn| queries::show_record(conn, &actor, id))
        .await?;
    let name = format!("shuffle-{}-people.csv", record.number);
    Ok(attachment(&name, candidates_csv(viewer.frame.l, &record)))
}
