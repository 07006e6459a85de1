//! Bank accounts of employees, and the payment file of a settled date.

use chrono::NaiveDate;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::accounting::bank::{BankAccount, FileHead, has_hundredths, masked, payment_file};
use crate::accounting::queries;
use crate::accounting::store;
use crate::auth::{Actor, Operation};
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::db::Tx;
use crate::platform::error::{AppError, AppResult, Message};

/// Sets where somebody's payouts go, or forgets it: one's own, or anybody's for accountants. Writes the audit, numbers masked.
///
/// # Errors
/// Forbidden; 404 for somebody without an account.
pub(in crate::accounting) fn set_bank_account(
    tx: &mut Tx<'_>,
    actor: &Actor,
    employee: Uuid,
    account: Option<&BankAccount>,
) -> AppResult<()> {
    actor.allow(if employee == actor.id.0 {
        Operation::OwnMoney
    } else {
        Operation::RequestCorrections
    })?;
    if !store::has_account(tx.conn(), employee)? {
        return Err(AppError::NotFound);
    }
    let (now, by) = (tx.now, actor.id.0);
    let before = store::put_bank_account(tx.conn(), employee, account, by, now)?;
    let detail = json!({
        "before": before.as_deref().map(masked),
        "after": account.map(|account| masked(&account.iban)),
    });
    tx.audit("accounting.bank_account_changed", Some(employee), &detail)
}

/// The payment file of a settled date: made at the first time, the same bytes ever after. While somebody is held, it pays the others;
/// whoever is paid after that is in a further file, and the last one is given.
///
/// # Errors
/// 404 for a date that is not settled; conflict when the company's account is not set, the currency has not two decimals, or nobody who
/// was paid has a bank account.
pub(in crate::accounting) fn make_bank_file(
    tx: &mut Tx<'_>,
    config: &Config,
    date: NaiveDate,
) -> AppResult<Vec<u8>> {
    let day = store::find_day(tx.conn(), date)?;
    let day = day.filter(|day| day.closed || !day.open && day.next_after().is_none());
    let day = day.ok_or(AppError::NotFound)?;
    if !day.closed {
        // Whoever is held is not paid while the file is put together: either they are in it, or in the next.
        store::lock_days(tx.conn())?;
    }
    let made = store::list_bank_files(tx.conn(), date)?;
    if let Some(last) = made.last()
        && !queries::is_bank_file_due(tx.conn(), date)?
    {
        return queries::read_bank_file(tx.conn(), last);
    }
    let Some(debtor) = config.payout_debtor.clone() else {
        return Err(AppError::conflict("error-bank-file-unset"));
    };
    if !has_hundredths(&config.currency) {
        return Err(AppError::conflict(
            Message::new("error-bank-file-currency").with("currency", &config.currency),
        ));
    }
    let Some(number) = store::insert_bank_file_lines(tx.conn(), date)? else {
        return match store::list_bank_files(tx.conn(), date)?.last() {
            Some(stored) => queries::read_bank_file(tx.conn(), stored),
            None => Err(AppError::conflict("error-bank-file-empty")),
        };
    };
    let unique: Uuid = tx.new_id();
    let head = FileHead {
        business_date: date,
        message_id: format!(
            "ATES-{}-{}",
            date.format("%Y%m%d"),
            &unique.simple().to_string()[16..]
        ),
        made_at: tx.now,
        execute_on: next_day(date).max(config.zone.date_of(tx.now)),
        currency: config.currency.clone(),
        debtor_name: debtor.name,
        debtor_iban: debtor.iban,
        debtor_bic: debtor.bic,
    };
    let lines = store::list_bank_file_lines(tx.conn(), date, number)?;
    let bytes = payment_file(&head, &lines);
    let by = tx.origin.actor;
    store::insert_bank_file(tx.conn(), &head, number, &Sha256::digest(&bytes), by)?;
    let stored = store::list_bank_files(tx.conn(), date)?
        .pop()
        .ok_or_else(|| AppError::internal("a payment file was stored and is not there"))?;
    let detail = json!({
        "business_date": date,
        "file": number,
        "message_id": head.message_id,
        "payments": stored.payments,
        "amount_minor": stored.amount,
        "left_out": stored.left_out,
        "sha256": hex::encode(&stored.sha256),
    });
    tx.audit("accounting.bank_file_made", None, &detail)?;
    Ok(bytes)
}
