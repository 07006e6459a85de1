//! Exports for accountants: a journal that other programs check, and CSV. A closed date is exported the same way for ever.

mod journal;
mod rows;

use chrono::NaiveDate;
use diesel::pg::PgConnection;

use crate::accounting::period::Period;
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::error::{AppError, AppResult};

/// The journal in plain-text accounting, as hledger reads it, with what each employee has at the end of each closed date as an
/// assertion.
///
/// # Errors
/// Those of the database; invalid for reversed dates.
pub fn export_journal(
    conn: &mut PgConnection,
    config: &Config,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<Vec<u8>> {
    let Some(span) = span(conn, from, to)? else {
        return Ok(journal::Journal::new(&config.currency, None).finish());
    };
    let mut journal = journal::Journal::new(&config.currency, Some(span));
    if from.is_some() {
        journal.open(span.from, &rows::list_opening_balances(conn, span.from)?);
    }
    for date in dates(span) {
        for transfer in rows::list_export_transfers(conn, date)? {
            journal.transfer(&transfer);
        }
        journal.assert_balances(date, &rows::list_closing_balances(conn, date)?);
    }
    Ok(journal.finish())
}

/// All transfers of a period as CSV, by date in the order of booking.
///
/// # Errors
/// Those of the database; invalid for reversed dates.
pub fn export_transfers(
    conn: &mut PgConnection,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<Vec<u8>> {
    let mut csv = Csv::new(&[
        "transfer_id",
        "business_date",
        "created_at",
        "kind",
        "employee_id",
        "username",
        "amount",
        "task_id",
        "jira_id",
        "title",
        "assignment_seq",
        "reason_event_id",
    ]);
    let text = |value: Option<String>| Cell::Text(value.unwrap_or_default());
    for date in span(conn, from, to)?.into_iter().flat_map(dates) {
        for row in rows::list_export_transfers(conn, date)? {
            csv.row(&[
                Cell::Text(row.id.to_string()),
                Cell::Date(row.business_date),
                Cell::Instant(row.created_at),
                Cell::Text(row.kind),
                Cell::Text(row.employee_id.to_string()),
                Cell::Text(row.username),
                Cell::Amount(row.amount.minor()),
                text(row.task_id.map(|task| task.to_string())),
                text(row.jira_id),
                text(row.title),
                row.assignment_seq
                    .map_or_else(|| text(None), |seq| Cell::Int(seq.into())),
                Cell::Text(row.reason_event_id.to_string()),
            ]);
        }
    }
    Ok(csv.finish())
}

/// All payouts of a period as CSV.
///
/// # Errors
/// Those of the database; invalid for reversed dates.
pub fn export_payouts(
    conn: &mut PgConnection,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<Vec<u8>> {
    let mut csv = Csv::new(&[
        "business_date",
        "employee_id",
        "username",
        "name",
        "amount",
        "transfer_id",
        "mail_state",
    ]);
    if let Some(period) = span(conn, from, to)? {
        for row in rows::list_export_payouts(conn, period)? {
            csv.row(&[
                Cell::Date(row.business_date),
                Cell::Text(row.employee_id.to_string()),
                Cell::Text(row.username),
                Cell::Text(row.name),
                Cell::Amount(row.amount.minor()),
                Cell::Text(row.transfer_id.to_string()),
                Cell::Text(row.mail_state.unwrap_or_default()),
            ]);
        }
    }
    Ok(csv.finish())
}

/// The dates that are asked for and that there are; none when the books are empty or begin later.
fn span(
    conn: &mut PgConnection,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<Option<Period>> {
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(AppError::field("to", "field-period-reversed"));
    }
    let (Some(first), Some(last)) = (
        rows::first_business_date(conn)?,
        rows::last_business_date(conn)?,
    ) else {
        return Ok(None);
    };
    let from = from.map_or(first, |from| from.max(first));
    let to = to.map_or(last, |to| to.min(last));
    Ok((from <= to).then_some(Period { from, to }))
}

fn dates(span: Period) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(span.from), |date| Some(next_day(*date)))
        .take_while(move |date| *date <= span.to)
}
