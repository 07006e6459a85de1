//! Tasks and shuffles as JSON (contract section 3).

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query, ServiceConfig, get, patch, post, resource};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::model::TaskText;
use super::note::Note;
use super::queries::{self, JournalEntry, Person, Shuffle, TaskFilter, TaskView};
use super::service::{Limits, note_refusal};
use super::{ROLE, service};
use crate::auth::{ApiUser, Operation};
use crate::platform::config::Config;
use crate::platform::db::{Answer, Db};
use crate::platform::error::AppResult;
use crate::platform::ids::{ShuffleId, TaskId};
use crate::platform::money::Money;
use crate::platform::web::{Cursor, PageOf, limit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateTask {
    title: String,
    jira_id: Option<String>,
    description: Option<String>,
}

/// What is not named stays; `null` takes a jira id or a description away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateTask {
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    jira_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    description: Option<Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllQuery {
    status: Option<String>,
    assignee: Option<String>,
    q: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Named {
    uid: Uuid,
    name: String,
}

#[derive(Serialize)]
struct TaskBody {
    uid: Uuid,
    title: String,
    jira_id: Option<String>,
    description: Option<String>,
    status: &'static str,
    assignee: Named,
    created_by: Uuid,
    fee_minor: Option<Money>,
    reward_minor: Option<Money>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct JournalBody {
    at: DateTime<Utc>,
    kind: String,
    description: Option<String>,
    actor: Option<Named>,
    assignment_seq: Option<i32>,
    from: Option<Named>,
    to: Option<Named>,
    run: Option<Uuid>,
}

#[derive(Serialize)]
struct ShuffleBody {
    uid: Uuid,
    number: i64,
    status: &'static str,
    total: i32,
    done: i32,
    /// SHA-256 of the seed, in hex.
    commitment: String,
    /// The seed in hex, once the run is done.
    seed: Option<String>,
    requested_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl From<Person> for Named {
    fn from(person: Person) -> Self {
        Self {
            uid: person.id,
            name: person.name,
        }
    }
}

impl From<TaskView> for TaskBody {
    fn from(view: TaskView) -> Self {
        let TaskView { task, assignee, .. } = view;
        Self {
            uid: task.id.0,
            title: task.text.title,
            jira_id: task.text.jira_id,
            description: task.text.description,
            status: task.status.as_str(),
            assignee: assignee.into(),
            created_by: task.created_by.0,
            fee_minor: task.fee,
            reward_minor: task.reward,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}

impl From<JournalEntry> for JournalBody {
    fn from(entry: JournalEntry) -> Self {
        Self {
            at: entry.at,
            kind: entry.kind,
            description: entry.note.as_ref().map(Note::to_string),
            actor: entry.actor.map(Named::from),
            assignment_seq: entry.assignment_seq,
            from: entry.from.map(Named::from),
            to: entry.to.map(Named::from),
            run: entry.run.map(|(run, _)| run),
        }
    }
}

impl From<Shuffle> for ShuffleBody {
    fn from(shuffle: Shuffle) -> Self {
        Self {
            uid: shuffle.id,
            number: shuffle.number,
            status: shuffle.state.as_str(),
            total: shuffle.total,
            done: shuffle.done,
            commitment: hex::encode(shuffle.commitment),
            seed: shuffle.seed.map(hex::encode),
            requested_at: shuffle.requested_at,
            finished_at: shuffle.finished_at,
        }
    }
}

impl From<PageOf<TaskView>> for List<TaskBody> {
    fn from(page: PageOf<TaskView>) -> Self {
        let page = page.map(TaskBody::from);
        Self {
            items: page.items,
            next_cursor: page.next,
        }
    }
}

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

async fn create_task(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    body: Json<CreateTask>,
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
                let view = queries::show_task(tx.conn(), &user.actor, task.id)?;
                let location = format!("/api/v1/tasks/{}", view.task.id);
                Answer::created(location, &TaskBody::from(view))
            })
        })
        .await;
    Ok(note_refusal(&db, &config, origin, outcome).await?.into())
}

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
            queries::list_mine(conn, &user.actor, status, after, limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List::from(page)))
}

