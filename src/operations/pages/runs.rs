//! `/admin/runs`: what ran.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::auth::Viewer;
use crate::operations::ROLE;
use crate::operations::service::{self, RunFilter};
use crate::operations::views::RunsPage;
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{Cursor, DEFAULT_LIMIT, render};

#[derive(Deserialize)]
pub(super) struct RunsQuery {
    job: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
}

/// The runs of the filter, and the last shuffles.
pub(super) async fn list_runs(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<RunsQuery>,
) -> AppResult<HttpResponse> {
    let RunsQuery { job, state, cursor } = query.into_inner();
    let after = Cursor::key(cursor.as_deref())?;
    let filter = RunFilter {
        job: job.filter(|word| !word.is_empty()),
        state: state.filter(|word| !word.is_empty()),
    };
    let (actor, is_first) = (viewer.actor.clone(), after.is_none());
    let wanted = filter.clone();
    let runs = db
        .read(ROLE, move |conn| {
            service::list_runs(conn, &actor, &wanted, after.as_ref(), DEFAULT_LIMIT)
        })
        .await?;
    render(&RunsPage::new(viewer.frame, filter, runs, is_first))
}
