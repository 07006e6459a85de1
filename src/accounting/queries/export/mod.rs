//! Exports for accountants: a journal that other programs check, and CSV. A closed date is exported the same way for ever.

mod beancount;
mod journal;
mod rows;

use chrono::NaiveDate;
use diesel::pg::PgConnection;

use crate::accounting::period::Period;
use crate::platform::clock::next_day;
use crate::platform::config::Config;
use crate::platform::csv::{Cell, Csv};
use crate::platform::error::{AppError, AppResult};

/// A dialect of plain-text accounting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFormat {
    /// As hledger reads it.
    Hledger,
    /// As beancount reads it.
    Beancount,
}

/// The journal in plain-text accounting, with what each employee has at the end of each closed date as an assertion.
///
/// # Errors
/// Those of the database; invalid for reversed dates.
pub fn export_journal(
    conn: &mut PgConnection,
    config: &Config,
    format: JournalFormat,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> AppResult<Vec<u8>> {
    let mut pieces = JournalPieces::begin(conn, &config.currency, format, from, to)?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next(conn)? {
        bytes.extend(piece);
    }
    Ok(bytes)
}

/// A journal that is read a date at a time.
pub struct JournalPieces {
    book: Book,
    from: Option<NaiveDate>,
    span: Option<Period>,
    next: Option<NaiveDate>,
    begun: bool,
}

enum Book {
    Hledger(journal::Journal),
    Beancount(beancount::Beancount),
}

impl JournalPieces {
    /// The journal of these dates, from the first and to the last one there are unless others are named.
    ///
    /// # Errors
    /// Those of the database; invalid for reversed dates.
    pub fn begin(
        conn: &mut PgConnection,
        currency: &str,
        format: JournalFormat,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> AppResult<Self> {
        let span = span(conn, from, to)?;
        let book = match format {
            JournalFormat::Hledger => Book::Hledger(journal::Journal::new(currency, span)),
            JournalFormat::Beancount => Book::Beancount(beancount::Beancount::new(currency, span)),
        };
        Ok(Self {
            book,
            from,
            span,
            next: span.map(|span| span.from),
            begun: false,
        })
    }

    /// The next piece: the head with the opening balances, then a date at a time; none after the last one.
    ///
    /// # Errors
    /// Those of the database.
    pub fn next(&mut self, conn: &mut PgConnection) -> AppResult<Option<Vec<u8>>> {
        if !self.begun {
            self.begun = true;
            if let (Some(span), true) = (self.span, self.from.is_some()) {
                let balances = rows::list_opening_balances(conn, span.from)?;
                match &mut self.book {
                    Book::Hledger(book) => book.open(span.from, &balances),
                    Book::Beancount(book) => book.open(span.from, &balances),
                }
            }
            return Ok(Some(self.take()));
        }
        let (Some(date), Some(span)) = (self.next, self.span) else {
            return Ok(None);
        };
        self.next = Some(next_day(date)).filter(|next| *next <= span.to);
        let transfers = rows::list_export_transfers(conn, date)?;
        let balances = rows::list_closing_balances(conn, date)?;
        match &mut self.book {
            Book::Hledger(book) => {
                transfers
                    .iter()
                    .for_each(|transfer| book.transfer(transfer));
                book.assert_balances(date, &balances);
            }
            Book::Beancount(book) => {
                transfers
                    .iter()
                    .for_each(|transfer| book.transfer(transfer));
                book.assert_balances(date, &balances);
            }
        }
        Ok(Some(self.take()))
    }

    fn take(&mut self) -> Vec<u8> {
        match &mut self.book {
            Book::Hledger(book) => book.take(),
            Book::Beancount(book) => book.take(),
        }
    }
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
