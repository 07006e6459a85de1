//! `/tasks/all`: every task and who has it, and the same list as a file.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::auth::{Operation, Viewer};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{Cursor, DEFAULT_LIMIT, attachment, render};
use crate::tasks::queries::{self, TaskFilter};
use crate::tasks::views::{AllTasks, AllTasksPage, csv_of};
use crate::tasks::{ROLE, store};

#[derive(Deserialize)]
pub(super) struct AllQuery {
    status: Option<String>,
    assignee: Option<String>,
    q: Option<String>,
    cursor: Option<String>,
}

impl AllQuery {
    fn filter(&self) -> AppResult<TaskFilter> {
        TaskFilter::parse(
            self.status.as_deref(),
            self.assignee.as_deref(),
            self.q.as_deref(),
        )
    }
}

/// The list with its filter, how many open tasks everyone has (T13), and the way to the shuffle for those who may.
pub(super) async fn list_all_tasks(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let (filter, after) = (query.filter()?, Cursor::key(query.cursor.as_deref())?);
    let actor = viewer.actor.clone();
    let all = db
        .read(ROLE, move |conn| {
            Ok(AllTasks {
                tasks: queries::list_all(conn, &actor, &filter, after, DEFAULT_LIMIT)?,
                loads: queries::list_loads(conn, &actor)?,
                open: store::count_open(conn)?,
                may_shuffle: actor.may(Operation::Shuffle),
                is_first: after.is_none(),
                filter,
            })
        })
        .await?;
    render(&AllTasksPage::new(viewer.frame, &viewer.actor, all))
}

/// Exactly the list of the filter, all pages of it.
pub(super) async fn export_all_tasks(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let (filter, actor) = (query.filter()?, viewer.actor.clone());
    let tasks = db
        .read(ROLE, move |conn| {
            queries::list_everything(conn, &actor, &filter)
        })
        .await?;
    Ok(attachment("tasks.csv", csv_of(viewer.frame.l, &tasks)))
}
