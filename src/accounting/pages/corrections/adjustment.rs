//! Asking for an adjustment.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use uuid::Uuid;

use super::{once_if_keyed, tell, told};
use crate::accounting::ROLE;
use crate::accounting::correction::{parse_amount, parse_reason};
use crate::accounting::queries;
use crate::accounting::service::{self, Adjustment};
use crate::accounting::views::{AdjustmentPage, AdjustmentWords};
use crate::auth::{Operation, Viewer};
use crate::platform::db::Db;
use crate::platform::error::{AppError, AppResult};
use crate::platform::money::Money;
use crate::platform::web::{Flash, FormBody, FormErrors, redirect_with, render, render_with};

/// What the form of an adjustment may be filled with.
#[derive(Debug, Deserialize)]
pub(in crate::accounting::pages) struct AdjustmentQuery {
    transfer: Option<Uuid>,
    employee: Option<String>,
}

/// `GET /accounting/corrections/new`: the form; for a transfer that is named, filled with what would undo what is left of it.
pub(in crate::accounting::pages) async fn new_correction(
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
        page.words.employee.clone_from(&transfer.username);
        if transfer.undone() != Money::default() {
            page.words.amount = transfer.undone().to_string();
        }
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
    let (corrected, earlier) = match words.transfer {
        Some(id) => {
            let read = move |conn: &mut _| {
                let corrected = queries::show_corrected(conn, &actor, id)?;
                Ok((
                    Some(corrected),
                    queries::list_earlier_corrections(conn, &actor, id)?,
                ))
            };
            db.read(ROLE, read).await?
        }
        None => (None, Vec::new()),
    };
    Ok(AdjustmentPage {
        frame,
        words,
        corrected,
        earlier,
        errors,
    })
}

/// The form of an adjustment as it comes back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::accounting::pages) struct AdjustmentForm {
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
pub(in crate::accounting::pages) async fn request_correction(
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
