//! The CSV reader for imports: takes what spreadsheets save, and names each line it cannot take.

use std::io::Read;

use thiserror::Error;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Follows the file on its way through the parser. If it does not come out as a record of its own, a quotation mark
/// was left open.
const SENTINEL: &[u8] = b"\nend";
/// How much of a wrong header the error shows, in characters.
const HEADER_SHOWN: usize = 200;

/// The file is not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CsvError {
    /// The first line names other columns.
    #[error("expected the columns {expected}, found {found}")]
    Header {
        /// The columns as they must be, with commas.
        expected: String,
        /// The first line as it is, `nothing` for an empty file.
        found: String,
    },
}

/// A line that could not be read; also the importers' form for a line they refuse.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub struct LineError {
    /// Where the row begins, counted from 1 with the header as an editor shows it.
    pub line: u64,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
}

/// A row with the number of the line where it begins.
pub type CsvRow<const N: usize> = (u64, [String; N]);

/// What a file held below its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRows<const N: usize> {
    /// The readable rows, in the order of the file.
    pub rows: Vec<CsvRow<N>>,
    /// The unreadable ones: wrong number of fields, not UTF-8, a quotation mark never closed.
    pub errors: Vec<LineError>,
}

/// Reads a whole file whose first line is `header`.
///
/// Takes `,` or `;` between the fields (found from the first line), with or without a byte order mark, LF or CR LF,
/// and skips empty lines. Fails only for a wrong header.
pub fn read_rows<const N: usize>(bytes: &[u8], header: [&str; N]) -> Result<CsvRows<N>, CsvError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_of(bytes))
        .from_reader(bytes.chain(SENTINEL));
    let mut lines = LineCounter::new(bytes);
    let mut record = ::csv::ByteRecord::new();
    let mut found: Option<CsvRows<N>> = None;
    let mut last_line = 1;
    let mut is_closed = false;
    while matches!(reader.read_byte_record(&mut record), Ok(true)) {
        let start = record.position().map_or(0, ::csv::Position::byte);
        let Some(line) = lines.line_of_record(start) else {
            is_closed = true;
            break;
        };
        last_line = line;
        match &mut found {
            None => {
                check_header(bytes, &record, header)?;
                found = Some(CsvRows {
                    rows: Vec::new(),
                    errors: Vec::new(),
                });
            }
            Some(found) => match fields_of(&record) {
                Ok(fields) => found.rows.push((line, fields)),
                Err(message) => found.errors.push(LineError { line, message }),
            },
        }
    }
    let mut found = found.ok_or_else(|| wrong_header(header, "nothing".into()))?;
    if !is_closed {
        found.rows.retain(|(line, _)| *line != last_line);
        found.errors.retain(|error| error.line != last_line);
        found.errors.push(LineError {
            line: last_line,
            message: "a quotation mark that opens in this row is never closed".into(),
        });
    }
    Ok(found)
}

fn delimiter_of(bytes: &[u8]) -> u8 {
    let first_line = first_line(bytes);
    let count = |wanted: u8| first_line.iter().filter(|byte| **byte == wanted).count();
    if count(b';') > count(b',') {
        b';'
    } else {
        b','
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

fn check_header<const N: usize>(
    bytes: &[u8],
    record: &::csv::ByteRecord,
    header: [&str; N],
) -> Result<(), CsvError> {
    let is_same =
        |(field, name): (&[u8], &str)| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
    if record.len() == N && record.iter().zip(header).all(is_same) {
        return Ok(());
    }
    let found = String::from_utf8_lossy(first_line(bytes));
    let shown = found.chars().filter(|c| !c.is_control());
    Err(wrong_header(header, shown.take(HEADER_SHOWN).collect()))
}

fn wrong_header<const N: usize>(header: [&str; N], found: String) -> CsvError {
    CsvError::Header {
        expected: header.join(","),
        found,
    }
}

fn fields_of<const N: usize>(record: &::csv::ByteRecord) -> Result<[String; N], String> {
    let mut fields = Vec::with_capacity(N);
    for field in record {
        match std::str::from_utf8(field) {
            Ok(text) => fields.push(text.to_owned()),
            Err(_) => return Err("the text is not UTF-8".into()),
        }
    }
    let found = fields.len();
    fields
        .try_into()
        .map_err(|_| format!("expected {N} fields, found {found}"))
}

/// Turns byte offsets into line numbers, going forward only.
///
/// The parser's own count stands still between CR and LF and over empty lines; people count as their editor does.
struct LineCounter<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            line: 1,
        }
    }

    /// The line of the first byte at or behind `start` that is not a line break; `None` behind the end.
    fn line_of_record(&mut self, start: u64) -> Option<u64> {
        loop {
            let byte = *self.bytes.get(self.offset)?;
            let is_break = matches!(byte, b'\n' | b'\r');
            if self.offset as u64 >= start && !is_break {
                return Some(self.line);
            }
            let ends_line =
                byte == b'\n' || (byte == b'\r' && self.bytes.get(self.offset + 1) != Some(&b'\n'));
            self.line += u64::from(ends_line);
            self.offset += 1;
        }
    }
}

#[cfg(test)]
mod tests;
