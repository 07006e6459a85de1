//! Lists as files: what a page shows, with its filter, its period and its order, as CSV or as a workbook.
//!
//! A list is read in pieces. CSV leaves while it is read; a workbook is put together first, its rows in a temporary file.

mod account;
mod balances;
mod company;
mod corrections;
mod day;
mod journal;
mod mails;
mod payouts;
mod runs;
mod statements;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, ServiceConfig, block, get};
use chrono::NaiveDate;

use crate::platform::csv::{Cell, Csv};
use crate::platform::error::{AppError, AppResult};
use crate::platform::i18n::{Lang, text_of};
use crate::platform::web::{FileType, PIECE, Pieces, attachment_in_pieces, attachment_of};
use crate::platform::xlsx::Xlsx;

/// Mounts the files.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/account.csv", get().to(account::csv))
        .route("/account.xlsx", get().to(account::xlsx))
        .route("/accounting.csv", get().to(company::csv))
        .route("/accounting.xlsx", get().to(company::xlsx))
        .route("/accounting/days/{date}.csv", get().to(day::csv))
        .route("/accounting/days/{date}.xlsx", get().to(day::xlsx))
        .route("/accounting.journal", get().to(journal::hledger))
        .route("/accounting.beancount", get().to(journal::beancount))
        .route("/account/statements.csv", get().to(statements::csv))
        .route("/account/statements.xlsx", get().to(statements::xlsx))
        .route("/accounting/balances.csv", get().to(balances::csv))
        .route("/accounting/balances.xlsx", get().to(balances::xlsx))
        .route("/accounting/corrections.csv", get().to(corrections::csv))
        .route("/accounting/corrections.xlsx", get().to(corrections::xlsx))
        .route("/admin/mails.csv", get().to(mails::csv))
        .route("/admin/mails.xlsx", get().to(mails::xlsx))
        .route("/accounting/payouts.csv", get().to(runs::csv))
        .route("/accounting/payouts.xlsx", get().to(runs::xlsx))
        .route("/accounting/payouts/{date}.csv", get().to(payouts::csv))
        .route("/accounting/payouts/{date}.xlsx", get().to(payouts::xlsx));
}

/// What a file is about.
struct About {
    /// The language of titles and words.
    lang: Lang,
    /// The name of the file, without its ending.
    name: String,
    /// What the rows are, in words.
    title: String,
    /// The titles of the columns.
    columns: Vec<String>,
    /// What was asked for: label and value, those that are not empty.
    filter: Vec<(String, String)>,
    /// The last date of it, which stands as the date of making.
    date: NaiveDate,
}

impl About {
    fn new<const N: usize>(
        lang: Lang,
        name: String,
        title: &'static str,
        columns: [&'static str; N],
        date: NaiveDate,
    ) -> Self {
        Self {
            lang,
            name,
            title: text_of(lang, title, []),
            columns: columns
                .into_iter()
                .map(|id| text_of(lang, id, []))
                .collect(),
            filter: Vec::new(),
            date,
        }
    }

    /// Adds a line of the filter, if it says something.
    fn only(mut self, label: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        if !value.is_empty() {
            self.filter.push((text_of(self.lang, label, []), value));
        }
        self
    }
}

/// A list on its way into a file.
trait Table: 'static {
    /// What it is about.
    fn about(&self) -> &About;

    /// The next rows; none when all were given.
    ///
    /// # Errors
    /// Those of whatever it is read from.
    fn next(&mut self) -> impl Future<Output = AppResult<Option<Vec<Vec<Cell>>>>>;
}

/// Where a list goes on.
enum Place {
    First,
    At(String),
    End,
}

impl Place {
    /// The cursor of the next piece and whether there is one; what was read last tells where it goes on.
    fn step(&mut self) -> Option<Option<String>> {
        match std::mem::replace(self, Self::End) {
            Self::First => Some(None),
            Self::At(cursor) => Some(Some(cursor)),
            Self::End => None,
        }
    }

    fn from(next: Option<String>) -> Self {
        next.map_or(Self::End, Self::At)
    }
}

/// Sends a list as CSV, piece by piece.
async fn send_csv(table: impl Table) -> AppResult<HttpResponse> {
    let about = table.about();
    let titles: Vec<&str> = about.columns.iter().map(String::as_str).collect();
    let (name, csv) = (format!("{}.csv", about.name), Csv::new(&titles));
    attachment_in_pieces(&name, CsvFile { csv, table }).await
}

struct CsvFile<T> {
    csv: Csv,
    table: T,
}

impl<T: Table> Pieces for CsvFile<T> {
    async fn next(&mut self) -> AppResult<Option<Bytes>> {
        let Some(rows) = self.table.next().await? else {
            return Ok(None);
        };
        for row in rows {
            self.csv.row(&row);
        }
        Ok(Some(self.csv.take().into()))
    }
}

/// Sends a list as a workbook: the rows on one sheet, what was asked for on another.
async fn send_xlsx(mut table: impl Table) -> AppResult<HttpResponse> {
    let about = table.about();
    let mut book = Xlsx::new(&about.title, &about.columns, about.date)?;
    while let Some(rows) = table.next().await? {
        for row in rows {
            book.row(&row)?;
        }
    }
    let about = table.about();
    let mut lines = vec![(text_of(about.lang, "xlsx-what", []), about.title.clone())];
    lines.extend(about.filter.iter().cloned());
    lines.push((
        text_of(about.lang, "column-time", []),
        text_of(about.lang, "xlsx-times", []),
    ));
    let (name, sheet) = (
        format!("{}.xlsx", about.name),
        text_of(about.lang, "xlsx-about", []),
    );
    let bytes = block(move || book.finish(&sheet, &lines))
        .await
        .map_err(|error| AppError::internal(error.to_string()))??;
    Ok(attachment_of(FileType::Xlsx, &name, bytes))
}
