//! Corrections: one person asks, another decides, and what is confirmed is booked as a new transfer (M43, R17).
//!
//! Two things can be asked for. An adjustment moves an account by an amount against the account of the adjustments, on the date that is
//! open now, whatever date it makes good for. A missing transfer is the fee or the reward itself, with its event as reason:
//! it is booked as the event would have done it, so that each assignment has exactly one fee, whoever booked it. The
//! latter may skip a dead event of the ledger in the same transaction.

use serde_json::json;
use uuid::Uuid;

use super::{Happened, LEDGER, Terms, Work, book};
use crate::accounting::correction::{CorrectionKind, CorrectionState, MissingRef, goes_beyond};
use crate::accounting::model::NewTransfer;
use crate::accounting::queries;
use crate::accounting::store::{
    self, Booked, Corrected, NewCorrection, OpenCorrection, OpenLedger, Posted,
};
use crate::auth::{Actor, Operation};
use crate::bus;
use crate::events::TransferKind;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::ids::{TaskId, UserId};
use crate::platform::money::Money;

/// An adjustment as somebody asks for it.
#[derive(Clone, Debug)]
pub(in crate::accounting) struct Adjustment {
    /// User name or e-mail address of whose account it moves.
    pub employee: String,
    /// Signed from the employee's side.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// The transfer that it makes good for.
    pub transfer: Option<Uuid>,
}

/// Asks for an adjustment; gives its id.
///
/// # Errors
/// Forbidden; invalid at `employee` for nobody's name, or for somebody whose the corrected transfer is not, and at `amount` when
/// that is more than earlier corrections have left of the transfer.
pub(in crate::accounting) fn request_adjustment(
    tx: &mut Tx<'_>,
    actor: &Actor,
    wanted: Adjustment,
) -> AppResult<Uuid> {
    actor.allow(Operation::RequestCorrections)?;
    let employee = store::find_employee(tx.conn(), wanted.employee.trim())?
        .ok_or_else(|| AppError::field("employee", "field-correction-employee"))?;
    let corrected = match wanted.transfer {
        Some(id) => Some((
            id,
            store::find_transfer(tx.conn(), id)?.ok_or(AppError::NotFound)?,
        )),
        None => None,
    };
    if corrected
        .as_ref()
        .is_some_and(|(_, row)| row.account_id != employee)
    {
        return Err(AppError::field("employee", "field-correction-not-theirs"));
    }
    if corrected
        .as_ref()
        .is_some_and(|(_, row)| takes_too_much(row, wanted.amount))
    {
        return Err(AppError::field("amount", "field-correction-beyond"));
    }
    let new = NewCorrection {
        kind: CorrectionKind::Adjustment,
        employee: Some(employee),
        amount: Some(wanted.amount),
        reason: wanted.reason,
        task: corrected.as_ref().and_then(|(_, row)| row.task_id),
        assignment_seq: None,
        corrects: corrected.as_ref().map(|(id, row)| (*id, row.business_date)),
        item: None,
        reason_event_id: None,
    };
    write_down(tx, actor, &new)
}

/// Asks for a fee or a reward that the ledger does not have, or for skipping a dead event together with what it should have
/// brought. Person, amount and reason come from the books.
///
/// # Errors
/// Forbidden; 404 for an item that is not dead; conflict when nothing is missing, or when more is missing than one transfer:
/// that is a whole batch, which the sweep books by itself.
pub(in crate::accounting) fn request_missing(
    tx: &mut Tx<'_>,
    actor: &Actor,
    wanted: MissingRef,
    reason: String,
) -> AppResult<Uuid> {
    actor.allow(Operation::RequestCorrections)?;
    let missing = queries::what_is_missing(tx.conn(), wanted)?;
    let new = NewCorrection {
        kind: missing.as_ref().map_or(CorrectionKind::Nothing, |row| {
            CorrectionKind::Missing(row.kind())
        }),
        employee: missing.as_ref().map(|row| row.employee_id),
        amount: missing.as_ref().and_then(|row| row.amount_minor),
        reason,
        task: missing.as_ref().map(|row| row.task_id),
        assignment_seq: missing.as_ref().and_then(|row| row.assignment_seq),
        corrects: None,
        item: match wanted {
            MissingRef::Item(item) => Some((LEDGER, item)),
            _ => None,
        },
        reason_event_id: missing.as_ref().map(|row| row.event_id),
    };
    write_down(tx, actor, &new)
}

