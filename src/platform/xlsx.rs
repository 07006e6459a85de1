//! The XLSX writer: what a CSV file has, with amounts as numbers, days as days, a header that stays in sight, and filters.
//!
//! Texts are written as texts, so none of them can become a formula (A51). Rows go to a temporary file while they are written, so
//! that a long table needs no memory; the finished file is held once, packed.

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatBorder, Workbook, XlsxError};

use super::csv::Cell;
use super::error::{AppError, AppResult, Message};

/// Rows that a sheet can have, its header included.
const MAX_ROWS: u32 = 1_048_576;

/// Characters that a cell can have.
const MAX_TEXT: usize = 32_767;

/// A workbook in the making: one sheet of rows, and one that tells what they are.
pub struct Xlsx {
    workbook: Workbook,
    formats: Formats,
    row: u32,
    columns: u16,
}

struct Formats {
    amount: Format,
    date: Format,
    instant: Format,
    count: Format,
    bold: Format,
}

impl Xlsx {
    /// Starts a workbook. Sheet names are cut to what a sheet can bear. `date` stands as the date of making, so that the same rows give
    /// the same bytes whenever they are asked for.
    ///
    /// # Errors
    /// Internal, when the temporary file cannot be made.
    pub fn new(name: &str, header: &[String], date: NaiveDate) -> AppResult<Self> {
        let mut workbook = Workbook::new();
        let made = ExcelDateTime::parse_from_str(&date.to_string()).map_err(broken)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let sheet = workbook
            .add_worksheet_with_constant_memory()
            .map_err(broken)?;
        sheet.set_name(sheet_name(name)).map_err(broken)?;
        sheet.set_freeze_panes(1, 0).map_err(broken)?;
        let formats = Formats {
            amount: Format::new().set_num_format("#,##0.00"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            count: Format::new().set_num_format("0"),
            bold: Format::new()
                .set_bold()
                .set_border_bottom(FormatBorder::Thin),
        };
        for (column, title) in (0..).zip(header) {
            sheet
                .set_column_width(column, width_of(title))
                .map_err(broken)?;
        }
        for (column, title) in (0..).zip(header) {
            sheet
                .write_string_with_format(0, column, title, &formats.bold)
                .map_err(broken)?;
        }
        let columns = u16::try_from(header.len()).unwrap_or(u16::MAX);
        Ok(Self {
            workbook,
            formats,
            row: 1,
            columns,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Conflict when the sheet is full.
    pub fn row(&mut self, cells: &[Cell]) -> AppResult<()> {
        if self.row >= MAX_ROWS {
            return Err(AppError::conflict(
                Message::new("error-xlsx-too-long").with("rows", MAX_ROWS - 1),
            ));
        }
        let Formats {
            amount,
            date,
            instant,
            count,
            ..
        } = &self.formats;
        let row = self.row;
        let sheet = self.workbook.worksheet_from_index(0).map_err(broken)?;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, cut(text)),
                Cell::Amount(minor) => {
                    sheet.write_number_with_format(row, column, in_units(*minor), amount)
                }
                Cell::Date(day) => sheet.write_datetime_with_format(row, column, day, date),
                Cell::Instant(at) => {
                    sheet.write_datetime_with_format(row, column, at.naive_utc(), instant)
                }
                Cell::Int(number) => {
                    sheet.write_number_with_format(row, column, whole(*number), count)
                }
            }
            .map_err(broken)?;
        }
        self.row += 1;
        Ok(())
    }

    /// The finished file, with a second sheet that tells what the rows are: a line for each label and value.
    ///
    /// # Errors
    /// Internal, when it cannot be put together.
    pub fn finish(mut self, about: &str, lines: &[(String, String)]) -> AppResult<Vec<u8>> {
        let sheet = self.workbook.worksheet_from_index(0).map_err(broken)?;
        sheet
            .autofilter(0, 0, self.row.max(2) - 1, self.columns.max(1) - 1)
            .map_err(broken)?;
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(sheet_name(about)).map_err(broken)?;
        sheet.set_column_width(0, 28).map_err(broken)?;
        sheet.set_column_width(1, 48).map_err(broken)?;
        for (row, (label, value)) in (0..).zip(lines) {
            sheet
                .write_string_with_format(row, 0, label, &self.formats.bold)
                .and_then(|sheet| sheet.write_string(row, 1, cut(value)))
                .map_err(broken)?;
        }
        self.workbook.save_to_buffer().map_err(broken)
    }
}

fn broken(error: XlsxError) -> AppError {
    AppError::internal(format!("a workbook could not be written: {error}"))
}

/// Minor units as the number that a spreadsheet shows; exact up to 90 thousand billion.
fn in_units(minor: i64) -> f64 {
    minor as f64 / 100.0
}

/// A count; a spreadsheet knows no other numbers.
fn whole(number: i64) -> f64 {
    number as f64
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// A name that a sheet can have: at most 31 characters, none of those that formulas use.
fn sheet_name(name: &str) -> String {
    let allowed: String = name
        .chars()
        .map(|c| if r"[]:*?/\".contains(c) { ' ' } else { c })
        .take(31)
        .collect();
    let trimmed = allowed.trim_matches(|c: char| c == '\'' || c.is_whitespace());
    if trimmed.is_empty() {
        "-".to_owned()
    } else {
        trimmed.to_owned()
    }
}

fn width_of(title: &str) -> f64 {
    f64::from(u8::try_from(title.chars().count()).unwrap_or(u8::MAX)).clamp(16.0, 40.0)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx as Reading};
    use chrono::DateTime;

    use super::*;

    fn day() -> NaiveDate {
        "2026-03-02".parse().expect("a day")
    }

    fn book() -> Xlsx {
        let header = ["Day", "At", "Text", "Sum", "Count"].map(str::to_owned);
        Xlsx::new("March: [all]", &header, day()).expect("a workbook")
    }

    fn cells() -> [Cell; 5] {
        [
            Cell::Date(day()),
            Cell::Instant(DateTime::from_timestamp(1_772_398_800, 0).expect("a moment")),
            Cell::Text("=1+1".into()),
            Cell::Amount(-1_234_567),
            Cell::Int(7),
        ]
    }

    #[test]
    fn another_program_reads_numbers_days_and_texts_as_what_they_are() {
        let mut book = book();
        book.row(&cells()).expect("room");
        let file = book
            .finish("About", &[("Period".into(), "March".into())])
            .expect("a file");
        let mut read: Reading<_> = Reading::new(Cursor::new(file)).expect("a workbook");
        assert_eq!(read.sheet_names(), ["March   all", "About"]);
        let rows = read.worksheet_range("March   all").expect("the rows");
        let cell = |column| rows.get_value((1, column)).expect("a cell").clone();
        let days = |cell: Data| match cell {
            Data::DateTime(at) => at.as_f64(),
            other => panic!("{other:?} is no date"),
        };
        assert!((days(cell(0)) - 46_083.0).abs() < 1e-9);
        assert!((days(cell(1)) - 46_082.875).abs() < 1e-9);
        assert_eq!(cell(2), Data::String("=1+1".into()));
        assert_eq!(cell(3), Data::Float(-12_345.67));
        assert_eq!(cell(4), Data::Float(7.0));
        let about = read.worksheet_range("About").expect("the second sheet");
        assert_eq!(about.get_value((0, 1)), Some(&Data::String("March".into())));
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let made = || {
            let mut book = book();
            book.row(&cells()).expect("room");
            book.finish("About", &[]).expect("a file")
        };
        assert_eq!(made(), made());
    }

    #[test]
    fn a_sheet_that_is_full_says_so() {
        let mut book = book();
        book.row = MAX_ROWS;
        assert!(matches!(book.row(&cells()), Err(AppError::Conflict(_))));
    }
}
