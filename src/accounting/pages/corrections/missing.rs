//! Asking for a transfer that the ledger does not have.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use uuid::Uuid;

use super::{LIST, once_if_keyed, tell, told};
use crate::accounting::ROLE;
use crate::accounting::correction::{MissingRef, parse_reason};
use crate::accounting::queries;
use crate::accounting::service;
use crate::accounting::views::{MissingPage, MissingWords};
use crate::auth::{Operation, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    Flash, FormBody, FormErrors, redirect, redirect_with, render, render_with,
};

/// What is named in the address, or comes back with the form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::accounting::pages) struct MissingForm {
    task: Option<Uuid>,
    assignment: Option<i32>,
    item: Option<Uuid>,
    reason: Option<String>,
    key: Option<Uuid>,
}

impl MissingForm {
    fn wanted(&self) -> AppResult<MissingRef> {
        match (self.item, self.task, self.assignment) {
            (Some(item), None, None) => Ok(MissingRef::Item(item)),
            (None, Some(task), Some(seq)) => Ok(MissingRef::Fee(task, seq)),
            (None, Some(task), None) => Ok(MissingRef::Reward(task)),
            _ => Err(AppError::NotFound),
        }
    }
}

/// `GET /accounting/corrections/missing`: what the ledger does not have, as the books know it, and the form that asks for it; when
/// nothing is missing, the list says so; it is also where an address without a name leads.
pub(in crate::accounting::pages) async fn new_missing(
    viewer: Viewer,
    query: Query<MissingForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let form = query.into_inner();
    if form.item.or(form.task).is_none() {
        viewer.actor.allow(Operation::RequestCorrections)?;
        return Ok(redirect(LIST));
    }
    match missing_page(viewer, &db, &form, FormErrors::none()).await {
        Ok(page) => render(&page),
        Err(AppError::Conflict(message)) => Ok(redirect_with(LIST, Flash::error(message))),
        Err(error) => Err(error),
    }
}

async fn missing_page(
    viewer: Viewer,
    db: &Db,
    form: &MissingForm,
    errors: FormErrors,
) -> AppResult<MissingPage> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::RequestCorrections)?;
    let wanted = form.wanted()?;
    let view = db
        .read(ROLE, move |conn| {
            queries::show_missing(conn, &actor, wanted)
        })
        .await?;
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    Ok(MissingPage {
        frame,
        words: MissingWords {
            task: text(form.task),
            assignment: form
                .assignment
                .map(|seq| seq.to_string())
                .unwrap_or_default(),
            item: text(form.item),
            reason: form.reason.clone().unwrap_or_default(),
        },
        view,
        errors,
    })
}

/// `POST /accounting/corrections/missing`: asks for a missing transfer, or for skipping a dead event with it.
pub(in crate::accounting::pages) async fn request_missing(
    viewer: Viewer,
    form: FormBody<MissingForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let (key, origin, actor) = (form.key, viewer.origin(), viewer.actor.clone());
    let asked = form.clone();
    let outcome = db
        .transaction(ROLE, origin, move |tx| {
            actor.allow(Operation::RequestCorrections)?;
            let wanted = asked.wanted()?;
            let reason = parse_reason(asked.reason.as_deref().unwrap_or_default())?;
            once_if_keyed(tx, &actor, key, |tx| {
                service::request_missing(tx, &actor, wanted, reason)
            })
        })
        .await;
    let error = match outcome {
        Ok(location) => return Ok(redirect_with(&location, Flash::ok("correction-requested"))),
        Err(error) => error,
    };
    let (errors, notice) = told(&viewer.frame, error)?;
    let mut page = missing_page(viewer, &db, &form, errors).await?;
    page.frame.key = form.key.unwrap_or(page.frame.key);
    let status = tell(&mut page.frame, notice);
    render_with(status, &page)
}