fn takes_too_much(row: &Corrected, amount: Money) -> bool {
    goes_beyond(row.amount_minor, row.confirmed_minor, amount)
}

fn write_down(tx: &mut Tx<'_>, actor: &Actor, new: &NewCorrection) -> AppResult<Uuid> {
    let id = store::insert_correction(tx, new, actor.id.0)?;
    let detail = json!({
        "correction": id, "kind": new.kind.as_str(), "amount_minor": new.amount, "task": new.task,
        "corrected_transfer": new.corrects.map(|(transfer, _)| transfer), "corrected_date": new.corrects.map(|(_, date)| date),
        "item": new.item.map(|(_, item)| item), "reason": new.reason,
    });
    tx.audit("accounting.correction_requested", new.employee, &detail)?;
    Ok(id)
}

/// Confirms a correction that somebody else asked for: books it, skips the dead event if it names one, and writes all of it down, in
/// one transaction.
///
/// # Errors
/// Forbidden; refused for one's own; 404; conflict when it was decided, when the transfer was booked in the meantime, when less than
/// that is left of the corrected one, or when the item is not dead any more.
pub(in crate::accounting) fn confirm(
    tx: &mut Tx<'_>,
    terms: &Terms,
    actor: &Actor,
    id: Uuid,
) -> AppResult<()> {
    actor.allow(Operation::ConfirmCorrections)?;
    let open = store::lock_correction(tx, id)?;
    if open.requested_by == actor.id.0 {
        return Err(AppError::Refused("error-correction-second-person".into()));
    }
    if let Some(item) = open.item_id {
        bus::lock_dead(tx, LEDGER, item)?;
    }
    let (reason_event_id, posted) = match CorrectionKind::parse(&open.kind) {
        CorrectionKind::Adjustment => {
            let confirmation: Uuid = tx.new_id();
            (
                Some(confirmation),
                Some(adjust(tx, terms, &open, confirmation)?),
            )
        }
        CorrectionKind::Missing(_) => (None, Some(catch_up(tx, terms, &open)?)),
        CorrectionKind::Nothing => {
            check_nothing_missing(tx, &open)?;
            (None, None)
        }
    };
    if let Some(item) = open.item_id {
        bus::skip_with_correction(tx, LEDGER, item, &open.reason)?;
    }
    let booked = posted.as_ref().map(|row| Booked {
        transfer: row.id,
        business_date: row.business_date,
    });
    store::decide_correction(
        tx,
        id,
        CorrectionState::Confirmed,
        actor.id.0,
        reason_event_id,
        booked,
    )?;
    let detail = json!({
        "correction": id, "kind": open.kind, "requested_by": open.requested_by, "reason": open.reason, "item": open.item_id,
        "transfer": booked.map(|row| row.transfer), "business_date": booked.map(|row| row.business_date),
        "amount_minor": posted.map(|row| row.amount),
    });
    tx.audit("accounting.correction_confirmed", open.employee_id, &detail)
}

