//! `/tasks/all`: every task and who has it, and the same list as a file.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use serde::Deserialize;

use crate::auth::{Actor, Operation, Viewer};
use crate::platform::db::Db;
use crate::platform::error::AppResult;
use crate::platform::web::{Cursor, DEFAULT_LIMIT, Pieces, attachment_in_pieces, render};
use crate::tasks::queries::{self, TaskFilter};
use crate::tasks::views::{AllTasks, AllTasksPage, TasksFile};
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

/// Exactly the list of the filter, all pages of it; read piece by piece while it is sent, however long it is.
pub(super) async fn export_all_tasks(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let export = Export {
        db: db.into_inner(),
        actor: viewer.actor,
        filter: query.filter()?,
        file: TasksFile::new(viewer.frame.l),
        after: None,
        is_complete: false,
    };
    attachment_in_pieces("tasks.csv", export).await
}

/// Tasks in a piece of a file.
const PIECE: i64 = 1_000;

/// A file on its way.
struct Export {
    db: Arc<Db>,
    actor: Actor,
    filter: TaskFilter,
    file: TasksFile,
    after: Option<i64>,
    is_complete: bool,
}

impl Pieces for Export {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        if self.is_complete {
            return Ok(None);
        }
        let (actor, filter, after) = (self.actor.clone(), self.filter.clone(), self.after);
        let page = self
            .db
            .read(ROLE, move |conn| {
                queries::list_all(conn, &actor, &filter, after, PIECE)
            })
            .await?;
        self.after = page.items.last().map(|view| view.task.number);
        self.is_complete = page.next.is_none();
        Ok(Some(self.file.piece(&page.items).into()))
    }
}
