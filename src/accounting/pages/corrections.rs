//! The corrections: the list, asking for one, deciding one.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, ResponseError};
use serde::Deserialize;
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::correction::{CorrectionState, MissingRef, parse_amount, parse_reason};
use crate::accounting::queries;
use crate::accounting::service::{self, Adjustment, Terms};
use crate::accounting::views::{
    AdjustmentPage, AdjustmentWords, CorrectionPage, CorrectionRow, CorrectionsPage, MissingPage,
    MissingWords, address, correction_state_choices,
};
use crate::auth::{Actor, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::{Db, Tx, once};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    DEFAULT_LIMIT, Flash, FlashKind, FlashView, FormBody, FormErrors, Frame, redirect,
    redirect_with, render, render_with,
};

const LIST: &str = "/accounting/corrections";

/// Which corrections.
#[derive(Debug, Deserialize)]
pub(super) struct CorrectionsQuery {
    state: Option<String>,
    cursor: Option<String>,
}

/// `GET /accounting/corrections`: every correction, newest first; of one state when one is chosen.
pub(super) async fn list_corrections(
    viewer: Viewer,
    query: Query<CorrectionsQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let state = query.state.as_deref().and_then(CorrectionState::parse);
    let after = query.cursor.clone();
    let page = db
        .read(ROLE, move |conn| {
            queries::list_corrections(conn, &actor, state, after.as_deref(), DEFAULT_LIMIT)
        })
        .await?;
    let link = |cursor: &str| {
        let state = state.map_or("", CorrectionState::as_str);
        address(LIST, &[("state", state), ("cursor", cursor)])
    };
    render(&CorrectionsPage {
        states: correction_state_choices(frame.lang, state),
        rows: page
            .items
            .into_iter()
            .map(|view| CorrectionRow::new(frame.lang, view))
            .collect(),
        filtered: state.is_some(),
        first: query.cursor.as_ref().map(|_| link("")).unwrap_or_default(),
        older: page.next.map(|next| link(&next)).unwrap_or_default(),
        frame,
    })
}

/// `GET /accounting/corrections/{id}`.
pub(super) async fn show_correction(
    viewer: Viewer,
    id: Path<Uuid>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    show(
        viewer.actor,
        viewer.frame,
        &db,
        id.into_inner(),
        StatusCode::OK,
    )
    .await
}

async fn show(
    actor: Actor,
    frame: Frame,
    db: &Db,
    id: Uuid,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let asker = actor.clone();
    let view = db
        .read(ROLE, move |conn| queries::show_correction(conn, &asker, id))
        .await?;
    let own = view.requested_by == actor.id.0;
    render_with(
        status,
        &CorrectionPage {
            may_decide: !own && actor.may(Operation::ConfirmCorrections),
            may_withdraw: own,
            sees_tasks: actor.may(Operation::AllTasks),
            row: CorrectionRow::new(frame.lang, view),
            frame,
        },
    )
}

/// What the form of an adjustment may be filled with.
#[derive(Debug, Deserialize)]
pub(super) struct AdjustmentQuery {
    transfer: Option<Uuid>,
    employee: Option<String>,
}

/// `GET /accounting/corrections/new`: the form; for a transfer that is named, filled with what would undo it.
pub(super) async fn new_correction(
    viewer: Viewer,
    query: Query<AdjustmentQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let query = query.into_inner();
    let words = AdjustmentWords {
        employee: query.employee.unwrap_or_default(),
        transfer: query.transfer,
        ..AdjustmentWords::default()
    };
    let mut page = adjustment_page(viewer, &db, words, FormErrors::none()).await?;
    if let Some(transfer) = &page.corrected {
        let undone = (-transfer.amount).minor();
        let sign = if undone < 0 { "-" } else { "" };
        page.words.employee.clone_from(&transfer.username);
        page.words.amount = format!("{sign}{}.{:02}", undone.abs() / 100, undone.abs() % 100);
    }
    render(&page)
}

async fn adjustment_page(
    viewer: Viewer,
    db: &Db,
    words: AdjustmentWords,
    errors: FormErrors,
) -> AppResult<AdjustmentPage> {
    let Viewer { actor, frame, .. } = viewer;
    actor.allow(Operation::RequestCorrections)?;
    let corrected = match words.transfer {
        Some(id) => Some(
            db.read(ROLE, move |conn| queries::show_corrected(conn, &actor, id))
                .await?,
        ),
        None => None,
    };
    Ok(AdjustmentPage {
        frame,
        words,
        corrected,
        errors,
    })
}

/// The form of an adjustment as it comes back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentForm {
    employee: String,
    amount: String,
    reason: String,
    transfer: Option<Uuid>,
    key: Option<Uuid>,
}

impl AdjustmentForm {
    fn parse(&self) -> AppResult<Adjustment> {
        let mut errors = Vec::new();
        let mut keep = |error| match error {
            AppError::Invalid(fields) => {
                errors.extend(fields);
                Ok(())
            }
            other => Err(other),
        };
        let amount = parse_amount(&self.amount).map_err(&mut keep);
        let reason = parse_reason(&self.reason).map_err(&mut keep);
        match (amount, reason) {
            (Ok(amount), Ok(reason)) => Ok(Adjustment {
                employee: self.employee.clone(),
                amount,
                reason,
                transfer: self.transfer,
            }),
            (Err(Err(other)), _) | (_, Err(Err(other))) => Err(other),
            _ => Err(AppError::Invalid(errors)),
        }
    }
}