/// Books an adjustment on the date that is open now; the confirmation is its reason.
fn adjust(
    tx: &mut Tx<'_>,
    terms: &Terms,
    open: &OpenCorrection,
    confirmation: Uuid,
) -> AppResult<Posted> {
    let (Some(employee), Some(amount)) = (open.employee_id, open.amount_minor) else {
        return Err(AppError::internal(
            "an adjustment names neither person nor amount",
        ));
    };
    // Of one transfer only one correction waits at a time, and its row is locked: nobody else books for it meanwhile.
    if let Some(id) = open.corrected_transfer_id {
        let corrected = store::find_transfer(tx.conn(), id)?.ok_or(AppError::NotFound)?;
        if takes_too_much(&corrected, amount) {
            return Err(AppError::conflict("error-correction-beyond"));
        }
    }
    let ledger = OpenLedger::lock(tx, terms.zone)?;
    let transfer = NewTransfer {
        kind: TransferKind::Adjustment,
        employee: UserId(employee),
        task: open.task_id.map(TaskId),
        assignment_seq: None,
        reason_event_id: confirmation,
        amount,
        recorded_on: ledger.recorded_on(tx.now),
        business_date: ledger.open_date(tx.now),
        cause: None,
    };
    only(ledger.post(tx, vec![transfer])?)
}

/// Books a missing fee or reward as its event would have done it.
fn catch_up(tx: &mut Tx<'_>, terms: &Terms, open: &OpenCorrection) -> AppResult<Posted> {
    let task = open
        .task_id
        .ok_or_else(|| AppError::internal("a missing transfer names no task"))?;
    let missing = store::find_missing(tx.conn(), task, open.assignment_seq)?
        .filter(|row| Some(row.employee_id) == open.employee_id)
        .ok_or_else(|| AppError::conflict("error-correction-nothing-missing"))?;
    let happened = Happened {
        task: TaskId(missing.task_id),
        employee: UserId(missing.employee_id),
        assignment_seq: missing.assignment_seq,
        reason_event_id: missing.event_id,
        recorded_at: missing.occurred_at,
        cause: None,
    };
    let mut work = Work::default();
    match missing.kind() {
        TransferKind::AssignmentFee => work.assigned.push(happened),
        _ => work.completed.push(happened),
    }
    only(book(tx, terms, &work)?)
}

fn only(mut posted: Vec<Posted>) -> AppResult<Posted> {
    posted
        .pop()
        .ok_or_else(|| AppError::conflict("error-correction-nothing-missing"))
}

/// An item that was to be skipped for nothing must still bring nothing.
fn check_nothing_missing(tx: &mut Tx<'_>, open: &OpenCorrection) -> AppResult<()> {
    let item = open
        .item_id
        .ok_or_else(|| AppError::internal("a correction that books nothing skips nothing"))?;
    match queries::what_is_missing(tx.conn(), MissingRef::Item(item))? {
        None => Ok(()),
        Some(_) => Err(AppError::conflict("error-correction-something-missing")),
    }
}

/// Rejects a correction that somebody else asked for.
///
/// # Errors
/// Forbidden; refused for one's own; 404; conflict when it was decided.
pub(in crate::accounting) fn reject(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> AppResult<()> {
    actor.allow(Operation::ConfirmCorrections)?;
    let open = store::lock_correction(tx, id)?;
    if open.requested_by == actor.id.0 {
        return Err(AppError::Refused("error-correction-second-person".into()));
    }
    close(
        tx,
        actor,
        id,
        &open,
        CorrectionState::Rejected,
        "accounting.correction_rejected",
    )
}

/// Takes back a correction that one asked for oneself.
///
/// # Errors
/// Forbidden; 404; conflict when it is somebody else's, or was decided.
pub(in crate::accounting) fn withdraw(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> AppResult<()> {
    actor.allow(Operation::RequestCorrections)?;
    let open = store::lock_correction(tx, id)?;
    if open.requested_by != actor.id.0 {
        return Err(AppError::conflict("error-correction-not-yours"));
    }
    close(
        tx,
        actor,
        id,
        &open,
        CorrectionState::Withdrawn,
        "accounting.correction_withdrawn",
    )
}

fn close(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Uuid,
    open: &OpenCorrection,
    state: CorrectionState,
    action: &str,
) -> AppResult<()> {
    store::decide_correction(tx, id, state, actor.id.0, None, None)?;
    let detail =
        json!({ "correction": id, "requested_by": open.requested_by, "reason": open.reason });
    tx.audit(action, open.employee_id, &detail)
}
