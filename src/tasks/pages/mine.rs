//! `/tasks`: one's own tasks, and completing one.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, ResponseError};
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
    let mine = read_mine(&db, &config, viewer.actor.clone(), status, place).await?;
    let purse = read_purse(&source, &db, &config, &viewer.actor).await?;
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
                    queries::list_mine(conn, &actor, status, after, PIECE)
                })
                .await?;
            Ok(page.map(|view| task_row(l, &view)))
        }
    })
    .await
}

/// The money beside the list, if accounting can tell it (G06).
async fn read_purse(
    source: &PurseSource,
    db: &Db,
    config: &Config,
    actor: &Actor,
) -> AppResult<Part<Purse>> {
    let today = config.zone.date_of(db.clock().now());
    source.of(db, actor, today).await
}

async fn read_mine(
    db: &Db,
    config: &Config,
    actor: Actor,
    status: Option<TaskStatus>,
    place: ListPlace,
) -> AppResult<MyTasks> {
    let after = Cursor::key(place.cursor())?;
    let today = config.zone.start_of(config.zone.date_of(db.clock().now()));
    db.read(ROLE, move |conn| {
        let is_start = status.is_none() && after.is_none();
        Ok(MyTasks {
            tasks: queries::list_mine(conn, &actor, status, after, DEFAULT_LIMIT)?
                .with_count(|| queries::count_mine(conn, &actor, status))?,
            open: queries::count_my_open(conn, &actor)?,
            done_today: if is_start {
                queries::list_done_since(conn, &actor, today)?
            } else {
                Vec::new()
            },
            status,
            place,
        })
    })
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
            let mine = read_mine(
                &db,
                &config,
                viewer.actor.clone(),
                None,
                ListPlace::default(),
            )
            .await?;
            let purse = read_purse(&source, &db, &config, &viewer.actor).await?;
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