/// `POST /accounting/corrections`: asks for an adjustment and leads to it.
pub(super) async fn request_correction(
    viewer: Viewer,
    form: FormBody<AdjustmentForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let form = form.into_inner();
    let parsed = form.parse();
    let (key, origin, actor) = (form.key, viewer.origin(), viewer.actor.clone());
    let outcome = db
        .transaction(ROLE, origin, move |tx| {
            actor.allow(Operation::RequestCorrections)?;
            let wanted = parsed?;
            once_if_keyed(tx, &actor, key, |tx| {
                service::request_adjustment(tx, &actor, wanted)
            })
        })
        .await;
    let error = match outcome {
        Ok(location) => return Ok(redirect_with(&location, Flash::ok("correction-requested"))),
        Err(error) => error,
    };
    let words = AdjustmentWords {
        employee: form.employee,
        amount: form.amount,
        reason: form.reason,
        transfer: form.transfer,
    };
    let (errors, notice) = told(&viewer.frame, error)?;
    let mut page = adjustment_page(viewer, &db, words, errors).await?;
    page.frame.key = form.key.unwrap_or(page.frame.key);
    let status = tell(&mut page.frame, notice);
    render_with(status, &page)
}

/// What is named in the address, or comes back with the form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingForm {
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
pub(super) async fn new_missing(
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
pub(super) async fn request_missing(
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

fn once_if_keyed(
    tx: &mut Tx<'_>,
    actor: &Actor,
    key: Option<Uuid>,
    work: impl FnOnce(&mut Tx<'_>) -> AppResult<Uuid>,
) -> AppResult<String> {
    let location = |tx: &mut Tx<'_>| work(tx).map(|id| format!("{LIST}/{id}"));
    match key {
        Some(key) => once(tx, actor.id.0, key, location),
        None => location(tx),
    }
}

/// What a form's page has to say about a refusal: its fields' errors, or a notice above it with its status. Other errors go on.
fn told(frame: &Frame, error: AppError) -> AppResult<(FormErrors, Option<(StatusCode, String)>)> {
    match &error {
        AppError::Invalid(fields) => Ok((FormErrors::new(frame.lang, fields), None)),
        AppError::Conflict(message) | AppError::Refused(message) => Ok((
            FormErrors::none(),
            Some((error.status_code(), frame.text(message))),
        )),
        _ => Err(error),
    }
}

/// Shows a notice; gives the status of the page.
fn tell(frame: &mut Frame, notice: Option<(StatusCode, String)>) -> StatusCode {
    let Some((status, text)) = notice else {
        return StatusCode::UNPROCESSABLE_ENTITY;
    };
    frame.flash = Some(FlashView {
        kind: FlashKind::Error,
        text,
        link: None,
    });
    status
}

/// A form of nothing but its button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionForm {}

/// `POST /accounting/corrections/{id}/confirmation`: books it.
pub(super) async fn confirm_correction(
    viewer: Viewer,
    id: Path<Uuid>,
    _: FormBody<DecisionForm>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    let terms = Terms::new(&config);
    decide(
        viewer,
        &db,
        id.into_inner(),
        "correction-confirmed",
        move |tx, actor, id| service::confirm(tx, &terms, actor, id),
    )
    .await
}

/// `POST /accounting/corrections/{id}/rejection`.
pub(super) async fn reject_correction(
    viewer: Viewer,
    id: Path<Uuid>,
    _: FormBody<DecisionForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    decide(
        viewer,
        &db,
        id.into_inner(),
        "correction-rejected",
        service::reject,
    )
    .await
}

/// `POST /accounting/corrections/{id}/withdrawal`.
pub(super) async fn withdraw_correction(
    viewer: Viewer,
    id: Path<Uuid>,
    _: FormBody<DecisionForm>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    decide(
        viewer,
        &db,
        id.into_inner(),
        "correction-withdrawn",
        service::withdraw,
    )
    .await
}

/// Decides and leads back to the correction; why it could not be is shown there, with the status of the refusal.
async fn decide(
    viewer: Viewer,
    db: &Db,
    id: Uuid,
    done: &'static str,
    work: impl FnOnce(&mut Tx<'_>, &Actor, Uuid) -> AppResult<()> + Send + 'static,
) -> AppResult<HttpResponse> {
    let (origin, actor) = (viewer.origin(), viewer.actor.clone());
    let outcome = db
        .transaction(ROLE, origin, move |tx| work(tx, &actor, id))
        .await;
    match outcome {
        Ok(()) => Ok(redirect_with(&format!("{LIST}/{id}"), Flash::ok(done))),
        Err(error) => {
            let mut frame = viewer.frame;
            let (_, notice) = told(&frame, error)?;
            let status = tell(&mut frame, notice);
            show(viewer.actor, frame, db, id, status).await
        }
    }
}
