//! `/tasks`: one's own tasks, and completing one.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, ResponseError};
use diesel::pg::PgConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::{once_if_keyed, reason_of, tell};
use crate::auth::{Actor, Viewer};
use crate::events::TaskStatus;
use crate::platform::config::Config;
use crate::platform::db::{Db, Part};
use crate::platform::error::{AppResult, Message};
use crate::platform::ids::TaskId;
use crate::platform::web::{
    Cursor, DEFAULT_LIMIT, Flash, FormBody, ListPlace, PIECE, attachment_of_list, redirect,
    redirect_with, render, render_with,
};
use crate::tasks::model::Task;
use crate::tasks::queries;
use crate::tasks::service::{self, Limits, note_refusal};
use crate::tasks::views::{MyTasks, MyTasksPage, task_row, tasks_header};
use crate::tasks::{Purse, PurseSource, ROLE, display_title};

#[derive(Deserialize)]
pub(super) struct MineQuery {
    status: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteTaskForm {
    key: Option<Uuid>,
}

/// Mine first: what is to be done, newest first, and what was done today (T17, M-1).
pub(super) async fn list_my_tasks(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    source: Data<PurseSource>,
    query: Query<MineQuery>,
) -> AppResult<HttpResponse> {
    let status = queries::parse_status(query.status.as_deref())?;
    let place = query.into_inner().place;
    let (mine, purse) = read_mine(&db, &config, **source, &viewer.actor, status, place).await?;
    render(&MyTasksPage::new(viewer.frame, &viewer.actor, mine, purse))
}

/// The same tasks as a file.
pub(super) async fn export_my_tasks(
    viewer: Viewer,
    db: Data<Db>,
    query: Query<MineQuery>,
) -> AppResult<HttpResponse> {
    let status = queries::parse_status(query.status.as_deref())?;
    let (l, actor) = (viewer.frame.l, viewer.actor);
    attachment_of_list("my-tasks.csv", &tasks_header(l), move |cursor| {
        let (db, actor) = (db.clone(), actor.clone());
        async move {
            let after = Cursor::key(cursor.as_deref())?;
            let page = db
                .read(ROLE, move |conn| {
                    queries::list_mine_with_names(conn, &actor, status, after, PIECE)
                })
                .await?;
            Ok(page.map(|view| task_row(l, &view)))
        }
    })
    .await
}

/// The list, and the money beside it, if accounting can tell it (G06).
async fn read_mine(
    db: &Db,
    config: &Config,
    source: PurseSource,
    actor: &Actor,
    status: Option<TaskStatus>,
    place: ListPlace,
) -> AppResult<(MyTasks, Part<Purse>)> {
    let after = Cursor::key(place.cursor())?;
    let today = config.zone.date_of(db.clock().now());
    let since = config.zone.start_of(today);
    let (actor, asker) = (actor.clone(), actor.clone());
    let list = move |conn: &mut PgConnection| {
        let tasks = queries::list_mine(conn, &actor, status, after, DEFAULT_LIMIT)?
            .with_count(|| queries::count_mine(conn, &actor, status))?;
        let is_all_there_is_to_do = status.is_none() && after.is_none() && tasks.next.is_none();
        let is_open = |task: &&Task| task.status == TaskStatus::Open;
        Ok(MyTasks {
            open: if is_all_there_is_to_do {
                tasks.items.iter().filter(is_open).count() as i64
            } else {
                queries::count_my_open(conn, &actor)?
            },
            done_today: if status.is_none() && after.is_none() {
                queries::list_done_since(conn, &actor, since)?
            } else {
                Vec::new()
            },
            tasks,
            status,
            place,
        })
    };
    db.read_with_parts(ROLE, list, move |parts| source.read(parts, &asker, today))
        .await
}

/// Completes a task and goes back to the list; why it was not done is shown there, with the status of the refusal.
pub(super) async fn complete_task(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    source: Data<PurseSource>,
    uid: Path<TaskId>,
    form: FormBody<CompleteTaskForm>,
) -> AppResult<HttpResponse> {
    let (id, key, origin, actor) = (
        uid.into_inner(),
        form.key,
        viewer.origin(),
        viewer.actor.clone(),
    );
    let limits = Limits::of(&config);
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            let mut completed: Option<Task> = None;
            once_if_keyed(tx, &actor, key, |tx| {
                let task = service::complete_task(tx, &actor, id)?;
                limits.allow_completion(&task)?;
                completed = Some(task);
                Ok("/tasks".to_owned())
            })?;
            Ok(completed)
        })
        .await;
    match note_refusal(&db, &config, origin, outcome).await {
        Ok(Some(task)) => Ok(redirect_with("/tasks", praise(&viewer, &task))),
        Ok(None) => Ok(redirect("/tasks")),
        Err(error) => {
            let Some(reason) = reason_of(&error) else {
                return Err(error);
            };
            let place = ListPlace::default();
            let (mine, purse) =
                read_mine(&db, &config, **source, &viewer.actor, None, place).await?;
            let mut frame = viewer.frame;
            tell(&mut frame, reason);
            render_with(
                error.status_code(),
                &MyTasksPage::new(frame, &viewer.actor, mine, purse),
            )
        }
    }
}

fn praise(viewer: &Viewer, task: &Task) -> Flash {
    let title = display_title(task.text.jira_id.as_deref(), &task.text.title);
    let reward = task.reward.unwrap_or_default();
    let message = Message::new("flash-task-completed")
        .with("title", title)
        .with("reward", viewer.frame.signed_text(&reward));
    Flash::ok(message).link("/account", "flash-see-account")
}
