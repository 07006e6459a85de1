//! The corrections: the list, asking for one, deciding one.

mod adjustment;
mod missing;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, ResponseError};
use serde::Deserialize;
use uuid::Uuid;

use crate::accounting::ROLE;
use crate::accounting::correction::CorrectionState;
use crate::accounting::queries;
use crate::accounting::service::{self, Terms};
use crate::accounting::views::{
    CorrectionPage, CorrectionRow, CorrectionsPage, chosen, correction_state_choices,
};
use crate::auth::{Actor, ConfirmedForm, Operation, Viewer};
use crate::platform::config::Config;
use crate::platform::db::{Db, Tx, once};
use crate::platform::error::{AppError, AppResult};
use crate::platform::web::{
    DEFAULT_LIMIT, FiltersOn, Flash, FlashKind, FlashView, FormBody, FormErrors, Frame,
    ListAddress, ListPlace, Pager, one_of, redirect_with, render, render_with,
};
pub(super) use adjustment::{new_correction, request_correction};
pub(super) use missing::{new_missing, request_missing};

const LIST: &str = "/accounting/corrections";

/// Which corrections.
#[derive(Debug, Deserialize)]
pub(super) struct CorrectionsQuery {
    pub(super) state: Option<String>,
    #[serde(flatten)]
    place: ListPlace,
}

/// `GET /accounting/corrections`: every correction, newest first; of one state when one is chosen.
pub(super) async fn list_corrections(
    viewer: Viewer,
    query: Query<CorrectionsQuery>,
    db: Data<Db>,
) -> AppResult<HttpResponse> {
    let Viewer { actor, frame, .. } = viewer;
    let query = query.into_inner();
    let state = one_of("state", query.state.as_deref(), CorrectionState::parse)?;
    let place = query.place.clone();
    let page = db
        .read_by_keys(ROLE, move |conn| {
            queries::list_corrections(conn, &actor, state, place.cursor(), DEFAULT_LIMIT)?
                .with_count(|| queries::count_corrections(conn, &actor, state))
        })
        .await?;
    let states = correction_state_choices(frame.lang, state);
    let here = ListAddress::new(LIST).with_some("state", state.map(CorrectionState::as_str));
    let on = FiltersOn::new(LIST).and(chosen(&states), &here, &["state"]);
    render(&CorrectionsPage {
        states,
        pager: Pager::new(&frame, &here, &query.place, DEFAULT_LIMIT, &page),
        rows: page
            .items
            .into_iter()
            .map(|view| CorrectionRow::new(frame.lang, view))
            .collect(),
        on,
        csv: here.at("/accounting/corrections.csv"),
        xlsx: here.at("/accounting/corrections.xlsx"),
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
    let (view, earlier) = db
        .read(ROLE, move |conn| {
            let view = queries::show_correction(conn, &asker, id)?;
            let mut earlier = match view.corrected_transfer_id {
                Some(transfer) => queries::list_earlier_corrections(conn, &asker, transfer)?,
                None => Vec::new(),
            };
            earlier.retain(|other| other.id != view.id);
            Ok((view, earlier))
        })
        .await?;
    let own = view.requested_by == actor.id.0;
    render_with(
        status,
        &CorrectionPage {
            may_decide: !own && actor.may(Operation::ConfirmCorrections),
            may_withdraw: own,
            sees_tasks: actor.may(Operation::AllTasks),
            row: CorrectionRow::new(frame.lang, view),
            earlier,
            frame,
        },
    )
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
    mut viewer: Viewer,
    id: Path<Uuid>,
    form: ConfirmedForm<DecisionForm>,
    db: Data<Db>,
    config: Data<Config>,
) -> AppResult<HttpResponse> {
    form.into_inner(&mut viewer);
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
