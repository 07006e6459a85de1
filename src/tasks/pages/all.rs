//! `/tasks/all`: every task and who has it, and the same list as a file.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    Cursor, FormErrors, ListPlace, Order, PIECE, attachment_of_list, render_with, rows_per,
};
use crate::tasks::queries::{self, FilterWords, TaskColumn, TaskFilter, USUAL_ORDER, parse_order};
use crate::tasks::views::{AllTasks, AllTasksPage, task_row, tasks_header};
use crate::tasks::{ROLE, store};

#[derive(Deserialize)]
pub(super) struct AllQuery {
    #[serde(flatten)]
    words: FilterWords,
    sort: Option<String>,
    per: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

impl AllQuery {
    fn filter(&self, db: &Db, config: &Config) -> AppResult<(TaskFilter, Order<TaskColumn>)> {
        let today = config.zone.date_of(db.clock().now());
        let filter = TaskFilter::parse(&self.words, config.zone, today)?;
        let order = parse_order(self.sort.as_deref(), &filter)?;
        Ok((filter, order))
    }
}

/// The list with its filter, how many open tasks everyone has (T13), and the way to the shuffle for those who may. A filter that is not
/// understood is named and left out: the list is the whole one.
pub(super) async fn list_all_tasks(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let (asked, errors) = match query.filter(&db, &config) {
        Ok(asked) => (asked, FormErrors::none()),
        Err(AppError::Invalid(errors)) => (
            (TaskFilter::default(), USUAL_ORDER),
            FormErrors::new(viewer.frame.lang, &errors),
        ),
        Err(error) => return Err(error),
    };
    let (filter, order) = asked;
    let after = Cursor::key(query.place.cursor())?;
    let per = rows_per(query.per.as_deref())?;
    let actor = viewer.actor.clone();
    let status = errors.status();
    let AllQuery { words, place, .. } = query.into_inner();
    let all = db
        .read(ROLE, move |conn| {
            Ok(AllTasks {
                tasks: queries::list_all(conn, &actor, &filter, order, after, per)?
                    .with_count(|| queries::count_all(conn, &actor, &filter))?,
                loads: queries::list_loads(conn, &actor)?,
                open: store::count_open(conn)?,
                may_shuffle: actor.may(Operation::Shuffle),
                place,
                filter,
                order,
                per,
                words,
                errors,
            })
        })
        .await?;
    render_with(status, &AllTasksPage::new(viewer.frame, &viewer.actor, all))
}

/// Exactly the list of the filter in its order, all pages of it; read piece by piece while it is sent, however long it is.
pub(super) async fn export_all_tasks(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let (filter, order) = query.filter(&db, &config)?;
    let (l, actor) = (viewer.frame.l, viewer.actor);
    attachment_of_list("tasks.csv", &tasks_header(l), move |cursor| {
        let (db, actor, filter) = (db.clone(), actor.clone(), filter.clone());
        async move {
            let after = Cursor::key(cursor.as_deref())?;
            let page = db
                .read(ROLE, move |conn| {
                    queries::list_all(conn, &actor, &filter, order, after, PIECE)
                })
                .await?;
            Ok(page.map(|view| task_row(l, &view)))
        }
    })
    .await
}
