//! Creating a task and changing its words.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, ResponseError};
use serde::Deserialize;
use uuid::Uuid;

use super::{once_if_keyed, reason_of, tell};
use crate::auth::{Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult, Message};
use crate::platform::ids::TaskId;
use crate::platform::web::{
    Flash, FormBody, FormErrors, LONG_FORM_LIMIT, redirect, redirect_with, render, render_with,
};
use crate::tasks::model::TaskText;
use crate::tasks::queries::{self, TaskView};
use crate::tasks::service::{Limits, note_refusal};
use crate::tasks::views::{TaskFormPage, TaskWords};
use crate::tasks::{ROLE, display_title, service};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskForm {
    title: String,
    #[serde(default)]
    jira_id: String,
    #[serde(default)]
    description: String,
    key: Option<Uuid>,
}

impl TaskForm {
    fn parse(&self) -> AppResult<TaskText> {
        TaskText::parse(&self.title, &self.jira_id, &self.description)
    }

    fn into_words(self) -> TaskWords {
        TaskWords {
            title: self.title,
            jira_id: self.jira_id,
            description: self.description,
        }
    }
}

/// The empty form.
pub(super) async fn new_task(viewer: Viewer) -> AppResult<HttpResponse> {
    viewer.actor.allow(Operation::CreateTask)?;
    render(&TaskFormPage::new(
        viewer.frame,
        None,
        TaskWords::default(),
        FormErrors::none(),
    ))
}

/// Creates a task and leads to its page, which says who got it; the same form twice is one task.
pub(super) async fn create_task(
    viewer: Viewer,
    db: Data<Db>,
    config: Data<Config>,
    form: FormBody<TaskForm, LONG_FORM_LIMIT>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let text = match form.parse() {
        Ok(text) => text,
        Err(error) => return show_again(viewer, None, form, error),
    };
    let (key, origin, actor) = (form.key, viewer.origin(), viewer.actor.clone());
    let limits = Limits::of(&config);
    let outcome = db
        .transaction(ROLE, origin.clone(), move |tx| {
            let mut created: Option<TaskView> = None;
            let location = once_if_keyed(tx, &actor, key, |tx| {
                limits.allow_creation(tx, &actor)?;
                let task = service::create_task(tx, &actor, text)?;
                let place = page_of(task.id);
                created = Some(queries::show_own(tx.conn(), task)?);
                Ok(place)
            })?;
            Ok((location, created))
        })
        .await;
    match note_refusal(&db, &config, origin, outcome).await {
        Ok((location, Some(view))) => Ok(redirect_with(&location, announce(&view))),
        Ok((location, None)) => Ok(redirect(&location)),
        Err(error) => show_again(viewer, None, form, error),
    }
}

/// The form with the present words.
pub(super) async fn edit_task(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<TaskId>,
) -> AppResult<HttpResponse> {
    let (id, actor) = (uid.into_inner(), viewer.actor.clone());
    let view = db
        .read(ROLE, move |conn| {
            let view = queries::show_task(conn, &actor, id)?;
            view.task.check_edit(&actor)?;
            Ok(view)
        })
        .await?;
    let words = TaskWords::of(&view.task.text);
    render(&TaskFormPage::new(
        viewer.frame,
        Some(id),
        words,
        FormErrors::none(),
    ))
}

/// Changes the words and leads back to the task (T35).
pub(super) async fn update_task(
    viewer: Viewer,
    db: Data<Db>,
    uid: Path<TaskId>,
    form: FormBody<TaskForm, LONG_FORM_LIMIT>,
) -> AppResult<HttpResponse> {
    let (id, form) = (uid.into_inner(), form.into_inner());
    let parsed = form.parse();
    let (origin, actor) = (viewer.origin(), viewer.actor.clone());
    let outcome = db
        .transaction(ROLE, origin, move |tx| {
            service::update_task(tx, &actor, id, |_| parsed)
        })
        .await;
    match outcome {
        Ok(_) => Ok(redirect_with(&page_of(id), Flash::ok("flash-task-changed"))),
        Err(error) => show_again(viewer, Some(id), form, error),
    }
}

/// The form as it was sent, with what is wrong; errors that are not about it go on.
fn show_again(
    viewer: Viewer,
    id: Option<TaskId>,
    form: TaskForm,
    error: AppError,
) -> AppResult<HttpResponse> {
    let mut frame = viewer.frame;
    let mut errors = FormErrors::none();
    let status = match &error {
        AppError::Invalid(fields) => {
            errors = FormErrors::new(frame.lang, fields);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        other => {
            let Some(reason) = reason_of(other) else {
                return Err(error);
            };
            tell(&mut frame, reason);
            other.status_code()
        }
    };
    frame.key = form.key.unwrap_or(frame.key);
    let mut answer = render_with(
        status,
        &TaskFormPage::new(frame, id, form.into_words(), errors),
    )?;
    if let AppError::TooManyRequests { retry_after, .. } = error {
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, retry_after.into());
    }
    Ok(answer)
}

fn page_of(id: TaskId) -> String {
    format!("/tasks/{id}")
}

fn announce(view: &TaskView) -> Flash {
    let text = &view.task.text;
    let message = Message::new("flash-task-created")
        .with("title", display_title(text.jira_id.as_deref(), &text.title))
        .with("name", &view.assignee.name);
    Flash::ok(message).link("/tasks/new", "flash-one-more-task")
}
