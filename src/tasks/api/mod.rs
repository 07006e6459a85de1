//! Tasks and shuffles as JSON (contract section 3).

mod bodies;
mod shuffles;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, patch, post, resource};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::model::TaskText;
use super::queries::{self, FilterWords, TaskFilter, USUAL_ORDER};
use super::service::{Limits, note_refusal};
use super::{ROLE, service};
use crate::auth::ApiUser;
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::ids::TaskId;
use crate::platform::web::api::{
    CursorText, JsonBody, List, Nothing, OptionalJsonBody, PageLimit, PersonUid,
};
use crate::platform::web::{Cursor, limit};
use bodies::{CreateTask, JournalBody, TaskBody, TaskState, UpdateTask, list_of};
use shuffles::{reassign_tasks, show_shuffle};

/// Mounts the operations.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.service(
        resource("/api/v1/tasks")
            .route(post().to(create_task))
            .route(get().to(show_all_assigned_tasks)),
    )
    .service(resource("/api/v1/tasks/mine").route(get().to(show_my_assigned_tasks)))
    .service(resource("/api/v1/tasks/reassign").route(post().to(reassign_tasks)))
    .service(resource("/api/v1/tasks/reassign/{uid}").route(get().to(show_shuffle)))
    .service(
        resource("/api/v1/tasks/{uid}")
            .route(get().to(show_task))
            .route(patch().to(update_task)),
    )
    .service(resource("/api/v1/tasks/{uid}/journal").route(get().to(task_journal)))
    .service(resource("/api/v1/tasks/{uid}/complete").route(post().to(complete_task)));
}

/// The operations in the API's document.
#[derive(OpenApi)]
#[openapi(
    tags((name = "tasks", description = "Tasks, their journal, and shuffles")),
    paths(
        create_task, show_my_assigned_tasks, show_all_assigned_tasks, show_task, update_task, task_journal,
        complete_task, shuffles::reassign_tasks, shuffles::show_shuffle,
    ),
)]
pub(super) struct Document;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only tasks that stand so.
    #[param(value_type = Option<TaskState>, inline)]
    status: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AllQuery {
    /// Only tasks that stand so.
    #[param(value_type = Option<TaskState>, inline)]
    status: Option<String>,
    /// Only tasks of this person.
    #[param(value_type = Option<PersonUid>, inline)]
    assignee: Option<String>,
    /// Only tasks with this text in their title, or with this number or jira id.
    #[param(example = "wing")]
    q: Option<String>,
    /// Rows at most.
    #[param(value_type = Option<PageLimit>, inline)]
    limit: Option<String>,
    /// `next_cursor` of the piece before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
}

/// Creates a task
///
/// Somebody is drawn to do it, whom nobody can choose. It is `saving` until it is priced, then `open`.
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks",
    request_body = CreateTask,
    responses(
        (status = 201, body = TaskBody, description = "The new task",
            headers(("location" = String, description = "Where the task is shown")),
            links(
                ("show_task" = (operation_id = "show_task", parameters(("uid" = "$response.body#/uid")))),
                ("update_task" = (operation_id = "update_task", parameters(("uid" = "$response.body#/uid")))),
                ("task_journal" = (operation_id = "task_journal", parameters(("uid" = "$response.body#/uid")))),
                ("complete_task" = (operation_id = "complete_task", parameters(("uid" = "$response.body#/uid")))),
            )),
        (status = 409, description = "There is nobody who could be drawn"),
        (status = 429, description = "More tasks today than the limit allows"),
    ),
)]
async fn create_task(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    body: JsonBody<CreateTask>,
) -> AppResult<HttpResponse> {
    let CreateTask {
        title,
        jira_id,
        description,
    } = body.into_inner();
    let text = TaskText::parse(
        &title,
        &jira_id.unwrap_or_default(),
        &description.unwrap_or_default(),
    )?;
    let (origin, limits) = (user.origin(), Limits::of(&config));
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            user.once(tx, |tx| {
                limits.allow_creation(tx, &user.actor)?;
                let task = service::create_task(tx, &user.actor, text)?;
                let view = queries::show_own(tx.conn(), task)?;
                let location = format!("/api/v1/tasks/{}", view.task.id);
                Answer::created(location, &TaskBody::from(view))
            })
        })
        .await;
    Ok(note_refusal(&db, &config, origin, outcome).await?.into())
}

