//! `/tasks/{uid}`: one task with its journal.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::auth::Viewer;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::platform::web::render;
use crate::tasks::views::TaskPage;
use crate::tasks::{ROLE, queries};

/// The task, what may be done with it, and what happened to it (T04, T26). While it is saving the page asks again (T24).
pub(super) async fn show_task(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<TaskId>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    let (view, journal) = db
        .read_by_keys(ROLE, move |conn| {
            let view = queries::show_task(conn, &actor, id)?;
            Ok((view, queries::task_journal(conn, &actor, id)?))
        })
        .await?;
    render(&TaskPage::new(
        viewer.frame,
        &viewer.actor,
        config.zone,
        view,
        journal,
    ))
}
