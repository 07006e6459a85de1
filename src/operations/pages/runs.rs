//! `/admin/runs`: what ran.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::auth::Viewer;
use crate::operations::ROLE;
use crate::operations::service::{self, JOBS, NEWEST_RUNS, RunFilter};
use crate::operations::views::{RUN_STATES, RunsPage, run_row, runs_header};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, ListPlace, Order, PIECE, attachment_of_list, one_of, render,
};

#[derive(Deserialize)]
pub(super) struct RunsQuery {
    job: Option<String>,
    state: Option<String>,
    sort: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl RunsQuery {
    fn filter(&self) -> AppResult<RunFilter> {
        let among = |words: [&str; 3], said: &str| words.contains(&said).then(|| said.to_owned());
        Ok(RunFilter {
            job: one_of("job", self.job.as_deref(), |said| among(JOBS, said))?,
            state: one_of("state", self.state.as_deref(), |said| {
                among(RUN_STATES, said)
            })?,
            order: Order::parse(self.sort.as_deref(), NEWEST_RUNS)?,
        })
    }
}

/// The runs of the filter, and the last shuffles.
pub(super) async fn list_runs(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<RunsQuery>,
) -> AppResult<HttpResponse> {
    let (filter, after) = (query.filter()?, Cursor::key(query.place.cursor())?);
    let (actor, wanted) = (viewer.actor.clone(), filter.clone());
    let runs = db
        .read(ROLE, move |conn| {
            service::show_runs(conn, &actor, &wanted, after.as_ref(), DEFAULT_LIMIT)
        })
        .await?;
    render(&RunsPage::new(viewer.frame, filter, runs, &query.place))
}

/// Exactly the runs of the filter in its order, all pages of them, as a file.
pub(super) async fn export_runs(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<RunsQuery>,
) -> AppResult<HttpResponse> {
    let (filter, l, actor) = (query.filter()?, viewer.frame.l, viewer.actor);
    attachment_of_list("runs.csv", &runs_header(l), move |cursor| {
        let (db, actor, filter) = (db.clone(), actor.clone(), filter.clone());
        async move {
            let after = Cursor::key(cursor.as_deref())?;
            let page = db
                .read(ROLE, move |conn| {
                    service::list_runs(conn, &actor, &filter, after.as_ref(), PIECE)
                })
                .await?;
            Ok(page.map(|run| run_row(l, run)))
        }
    })
    .await
}
