//! The settlement of accounts: for each its statement, its payout, its mail and its event.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::accounting::model::{NewTransfer, settle as settled};
use crate::accounting::store::{self, ALL_ACCOUNTS, Line, OpenLedger, Posted, StatementRow};
use crate::events::{self, PaymentLogRecordCreated, TransferKind};
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult};
use crate::platform::faults;
use crate::platform::ids::{EventId, UserId};
use crate::platform::mail::domain_of;
use crate::platform::workers::Progress;

/// Settles the next accounts of a closing date, and notes how far it has come. Held ones are passed over.
///
/// # Errors
/// Those of the database.
pub(super) fn settle_next(
    tx: &mut Tx<'_>,
    config: &Config,
    date: NaiveDate,
) -> AppResult<Progress> {
    let ledger = OpenLedger::lock(tx, config.zone)?;
    let day = store::lock_begun_day(tx.conn(), date)?.filter(|day| !day.closed);
    let Some(after) = day.and_then(|day| day.next_after()) else {
        return Ok(Progress::Idle);
    };
    let turns = store::list_turns(tx.conn(), date, after, config.payout_chunk)?;
    let accounts: Vec<Uuid> = turns
        .iter()
        .filter(|turn| !turn.held)
        .map(|turn| turn.account_id)
        .collect();
    settle(tx, config, &ledger, date, &accounts)?;
    let full = i64::try_from(turns.len()).is_ok_and(|turns| turns == config.payout_chunk);
    let last = turns.last().filter(|_| full);
    let (through, progress) = last.map_or((ALL_ACCOUNTS, Progress::Idle), |turn| {
        (turn.account_id, Progress::More)
    });
    store::note_settled_through(tx.conn(), date, through)?;
    Ok(progress)
}

/// Settles accounts for a date: what is above zero is paid, what is below is carried over (M25 to M27).
///
/// # Errors
/// Those of the database.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    config: &Config,
    ledger: &OpenLedger,
    date: NaiveDate,
    accounts: &[Uuid],
) -> AppResult<()> {
    let lines = store::list_lines(tx.conn(), date, accounts)?;
    if lines.is_empty() {
        return Ok(());
    }
    let rows: Vec<StatementRow> = lines.into_iter().map(statement_of).collect();
    let paid = pay(tx, ledger, date, &rows)?;
    faults::point("settlement.inside_chunk");
    let now = tx.now;
    store::insert_statements(tx.conn(), date, &rows, now)?;
    store::insert_payouts(tx.conn(), date, &paid)?;
    announce(tx, config, date, &paid)
}

fn statement_of(line: Line) -> StatementRow {
    let settled = settled(
        line.opening_minor,
        line.fees_minor,
        line.rewards_minor,
        line.adjustments_minor,
    );
    StatementRow {
        line,
        payout: settled.payout,
        closing: settled.closing,
    }
}

/// Books the payouts, dated on the date itself, each with a reason that follows from date and person.
fn pay(
    tx: &mut Tx<'_>,
    ledger: &OpenLedger,
    date: NaiveDate,
    rows: &[StatementRow],
) -> AppResult<Vec<Posted>> {
    let transfers: Vec<NewTransfer> = rows
        .iter()
        .filter(|row| row.payout.is_positive())
        .map(|row| NewTransfer {
            kind: TransferKind::Payout,
            employee: UserId(row.line.account_id),
            task: None,
            assignment_seq: None,
            reason_event_id: payment_id(date, row.line.account_id),
            amount: -row.payout,
            recorded_on: date,
            business_date: date,
            cause: None,
        })
        .collect();
    let wanted = transfers.len();
    let paid = ledger.post(tx, transfers)?;
    if paid.len() != wanted {
        return Err(AppError::internal(format!(
            "{wanted} payouts of {date} were due, {} could be booked",
            paid.len()
        )));
    }
    Ok(paid)
}

/// The id of the event that tells of a payment, and the reason of its transfer: the same however often it is tried.
fn payment_id(date: NaiveDate, employee: Uuid) -> Uuid {
    Uuid::new_v5(&employee, format!("payout {date}").as_bytes())
}

/// Writes the mails and tells of the payments (M31, M36). The mails leave later, by a worker of their own.
fn announce(tx: &mut Tx<'_>, config: &Config, date: NaiveDate, paid: &[Posted]) -> AppResult<()> {
    let mails: Vec<(Uuid, &Posted)> = paid
        .iter()
        .filter(|_| !faults::plants("lost_mail"))
        .map(|row| (tx.new_id(), row))
        .collect();
    let now = tx.now;
    store::insert_mails(tx.conn(), date, &mails, domain_of(&config.mail_from), now)?;
    for row in paid {
        let event = PaymentLogRecordCreated {
            transfer: row.id,
            business_date: date,
            amount_minor: -row.amount,
        };
        events::publish_as(
            tx,
            EventId(payment_id(date, row.employee.0)),
            row.employee,
            None,
            &event,
        )?;
    }
    Ok(())
}
