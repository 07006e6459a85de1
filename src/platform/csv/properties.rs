//! T-PROP-3: what is written is read back, starts no formula, and no bytes make the reader panic.

use chrono::{DateTime, Days, NaiveDate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::platform::testing::thousand;

/// Texts made of what is dangerous, of ordinary letters, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let dangerous: Vec<char> = "=+-@＝＋－＠,;\"'|\n\r\t\0 \u{a0}\u{FEFF}\u{200B}aя🦜1"
        .chars()
        .collect();
    let letter = prop_oneof![3 => select(dangerous), 1 => any::<char>()];
    vec(letter, 0..12).prop_map(|letters| letters.into_iter().collect())
}

fn cells() -> impl Strategy<Value = Cell> {
    let date = (0..47_847_u64).prop_map(|days| NaiveDate::default() + Days::new(days));
    let instant =
        (0..4_102_444_800_i64).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap());
    prop_oneof![
        4 => texts().prop_map(Cell::Text),
        1 => any::<i64>().prop_map(Cell::Amount),
        1 => any::<i64>().prop_map(Cell::Int),
        1 => date.prop_map(Cell::Date),
        1 => instant.prop_map(Cell::Instant),
    ]
}

fn delimiters() -> impl Strategy<Value = Delimiter> {
    select(vec![Delimiter::Comma, Delimiter::Semicolon])
}

/// A text without the guards, and without the marks that look like them.
fn bare(text: &str) -> String {
    text.replace('\'', "")
}

/// Whether nothing in the text could ever begin a formula, so that it must come back to the letter.
fn is_harmless(text: &str) -> bool {
    !text.starts_with(['\t', '\r', '\n', '\0'])
        && !text.contains(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// What a reader must find in place of a cell.
fn comes_back(cell: &Cell, found: &str) -> bool {
    match cell {
        Cell::Text(text) if is_harmless(text) => found == text,
        Cell::Text(text) => bare(found) == bare(text) && found.len() >= text.len(),
        Cell::Amount(minor) => {
            let digits = found.replace(['.', '-'], "");
            found.starts_with('-') == (*minor < 0) && digits.parse() == Ok(minor.unsigned_abs())
        }
        Cell::Int(count) => found.parse() == Ok(*count),
        Cell::Date(date) => found.parse() == Ok(*date),
        Cell::Instant(at) => DateTime::parse_from_rfc3339(found).is_ok_and(|found| found == *at),
    }
}

fn written(delimiter: Delimiter, rows: &[[Cell; 3]]) -> Vec<u8> {
    let mut csv = Csv::with_delimiter(delimiter, &["a", "b", "c"]);
    for row in rows {
        csv.row(row);
    }
    csv.finish()
}

proptest! {
    #![proptest_config(thousand())]

    #[test]
    fn a51_every_cell_that_is_written_is_read_back(
        delimiter in delimiters(), rows in vec([cells(), cells(), cells()], 0..6)
    ) {
        let read = read_rows(&written(delimiter, &rows), ["a", "b", "c"]).unwrap();
        prop_assert!(read.errors.is_empty(), "{:?}", read.errors);
        prop_assert_eq!(read.rows.len(), rows.len());
        for ((line, found), row) in read.rows.iter().zip(&rows) {
            prop_assert!(*line > 1);
            for (cell, found) in row.iter().zip(found) {
                prop_assert!(comes_back(cell, found), "{cell:?} came back as {found:?}");
            }
        }
    }

    #[test]
    fn a51_no_text_starts_a_formula_whatever_a_spreadsheet_splits_at(delimiter in delimiters(), text in texts()) {
        let rows = [[Cell::Text(text), Cell::Int(1), Cell::Int(2)]];
        let file = written(delimiter, &rows);
        let read = read_rows(&file, ["a", "b", "c"]).unwrap();
        let field = read.rows[0].1[0].clone();
        for piece in field.split([',', ';', '\t', '\r', '\n']) {
            let shown = piece.trim_start_matches('"');
            prop_assert!(!shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{field:?}");
        }
        let first = field.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        prop_assert!(!first.starts_with(['=', '+', '-', '@']), "{field:?}");
    }

    #[test]
    fn a_file_in_pieces_is_the_file(delimiter in delimiters(), rows in vec([cells(), cells(), cells()], 0..6), every in 1..4_usize) {
        let mut csv = Csv::with_delimiter(delimiter, &["a", "b", "c"]);
        let mut pieces = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            csv.row(row);
            if number % every == 0 {
                pieces.extend(csv.take());
            }
        }
        pieces.extend(csv.finish());
        prop_assert_eq!(pieces, written(delimiter, &rows));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(select(b"a,;\"\r\n\xFF\xEF\xBB\xBF ".to_vec()), 0..60), with_header in any::<bool>()) {
        let mut file = if with_header { b"a,b\n".to_vec() } else { Vec::new() };
        file.extend(&bytes);
        let lines = file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
        if let Ok(read) = read_rows(&file, ["a", "b"]) {
            let of_rows = read.rows.iter().map(|(line, _)| *line);
            let mut named: Vec<u64> = of_rows.chain(read.errors.iter().map(|error| error.line)).collect();
            prop_assert!(named.iter().all(|line| (1..=lines).contains(line)), "{named:?} of {lines}");
            named.sort_unstable();
            named.dedup();
            prop_assert_eq!(named.len(), read.rows.len() + read.errors.len(), "each line is told of once");
        } else {
            prop_assert!(!with_header || file.starts_with(b"\xEF\xBB\xBF") || !bytes.is_empty());
        }
    }
}