/// Lists one's own tasks, the newest first
#[utoipa::path(
    get, path = "/api/v1/tasks/mine", tag = "tasks",
    params(ListQuery),
    responses((status = 200, body = List<TaskBody>, description = "A piece of the list")),
)]
async fn show_my_assigned_tasks(
    user: ApiUser,
    db: Data<Db>,
    query: Query<ListQuery>,
) -> AppResult<HttpResponse> {
    let status = queries::parse_status(query.status.as_deref())?;
    let (after, limit) = (
        Cursor::key(query.cursor.as_deref())?,
        limit(query.limit.as_deref())?,
    );
    let page = db
        .read(ROLE, move |conn| {
            queries::list_mine_with_names(conn, &user.actor, status, after, limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(list_of(page)))
}

/// Lists all tasks, the newest first
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks",
    params(AllQuery),
    responses((status = 200, body = List<TaskBody>, description = "A piece of the list")),
)]
async fn show_all_assigned_tasks(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let words = FilterWords {
        status: query.status.clone(),
        assignee: query.assignee.clone(),
        q: query.q.clone(),
        ..FilterWords::default()
    };
    let filter = TaskFilter::parse(&words, config.zone, config.zone.date_of(db.clock().now()))?;
    let (after, limit) = (
        Cursor::key(query.cursor.as_deref())?,
        limit(query.limit.as_deref())?,
    );
    let page = db
        .read(ROLE, move |conn| {
            queries::list_all(conn, &user.actor, &filter, USUAL_ORDER, after, limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(list_of(page)))
}

/// Shows a task
///
/// Its assignee, its author and who may see all tasks know of it; for everybody else it does not exist.
#[utoipa::path(
    get, path = "/api/v1/tasks/{uid}", tag = "tasks",
    params(("uid" = Uuid, Path, description = "The task")),
    responses((status = 200, body = TaskBody, description = "The task")),
)]
async fn show_task(user: ApiUser, db: Data<Db>, uid: Path<TaskId>) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let view = db
        .read(ROLE, move |conn| queries::show_task(conn, &user.actor, id))
        .await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(view)))
}

/// Changes the words of a task
///
/// Its author, managers and administrators may, until it is done.
#[utoipa::path(
    patch, path = "/api/v1/tasks/{uid}", tag = "tasks",
    params(("uid" = Uuid, Path, description = "The task")),
    request_body = UpdateTask,
    responses(
        (status = 200, body = TaskBody, description = "The task as it is now"),
        (status = 409, description = "It is done"),
    ),
)]
async fn update_task(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<TaskId>,
    body: JsonBody<UpdateTask>,
) -> AppResult<HttpResponse> {
    let (id, body, origin) = (uid.into_inner(), body.into_inner(), user.origin());
    let view = db
        .transaction(ROLE, origin, move |tx| {
            service::update_task(tx, &user.actor, id, |present| body.applied_to(present))?;
            queries::show_task(tx.conn(), &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(view)))
}

/// Lists what happened to a task, the first first
#[utoipa::path(
    get, path = "/api/v1/tasks/{uid}/journal", tag = "tasks",
    params(("uid" = Uuid, Path, description = "The task")),
    responses((status = 200, body = List<JournalBody>, description = "The whole journal")),
)]
async fn task_journal(user: ApiUser, db: Data<Db>, uid: Path<TaskId>) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let entries = db
        .read(ROLE, move |conn| {
            queries::task_journal(conn, &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List::whole(
        entries.into_iter().map(JournalBody::from).collect(),
    )))
}

/// Completes a task
///
/// Its assignee alone can, once, while it is open.
#[utoipa::path(
    post, path = "/api/v1/tasks/{uid}/complete", tag = "tasks",
    params(("uid" = Uuid, Path, description = "The task")),
    request_body(content = Option<Nothing>, description = "Nothing to say"),
    responses(
        (status = 200, body = TaskBody, description = "The task, done"),
        (status = 409, description = "It is done or saving, or too young by the limit"),
    ),
)]
async fn complete_task(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<TaskId>,
    _: OptionalJsonBody<Nothing>,
) -> AppResult<HttpResponse> {
    let (id, origin, limits) = (uid.into_inner(), user.origin(), Limits::of(&config));
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            user.once(tx, |tx| {
                let task = service::complete_task(tx, &user.actor, id)?;
                limits.allow_completion(&task)?;
                let view = queries::show_own(tx.conn(), task)?;
                Answer::ok(&TaskBody::from(view))
            })
        })
        .await;
    Ok(note_refusal(&db, &config, origin, outcome).await?.into())
}