async fn show_all_assigned_tasks(
    user: ApiUser,
    db: Data<Db>,
    query: Query<AllQuery>,
) -> AppResult<HttpResponse> {
    let AllQuery {
        status,
        assignee,
        q,
        ..
    } = &*query;
    let filter = TaskFilter::parse(status.as_deref(), assignee.as_deref(), q.as_deref())?;
    let (after, limit) = (
        Cursor::key(query.cursor.as_deref())?,
        limit(query.limit.as_deref())?,
    );
    let page = db
        .read(ROLE, move |conn| {
            queries::list_all(conn, &user.actor, &filter, after, limit)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List::from(page)))
}

async fn show_task(user: ApiUser, db: Data<Db>, uid: Path<TaskId>) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let view = db
        .read(ROLE, move |conn| queries::show_task(conn, &user.actor, id))
        .await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(view)))
}

async fn update_task(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<TaskId>,
    body: Json<UpdateTask>,
) -> AppResult<HttpResponse> {
    let (id, body, origin) = (uid.into_inner(), body.into_inner(), user.origin());
    let view = db
        .transaction(ROLE, origin, move |tx| {
            service::update_task(tx, &user.actor, id, |present| changed(present, body))?;
            queries::show_task(tx.conn(), &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(TaskBody::from(view)))
}

async fn task_journal(user: ApiUser, db: Data<Db>, uid: Path<TaskId>) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let entries = db
        .read(ROLE, move |conn| {
            queries::task_journal(conn, &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(List {
        items: entries.into_iter().map(JournalBody::from).collect(),
        next_cursor: None,
    }))
}

async fn complete_task(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
    uid: Path<TaskId>,
) -> AppResult<HttpResponse> {
    let (id, origin, limits) = (uid.into_inner(), user.origin(), Limits::of(&config));
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            user.once(tx, |tx| {
                limits.allow_completion(&service::complete_task(tx, &user.actor, id)?)?;
                let view = queries::show_task(tx.conn(), &user.actor, id)?;
                Answer::ok(&TaskBody::from(view))
            })
        })
        .await;
    Ok(note_refusal(&db, &config, origin, outcome).await?.into())
}

async fn reassign_tasks(
    user: ApiUser,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let (origin, queue_limit) = (user.origin(), config.shuffle_queue);
    let limits = Limits::of(&config);
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            user.actor.allow(Operation::Shuffle)?;
            user.once(tx, |tx| {
                limits.allow_press(tx, &user.actor)?;
                let id = service::request_shuffle(tx, &user.actor, queue_limit)?;
                let shuffle = queries::show_shuffle(tx.conn(), &user.actor, id)?;
                let location = format!("/api/v1/tasks/reassign/{}", shuffle.id);
                Answer::accepted(location, &ShuffleBody::from(shuffle))
            })
        })
        .await;
    let answer = note_refusal(&db, &config, origin, outcome).await?;
    db.wake().notify();
    Ok(answer.into())
}

async fn show_shuffle(
    user: ApiUser,
    db: Data<Db>,
    uid: Path<ShuffleId>,
) -> AppResult<HttpResponse> {
    let id = uid.into_inner();
    let shuffle = db
        .read(ROLE, move |conn| {
            queries::show_shuffle(conn, &user.actor, id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ShuffleBody::from(shuffle)))
}

/// The present words with the named ones put in their place.
fn changed(present: &TaskText, body: UpdateTask) -> AppResult<TaskText> {
    let kept =
        |new: Option<Option<String>>, old: &Option<String>| new.unwrap_or_else(|| old.clone());
    TaskText::parse(
        body.title.as_deref().unwrap_or(&present.title),
        &kept(body.jira_id, &present.jira_id).unwrap_or_default(),
        &kept(body.description, &present.description).unwrap_or_default(),
    )
}

/// Tells a field that is `null` from one that is not there.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}
